"""The engine's C++, compiled for this machine at first use, and why it cannot be.

No binary is shipped: the source is compiled on the machine that runs it, for the vectors that it
has, and kept in a cache by the digest of source and flags (compiler.compile_library).
"""

import ctypes
from functools import cache
from pathlib import Path

from lgn_hw.compiler import INSTRUCTION_SETS, compile_library, find_cxx, widest_set
from lgn_hw.errors import LgnError

__all__ = ["library", "why_not_compiled"]

SOURCES = Path(__file__).parent / "csrc"
# Rounding must be that of numpy: no contraction to fused multiply-add.
FLAGS = ("-std=c++17", "-O3", "-ffp-contract=off", "-pthread", "-fPIC", "-shared", "-w")


@cache
def library(instruction_set: str | None = None) -> ctypes.CDLL:
    """Return the engine for this machine's widest vectors, or for those named.

    Compiled at the first call of all, which takes some seconds. Raises ToolNotFound or ToolError.
    """
    options = INSTRUCTION_SETS[instruction_set or widest_set()]
    source = str(SOURCES / "engine.cpp")
    found = compile_library([*find_cxx(), *FLAGS, *options, source], SOURCES)
    found.lgn_build.restype = ctypes.c_void_p
    found.lgn_build.argtypes = (ctypes.c_void_p,)
    found.lgn_free.argtypes = (ctypes.c_void_p,)
    found.lgn_free.restype = None
    found.lgn_describe.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    found.lgn_describe.restype = None
    found.lgn_copy.argtypes = (ctypes.c_void_p,) * 11
    found.lgn_copy.restype = None
    found.lgn_run.argtypes = (
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
    )
    return found


@cache
def why_not_compiled() -> tuple[str, ...]:
    """Return why the engine cannot be had here, and nothing where it can."""
    try:
        library()
    except (LgnError, OSError) as problem:
        return (str(problem),)
    return ()
