"""The commands that compile the kernels."""

import os
from pathlib import Path

from lgn_hw.compiler import INSTRUCTION_SETS, find_compiler, find_cxx

__all__ = ["SOURCES", "cpu_command", "cuda_command"]

SOURCES = Path(__file__).parent / "csrc"
# No contraction to fused multiply-add: noise must be equal bit for bit everywhere.
CPU_FLAGS = ("-std=c++17", "-O3", "-ffp-contract=off", "-pthread", "-fPIC", "-shared", "-w")
CUDA_FLAGS = ("-std=c++17", "-O3", "--fmad=false", "-Xcompiler", "-fPIC", "-shared")
# Ampere and Hopper, and PTX that newer cards translate.
CUDA_TARGETS = (
    "-gencode=arch=compute_80,code=sm_80",
    "-gencode=arch=compute_90,code=sm_90",
    "-gencode=arch=compute_90,code=compute_90",
)


def cpu_command(instruction_set: str) -> list[str]:
    """Return the compiler's command for one of INSTRUCTION_SETS, without its output."""
    source = str(SOURCES / "kernels.cpp")
    return [*find_cxx(), *CPU_FLAGS, *INSTRUCTION_SETS[instruction_set], source]


def cuda_command() -> list[str]:
    """Return nvcc's command, without its output."""
    home = os.environ.get("CUDA_HOME")
    given = str(Path(home) / "bin" / "nvcc") if home else None
    compiler = find_compiler("nvcc", given, "install the CUDA toolkit, or set CUDA_HOME", "nvcc")
    return [compiler, *CUDA_FLAGS, *CUDA_TARGETS, str(SOURCES / "kernels.cu")]
