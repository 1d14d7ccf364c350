"""Where the kernels' sources are, and the command that compiles them for the CPU."""

from collections.abc import Sequence
from pathlib import Path

__all__ = ["SOURCES", "cpu_command"]

SOURCES = Path(__file__).parent / "csrc"
# No contraction to fused multiply-add: noise must be equal bit for bit everywhere.
CPU_FLAGS = ("-std=c++17", "-O3", "-ffp-contract=off", "-pthread", "-fPIC", "-shared", "-w")


def cpu_command(cxx: Sequence[str], vectors: Sequence[str]) -> list[str]:
    """Return the command for the CPU, without its output.

    cxx: the C++ compiler, with what it needs first. vectors: its options for an instruction set.
    """
    return [*cxx, *CPU_FLAGS, *vectors, str(SOURCES / "kernels.cpp")]
