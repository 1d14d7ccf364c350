"""Run a flavour of a CUDA source in a process of its own, since a sanitizer ends it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["check"]

TESTS = Path(__file__).parent.parent


def check(module: str, sources: Path, flavour: str, *more: Any) -> subprocess.CompletedProcess[str]:
    """Run a module's cases, with the sanitizers' libraries where it needs them."""
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    if flavour == "asan":
        paths = (
            subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True)
            for name in ("libasan.so", "libubsan.so")
        )
        environment["LD_PRELOAD"] = " ".join(path.stdout.strip() for path in paths)
        environment["ASAN_OPTIONS"] = "detect_leaks=0:detect_stack_use_after_return=0"
    program = [sys.executable, "-m", module, str(sources), flavour, *map(str, more)]
    return subprocess.run(program, env=environment, capture_output=True, text=True)
