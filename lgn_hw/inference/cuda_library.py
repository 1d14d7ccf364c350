"""The engine's CUDA source, compiled for a GPU at first use, and why it cannot be.

The driver is asked for the GPU without PyTorch: whoever only classifies needs none.
"""

import ctypes
from functools import cache
from pathlib import Path

from lgn_hw.compiler import compile_library, find_nvcc
from lgn_hw.errors import LgnError, ToolError, ToolNotFound
from lgn_hw.inference.library import SOURCES
from lgn_hw.nvcc import nvcc_command

__all__ = ["cuda_library", "why_not_cuda", "with_types"]

DRIVERS = ("libcuda.so.1", "libcuda.so", "nvcuda.dll")
MAJOR, MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and MINOR
REMEDY = "classify on the CPU, which is what happens where no device is named"


@cache
def cuda_library(device: int) -> ctypes.CDLL:
    """Return the engine for a GPU, by its number.

    Compiled at the first call of all, which takes some ten seconds. Raises ToolNotFound or
    ToolError.
    """
    source = Path(SOURCES) / "engine.cu"
    command = nvcc_command(find_nvcc(), _architecture(device), source)
    return with_types(compile_library(command, SOURCES))


def with_types(found: ctypes.CDLL) -> ctypes.CDLL:
    """Declare the functions of a compiled engine.cu."""
    found.lgn_cuda_error.restype = ctypes.c_char_p
    found.lgn_cuda_build.argtypes = (
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_void_p),
    )
    found.lgn_cuda_free.argtypes = (ctypes.c_void_p,)
    found.lgn_cuda_free.restype = None
    found.lgn_cuda_run.argtypes = (
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
    )
    return found


@cache
def why_not_cuda(device: int = 0) -> tuple[str, ...]:
    """Return why the engine cannot be had on a GPU, and nothing where it can."""
    try:
        cuda_library(device)
    except (LgnError, OSError) as problem:
        return (str(problem),)
    return ()


def _architecture(device: int) -> int:
    """Return a GPU's compute capability, 90 for 9.0, as the driver says it."""
    driver = _driver()
    count, major, minor, handle = (ctypes.c_int() for _ in range(4))
    if status := driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        raise ToolError(f"NVIDIA's driver sees no GPU (CUDA error {status}); {REMEDY}")
    if not 0 <= device < count.value:
        raise ToolError(f"cuda:{device} must be one of {count.value} GPUs, 0 being the first")
    driver.cuDeviceGet(ctypes.byref(handle), device)
    for value, attribute in ((major, MAJOR), (minor, MINOR)):
        driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle)
    return 10 * major.value + minor.value


def _driver() -> ctypes.CDLL:
    """Return NVIDIA's driver; raises ToolNotFound where it is not installed."""
    for name in DRIVERS:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise ToolNotFound(f"A GPU needs NVIDIA's driver, and {DRIVERS[0]} was not found; {REMEDY}")
