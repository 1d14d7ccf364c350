"""Compile C++ at first use, into a cache, and load it.

Two libraries are compiled so: the inference engine, and the kernels of training. A wheel with
binaries would have to be built for every platform and vector width, and a compiler is there
wherever one trains.
"""

import ctypes
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from lgn_hw.errors import ToolError, ToolNotFound
from lgn_hw.library_cache import cached_library

__all__ = [
    "INSTRUCTION_SETS",
    "compile_library",
    "find_compiler",
    "find_cxx",
    "find_nvcc",
    "widest_set",
]

INSTRUCTION_SETS = {
    "AVX512": ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"),
    "AVX2": ("-mavx2",),
    "DEFAULT": (),
}
CPU_FLAGS = {"AVX512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"}, "AVX2": {"avx2"}}
# Zig checks for undefined behaviour and compiles for this very processor where it is not told.
ZIG = ("-m", "ziglang", "c++", "-mcpu=baseline", "-fno-sanitize=undefined")
LOG_LINES = 20
CUDA_PLACES = ("/usr/local/cuda/bin/nvcc", "/opt/cuda/bin/nvcc")  # of installers that set no PATH
REMEDY = "apt-get install g++, or pip install ziglang"


def find_cxx() -> list[str]:
    """Return the command of a C++ compiler: $CXX, g++, clang++, or that of the package ziglang.

    Raises ToolNotFound.
    """
    try:
        given = os.environ.get("CXX")
        return [find_compiler("c++", given, REMEDY, "g++", "clang++")]
    except ToolNotFound:
        if importlib.util.find_spec("ziglang"):
            return [sys.executable, *ZIG]
        raise


def find_compiler(name: str, given: str | None, remedy: str, *names: str) -> str:
    """Return the path of the first program there is. Raises ToolNotFound with the remedy."""
    for candidate in (given, *names):
        if candidate and (path := shutil.which(candidate)):
            return path
    raise ToolNotFound(f"{name} was not found; {remedy}")


def find_nvcc() -> str:
    """Return the CUDA compiler: that of CUDA_HOME, or else one that lies where it is looked for.

    Raises ToolNotFound.
    """
    home = os.environ.get("CUDA_HOME")
    given = str(Path(home) / "bin" / "nvcc") if home else None
    remedy = "install the CUDA toolkit, or set CUDA_HOME"
    return find_compiler("nvcc", given, remedy, "nvcc", *CUDA_PLACES)


def widest_set() -> str:
    """Return the widest of INSTRUCTION_SETS that this machine has.

    Of a machine that is not x86-64, or does not say what it has, that is DEFAULT: the compiler's
    own choice for the architecture.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return "DEFAULT"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "DEFAULT"
    flags = set(next((line for line in lines if line.startswith("flags")), "").split())
    return next((name for name, needed in CPU_FLAGS.items() if needed <= flags), "DEFAULT")


def compile_library(command: list[str], sources: Path) -> ctypes.CDLL:
    """Return the library that a command makes, from the cache where it was made before.

    sources: the folder that holds all that the command reads. Raises ToolError with the
    compiler's last lines.
    """
    name = _digest(command, sources)
    return cached_library(name, lambda path: _run([*command, "-o", str(path)]))


def _digest(command: list[str], sources: Path) -> str:
    """Name a library after all that it is made of: the sources, the command, the compiler."""
    found = hashlib.sha256()
    for source in sorted(path for path in sources.rglob("*") if path.is_file()):
        found.update(source.name.encode() + b"\0" + source.read_bytes())
    # The compiler itself counts too: an upgrade must not leave its predecessor's code in use.
    compiler = Path(command[0]).resolve().stat()
    options = [part for part in command[1:] if not part.startswith(str(sources))]
    found.update(repr((command[0], compiler.st_size, compiler.st_mtime_ns, options)).encode())
    return found.hexdigest()[:24]


def _run(command: list[str]) -> None:
    """Run a compiler; raises ToolError with the last lines of what it said."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-LOG_LINES:])
        raise ToolError(f"{Path(command[0]).name} could not compile the kernels:\n{last}")
