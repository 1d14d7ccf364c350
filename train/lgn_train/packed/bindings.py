"""How operators reach the kernels: registration with PyTorch, and the structures they pass.

The fields of a structure stand in the order of its C declaration in csrc/stage.h; ctypes cannot
check that, and the tests of the kernels do.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = [
    "CANDIDATES",
    "OR_POOL",
    "TABLES",
    "ConvStruct",
    "SoftRunStruct",
    "StageStruct",
    "TableOptions",
    "address",
    "operator",
    "shapes_of",
]

TABLES, OR_POOL = 0, 1  # kinds of a stage
CANDIDATES = 16  # of a pin that chooses


def operator(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Register a function as torch.ops.lgn.NAME, and return that.

    By define and impl: torch.library.custom_op takes 40 microseconds longer for every call.
    """
    name = f"lgn::{kernel.__name__}"
    # mutates_args=(): every kernel gives new tensors, on which autograd and fake tensors rely.
    torch.library.define(name, torch.library.infer_schema(kernel, mutates_args=()))
    torch.library.impl(name, ("CPU", "CUDA"), kernel)
    made: Callable[..., Any] = getattr(torch.ops.lgn, kernel.__name__).default
    return made


def shapes_of(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register what an operator returns for tensors without data."""
    registered: Callable[..., Any] = torch.library.register_fake(f"lgn::{name}")
    return registered


class TableOptions(ctypes.Structure):
    """The struct of this name in csrc/stage.h."""

    _fields_ = (
        ("parametrization", ctypes.c_int64),
        ("count", ctypes.c_int64),
        ("entries", ctypes.c_int64),
        ("nodes", ctypes.c_int64),
        ("stream", ctypes.c_int64),
        ("seed", ctypes.c_void_p),
        ("step", ctypes.c_void_p),
        ("noisy", ctypes.c_int64),
        ("temperature", ctypes.c_float),
    )


class StageStruct(ctypes.Structure):
    """The struct Stage in csrc/stage.h.

    An address that a kernel does not need is null, which is how it knows.
    """

    _fields_ = (
        *((n, ctypes.c_int64) for n in ("kind", "nodes", "inputs", "fan_in", "positions")),
        *(
            (n, ctypes.c_void_p)
            for n in (
                "wiring",
                "starts",
                "readers",
                "edges",
                "tables",
                "slopes",
                "out",
                "candidates",
                "picks",
                "sums",
                "values",
            )
        ),
    )


class SoftRunStruct(ctypes.Structure):
    """The struct SoftRun in csrc/stage.h."""

    _fields_ = (
        ("stages", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("bits", ctypes.c_void_p),
        ("words", ctypes.c_int64),
        ("x", ctypes.c_void_p),
        ("blocks", ctypes.c_int64),
        ("group", ctypes.c_int64),
        ("slots", ctypes.c_int64),
        ("workspace", ctypes.c_void_p),
        ("workspace_rows", ctypes.c_int64),
    )


class ConvStruct(ctypes.Structure):
    """The struct Conv in csrc/stage.h."""

    _fields_ = (
        *(
            (n, ctypes.c_int64)
            for n in (
                "channels",
                "rows",
                "columns",
                "kernels",
                "fan_in",
                "depth",
                "size",
                "stride",
                "padding",
                "pool",
            )
        ),
        *((n, ctypes.c_void_p) for n in ("leaves", "candidates", "tables", "slopes")),
    )


def address(tensor: Tensor) -> int:
    """Return where the data of a contiguous tensor are."""
    assert tensor.is_contiguous()
    return tensor.data_ptr()
