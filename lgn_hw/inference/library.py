"""The engine's C++, compiled for this machine at first use, and why it cannot be.

No binary is shipped: the source is compiled on the machine that runs it, for the vectors that it
has, and kept in a cache by the digest of source and flags (compiler.compile_library).
"""

import ctypes
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgn_hw.compiler import INSTRUCTION_SETS, compile_library, find_cxx, widest_set
from lgn_hw.encoder import Thermometer
from lgn_hw.errors import LgnError
from lgn_hw.netlist import Netlist

__all__ = ["ClassifierStruct", "library", "why_not_compiled"]

SOURCES = Path(__file__).parent / "csrc"
# Rounding must be that of numpy: no contraction to fused multiply-add.
FLAGS = ("-std=c++17", "-O3", "-ffp-contract=off", "-pthread", "-fPIC", "-shared", "-w")


class ClassifierStruct(ctypes.Structure):
    """The struct Classifier in csrc/build.h."""

    _fields_ = (
        ("features", ctypes.c_int64),
        ("low", ctypes.c_void_p),
        ("high", ctypes.c_void_p),
        ("bits", ctypes.c_int64),
        ("feature", ctypes.c_void_p),
        ("threshold", ctypes.c_void_p),
        ("nodes", ctypes.c_int64),
        ("fanin", ctypes.c_void_p),
        ("table", ctypes.c_void_p),
        ("outputs", ctypes.c_int64),
        ("output", ctypes.c_void_p),
        ("group", ctypes.c_void_p),
        ("classes", ctypes.c_int64),
    )

    @classmethod
    def of(
        cls, encoder: Thermometer, netlist: Netlist, group: NDArray[np.int32], num_classes: int
    ) -> "ClassifierStruct":
        """Return the addresses of a classifier's arrays, which must live as long as this."""
        features = encoder.features
        return cls(
            len(features), features.low.ctypes.data, features.high.ctypes.data,
            encoder.num_bits, encoder.feature.ctypes.data, encoder.threshold.ctypes.data,
            netlist.num_nodes, netlist.fanin.ctypes.data, netlist.table.ctypes.data,
            netlist.num_outputs, netlist.outputs.ctypes.data, group.ctypes.data, num_classes,
        )  # fmt: skip


@cache
def library(instruction_set: str | None = None) -> ctypes.CDLL:
    """Return the engine for this machine's widest vectors, or for those named.

    Compiled at the first call of all, which takes some seconds. Raises ToolNotFound or ToolError.
    """
    options = INSTRUCTION_SETS[instruction_set or widest_set()]
    source = str(SOURCES / "engine.cpp")
    found = compile_library([*find_cxx(), *FLAGS, *options, source], SOURCES)
    found.lgn_build.restype = ctypes.c_void_p
    found.lgn_build.argtypes = (ctypes.POINTER(ClassifierStruct),)
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
