"""The CUDA source in the place of the kernels: what the packed engine calls runs on the CPU."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from cuda_emulator.build import build

from lgn_train.packed import compiler, kernels

__all__ = ["CudaSource"]

PRESENT, MEANT = 1, 2  # the device before and after each call, and the one that it names
MESSAGE_BYTES = 1 << 16


class CudaSource:
    """kernels.cu compiled for the CPU, called as packed.CudaKernels is; a fault raises with what
    the emulator says of it.
    """

    on_cuda = True

    def __init__(self, flavour: str, sources: Path = compiler.SOURCES) -> None:
        self.path = build(sources, flavour)
        self.library = ctypes.CDLL(str(self.path))
        self.library.emu_problems.restype = ctypes.c_long

    def __call__(self, name: str, *values: Any) -> None:
        self.library.emu_set_devices(PRESENT, MEANT)
        no_stream = ctypes.c_void_p(0)
        status = getattr(self.library, name)(*values, no_stream, ctypes.c_int(MEANT))
        text = ctypes.create_string_buffer(MESSAGE_BYTES)
        problems = self.library.emu_problems(text, ctypes.c_size_t(len(text)))
        if status or problems:
            raise RuntimeError(f"{name}: error {status}\n{text.value.decode()}")
        if self.library.emu_device() != PRESENT:
            raise RuntimeError(f"{name} leaves another device behind")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run what the engine calls on this source, whatever device the tensors are on."""
        with mock.patch.object(kernels, "kernels_for", return_value=self):
            yield
