"""The command that compiles CUDA for a device, whatever nvcc there is."""

import subprocess
from pathlib import Path

from lgn_hw.errors import ToolError

__all__ = ["nvcc_command"]

# No contraction to fused multiply-add: noise must be equal bit for bit everywhere.
FLAGS = ("-std=c++17", "-O3", "--fmad=false", "-Xcompiler", "-fPIC", "-shared")


def nvcc_command(nvcc: str, architecture: int, source: Path) -> list[str]:
    """Return the command for a device, without its output.

    architecture: 75 for sm_75. Where nvcc is too old to know it, the command makes PTX for the
    newest one that it knows, which the driver translates. Raises ToolError where nvcc is too new.
    """
    return [nvcc, *FLAGS, _target(architecture, _architectures(nvcc)), str(source)]


def _target(wanted: int, known: list[int]) -> str:
    """Return nvcc's option for an architecture; raises ToolError where it knows no such one."""
    if wanted in known or not known:
        return f"-gencode=arch=compute_{wanted},code=sm_{wanted}"
    older = [number for number in known if number < wanted]
    if not older:
        raise ToolError(
            f"this nvcc compiles for sm_{known[0]} and newer, not for this device's sm_{wanted};"
            " set CUDA_HOME to a CUDA toolkit that does"
        )
    return f"-gencode=arch=compute_{older[-1]},code=compute_{older[-1]}"


def _architectures(compiler: str) -> list[int]:
    """Return what an nvcc compiles for, oldest first; nothing where it does not say."""
    command = [compiler, "--list-gpu-arch"]
    # An older nvcc does not know the option; then nothing is listed, and the device's own
    # architecture is asked for.
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    names = [line.removeprefix("compute_") for line in done.stdout.split()]
    return sorted(int(name) for name in names if name.isdigit())
