"""Which kernels this machine runs, and why not.

A compiler that is there may still make what does not run: a driver that is too old, a device that
the toolkit does not know. So a kernel is launched once and its result looked at before anything
depends on it.
"""

import ctypes
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import torch
from torch import Tensor

from lgn_hw.compiler import INSTRUCTION_SETS, compile_library, find_cxx, find_nvcc
from lgn_hw.errors import LgnError, ToolError
from lgn_hw.nvcc import nvcc_command
from lgn_train.packed.bindings import address
from lgn_train.packed.compiler import SOURCES, cpu_command
from lgn_train.packed.threads import kernel_threads

__all__ = [
    "CpuKernels",
    "CudaKernels",
    "Kernels",
    "call",
    "cpu_kernels",
    "kernels_for",
    "why_not_compiled",
    "why_not_cuda",
]


class Kernels(Protocol):
    """The kernels of a device: called with a function's name and what C passes to it.

    on_cuda: whether it is the CUDA source, whose functions want a workspace for the whole batch and
    edges for readers, and which has no inversion of a wiring.
    """

    @property
    def on_cuda(self) -> bool: ...

    def __call__(self, name: str, *values: Any) -> None: ...


@dataclass(frozen=True)
class CpuKernels:
    """The C++ kernels, on as many threads as kernel_threads() says."""

    library: ctypes.CDLL
    on_cuda: bool = False

    def __call__(self, name: str, *values: Any) -> None:
        getattr(self.library, name)(*values, kernel_threads())


@dataclass(frozen=True)
class CudaKernels:
    """The CUDA kernels on one device, on torch's present stream there."""

    library: ctypes.CDLL
    device: int
    on_cuda: bool = True

    def __call__(self, name: str, *values: Any) -> None:
        # On torch's own stream, kernels stand in order with its operations, and in a captured
        # graph.
        stream = ctypes.c_void_p(torch.cuda.current_stream(self.device).cuda_stream)
        status = getattr(self.library, name)(*values, stream, ctypes.c_int(self.device))
        if status:
            raise RuntimeError(f"{name} failed on cuda:{self.device}: {self.error(status)}")

    def error(self, status: int) -> str:
        """Return CUDA's number and words for an error."""
        words = self.library.lgn_error
        words.restype = ctypes.c_char_p
        return f"CUDA error {status}, {words(ctypes.c_int(status)).decode()}"


def kernels_for(like: Tensor) -> Kernels:
    """Return the kernels of the device that a tensor is on."""
    if not like.is_cuda:
        return CpuKernels(cpu_kernels())
    index = like.device.index
    return cuda_kernels(torch.cuda.current_device() if index is None else index)


def call(name: str, like: Tensor, *arguments: Any) -> None:
    """Call a kernel on the device of a tensor: tensors become addresses.

    name: of the C function; like: a tensor on the device whose kernels are meant. Tensors must be
    contiguous, as kernels know no strides.
    """
    values = [
        ctypes.c_void_p(address(a)) if isinstance(a, Tensor)
        else ctypes.c_int64(a) if isinstance(a, int)
        else a
        for a in arguments
    ]  # fmt: skip
    kernels_for(like)(name, *values)


@cache
def cpu_kernels(instruction_set: str | None = None) -> ctypes.CDLL:
    """Return the C++ kernels for this machine's widest vectors, or for those named.

    Compiled at the first call of all, which takes some seconds. Raises ToolNotFound or ToolError.
    """
    widest = torch.backends.cpu.get_cpu_capability()  # AVX512, AVX2, DEFAULT, or another machine's
    chosen = instruction_set or (widest if widest in ("AVX512", "AVX2") else "DEFAULT")
    return compile_library(cpu_command(find_cxx(), INSTRUCTION_SETS[chosen]), SOURCES)


@cache
def cuda_kernels(device: int) -> CudaKernels:
    """Return the CUDA kernels for a device, compiled as above and tried once.

    Raises ToolNotFound, or ToolError with CUDA's words where they do not run.
    """
    major, minor = torch.cuda.get_device_capability(device)
    command = nvcc_command(find_nvcc(), 10 * major + minor, SOURCES / "kernels.cu")
    kernels = CudaKernels(compile_library(command, SOURCES), device)
    try:
        counted = _count_of_ones(kernels)
    except RuntimeError as problem:
        raise ToolError(
            f"{problem}; the device is sm_{major}{minor}, and PyTorch runs there with CUDA"
            f" {torch.version.cuda}: install an nvcc of that version, or a newer driver"
        ) from problem
    if counted != 3:
        raise ToolError(f"a trial on cuda:{device} counted {counted} ones in three")
    return kernels


def _count_of_ones(kernels: CudaKernels) -> int:
    """Count the first samples of three rows of ones, as a trial of compiler and driver."""
    where = torch.device("cuda", kernels.device)
    rows = torch.full((3, 1), -1, dtype=torch.int64, device=where)
    counts = torch.zeros(1, 64, dtype=torch.int32, device=where)
    sizes = (ctypes.c_int64(n) for n in (3, 1, 3))
    pointers = [ctypes.c_void_p(t.data_ptr()) for t in (rows, counts)]
    kernels("lgn_count", pointers[0], *sizes, pointers[1])
    return int(counts[0, 0])


@cache
def why_not_compiled() -> tuple[str, ...]:
    """Return why the C++ kernels cannot be had, and nothing where they can; says so once."""
    return _problems("C++", cpu_kernels)


@cache
def why_not_cuda(device: int | None = None) -> tuple[str, ...]:
    """Return why the CUDA kernels cannot be had on a device, else the present one, and nothing
    where they can: they were compiled for it, launched once, and counted right.
    """
    if not torch.cuda.is_available():
        return ("PyTorch finds no CUDA device (torch.cuda.is_available() is False)",)
    number = torch.cuda.current_device() if device is None else device
    return _problems("CUDA", lambda: cuda_kernels(number))


def _problems(name: str, kernels: object) -> tuple[str, ...]:
    """Return why a library cannot be had, and print it: a run that goes on slowly must say why."""
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
