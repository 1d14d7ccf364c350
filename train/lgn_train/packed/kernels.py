"""Which kernels this machine runs, and why not."""

import ctypes
import sys
from functools import cache

import torch

from lgn_hw.compiler import compile_library
from lgn_hw.errors import LgnError
from lgn_train.packed.compiler import SOURCES, cpu_command, cuda_command

__all__ = ["cpu_kernels", "cuda_kernels", "why_not_compiled", "why_not_cuda"]


@cache
def cpu_kernels(instruction_set: str | None = None) -> ctypes.CDLL:
    """Return the C++ kernels for this machine's widest vectors, or for those named.

    Compiled at the first call of all, which takes some seconds. Raises ToolNotFound or ToolError.
    """
    widest = torch.backends.cpu.get_cpu_capability()  # AVX512, AVX2, DEFAULT, or another machine's
    chosen = instruction_set or (widest if widest in ("AVX512", "AVX2") else "DEFAULT")
    return compile_library(cpu_command(chosen), SOURCES)


@cache
def cuda_kernels() -> ctypes.CDLL:
    """Return the CUDA kernels, compiled as above. Raises ToolNotFound or ToolError."""
    return compile_library(cuda_command(), SOURCES)


@cache
def why_not_compiled() -> tuple[str, ...]:
    """Return why the C++ kernels cannot be had, and nothing where they can; says so once."""
    return _problems("C++", cpu_kernels)


@cache
def why_not_cuda() -> tuple[str, ...]:
    """Return why the CUDA kernels cannot be had, and nothing where they can."""
    if not torch.cuda.is_available():
        return ("PyTorch finds no CUDA device (torch.cuda.is_available() is False)",)
    return _problems("CUDA", cuda_kernels)


def _problems(name: str, kernels: object) -> tuple[str, ...]:
    assert callable(kernels)
    try:
        kernels()
    except (LgnError, OSError) as problem:
        print(
            f"lgn_train: the {name} kernels are not available, and training goes on with the"
            f" float layers, some 30 times slower: {problem}",
            file=sys.stderr,
        )
        return (f"The {name} kernels are not available: {problem}",)
    return ()
