"""Compile the kernels at first use, into a cache, and load them."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from lgn_hw.errors import ToolError, ToolNotFound

__all__ = ["SOURCES", "compile_library", "cpu_command", "cuda_command"]

SOURCES = Path(__file__).parent / "csrc"
# No contraction to fused multiply-add: noise must be equal bit for bit everywhere.
CPU_FLAGS = ("-std=c++17", "-O3", "-ffp-contract=off", "-fopenmp", "-fPIC", "-shared", "-w")
INSTRUCTION_SETS = {
    "AVX512": ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"),
    "AVX2": ("-mavx2",),
    "DEFAULT": (),
}
CUDA_FLAGS = ("-std=c++17", "-O3", "--fmad=false", "-Xcompiler", "-fPIC", "-shared")
CUDA_PLACES = ("/usr/local/cuda/bin/nvcc", "/opt/cuda/bin/nvcc")  # of installers that set no PATH
LOG_LINES = 20


def cpu_command(instruction_set: str) -> list[str]:
    """Return the compiler's command for one of INSTRUCTION_SETS, without its output."""
    compiler = _found("c++", os.environ.get("CXX"), "apt-get install g++", "g++", "clang++")
    return [compiler, *CPU_FLAGS, *INSTRUCTION_SETS[instruction_set], str(SOURCES / "kernels.cpp")]


def cuda_command(architecture: int) -> list[str]:
    """Return nvcc's command for a device, without its output.

    architecture: 75 for sm_75. Where nvcc is too old to know it, the command makes PTX for the
    newest one that it knows, which the driver translates.
    """
    home = os.environ.get("CUDA_HOME")
    given = str(Path(home) / "bin" / "nvcc") if home else None
    remedy = "install the CUDA toolkit, or set CUDA_HOME"
    compiler = _found("nvcc", given, remedy, "nvcc", *CUDA_PLACES)
    target = _cuda_target(architecture, _architectures(compiler))
    return [compiler, *CUDA_FLAGS, target, str(SOURCES / "kernels.cu")]


def _cuda_target(wanted: int, known: list[int]) -> str:
    """Return nvcc's option for an architecture; raises ToolError where it knows no such one."""
    if wanted in known or not known:
        return f"-gencode=arch=compute_{wanted},code=sm_{wanted}"
    older = [number for number in known if number < wanted]
    if not older:
        raise ToolError(
            f"this nvcc compiles for sm_{known[0]} and newer, not for this device's sm_{wanted};"
            " set CUDA_HOME to a CUDA toolkit that does"
        )
    return f"-gencode=arch=compute_{older[-1]},code=compute_{older[-1]}"


def _architectures(compiler: str) -> list[int]:
    """Return what an nvcc compiles for, oldest first; nothing where it does not say."""
    done = subprocess.run([compiler, "--list-gpu-arch"], capture_output=True, text=True)
    names = [line.removeprefix("compute_") for line in done.stdout.split()]
    return sorted(int(name) for name in names if name.isdigit())


def compile_library(command: list[str]) -> ctypes.CDLL:
    """Return the library that a command makes, from the cache where it was made before.

    Raises ToolError with the compiler's last lines.
    """
    path = _cache() / f"{_digest(command)}.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            partial = Path(folder) / path.name
            _run([*command, "-o", str(partial)])
            os.replace(partial, path)  # whole or not there, whoever else compiles it now
    return ctypes.CDLL(str(path))


def _found(name: str, given: str | None, remedy: str, *names: str) -> str:
    for candidate in (given, *names):
        if candidate and (path := shutil.which(candidate)):
            return path
    raise ToolNotFound(f"{name} was not found; {remedy}")


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lgn-hw" / "kernels"


def _digest(command: list[str]) -> str:
    """Name a library after all that it is made of: the sources, the command, the compiler."""
    found = hashlib.sha256()
    for source in sorted(p for p in SOURCES.rglob("*") if p.is_file()):
        found.update(source.name.encode() + b"\0" + source.read_bytes())
    compiler = Path(command[0]).resolve().stat()
    options = [part for part in command[1:] if not part.startswith(str(SOURCES))]
    found.update(repr((command[0], compiler.st_size, compiler.st_mtime_ns, options)).encode())
    return found.hexdigest()[:24]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-LOG_LINES:])
        raise ToolError(f"{Path(command[0]).name} could not compile the kernels:\n{last}")
