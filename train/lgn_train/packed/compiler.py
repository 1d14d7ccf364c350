"""The commands that compile the kernels."""

from pathlib import Path

from lgn_hw.compiler import INSTRUCTION_SETS, find_cxx
from lgn_hw.nvcc import nvcc_command

__all__ = ["SOURCES", "cpu_command", "cuda_command"]

SOURCES = Path(__file__).parent / "csrc"
# No contraction to fused multiply-add: noise must be equal bit for bit everywhere.
CPU_FLAGS = ("-std=c++17", "-O3", "-ffp-contract=off", "-pthread", "-fPIC", "-shared", "-w")


def cpu_command(instruction_set: str) -> list[str]:
    """Return the compiler's command for one of INSTRUCTION_SETS, without its output."""
    source = str(SOURCES / "kernels.cpp")
    return [*find_cxx(), *CPU_FLAGS, *INSTRUCTION_SETS[instruction_set], source]


def cuda_command(architecture: int) -> list[str]:
    """Return nvcc's command for a device, 75 for sm_75, without its output."""
    return nvcc_command(architecture, SOURCES / "kernels.cu")
