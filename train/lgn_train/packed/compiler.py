"""Compile the kernels at first use, into a cache, and load them."""

import ctypes
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from lgn_hw.errors import ToolError, ToolNotFound
from lgn_train.packed.library_cache import cached_library

__all__ = ["SOURCES", "compile_library", "cpu_command", "cuda_command"]

SOURCES = Path(__file__).parent / "csrc"
# No contraction to fused multiply-add: noise must be equal bit for bit everywhere.
CPU_FLAGS = ("-std=c++17", "-O3", "-ffp-contract=off", "-pthread", "-fPIC", "-shared", "-w")
INSTRUCTION_SETS = {
    "AVX512": ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"),
    "AVX2": ("-mavx2",),
    "DEFAULT": (),
}
CUDA_FLAGS = ("-std=c++17", "-O3", "--fmad=false", "-Xcompiler", "-fPIC", "-shared")
# Ampere and Hopper, and PTX that newer cards translate.
CUDA_TARGETS = (
    "-gencode=arch=compute_80,code=sm_80",
    "-gencode=arch=compute_90,code=sm_90",
    "-gencode=arch=compute_90,code=compute_90",
)
LOG_LINES = 20


def cpu_command(instruction_set: str) -> list[str]:
    """Return the compiler's command for one of INSTRUCTION_SETS, without its output."""
    compiler = _found("c++", os.environ.get("CXX"), "apt-get install g++", "g++", "clang++")
    return [compiler, *CPU_FLAGS, *INSTRUCTION_SETS[instruction_set], str(SOURCES / "kernels.cpp")]


def cuda_command() -> list[str]:
    """Return nvcc's command, without its output."""
    home = os.environ.get("CUDA_HOME")
    given = str(Path(home) / "bin" / "nvcc") if home else None
    compiler = _found("nvcc", given, "install the CUDA toolkit, or set CUDA_HOME", "nvcc")
    return [compiler, *CUDA_FLAGS, *CUDA_TARGETS, str(SOURCES / "kernels.cu")]


def compile_library(command: list[str]) -> ctypes.CDLL:
    """Return the library that a command makes, from the cache where it was made before.

    Raises ToolError with the compiler's last lines.
    """
    return cached_library(_digest(command), lambda path: _run([*command, "-o", str(path)]))


def _found(name: str, given: str | None, remedy: str, *names: str) -> str:
    for candidate in (given, *names):
        if candidate and (path := shutil.which(candidate)):
            return path
    raise ToolNotFound(f"{name} was not found; {remedy}")


def _digest(command: list[str]) -> str:
    """Name a library after all that it is made of: the sources, the command, the compiler."""
    found = hashlib.sha256()
    for source in sorted(SOURCES.iterdir()):
        found.update(source.name.encode() + b"\0" + source.read_bytes())
    compiler = Path(command[0]).resolve().stat()
    options = [part for part in command[1:] if not part.startswith(str(SOURCES))]
    found.update(repr((command[0], compiler.st_size, compiler.st_mtime_ns, options)).encode())
    return found.hexdigest()[:24]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-LOG_LINES:])
        raise ToolError(f"{Path(command[0]).name} could not compile the kernels:\n{last}")
