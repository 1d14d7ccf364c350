"""Run cases through a flavour of the CUDA source and say what differs: for tests, in a process
of its own, since a sanitizer ends it.

python -m cuda_emulator.check SOURCES FLAVOUR NETWORKS
"""

import ctypes
import sys
from pathlib import Path

import torch
from cuda_emulator.cases import all_cases, compare
from cuda_emulator.source import CudaSource

__all__ = ["main"]


def main() -> int:
    """Return 1 where a case differs or a fault is found; say the first one of it."""
    sources, flavour, networks = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    torch.use_deterministic_algorithms(True)  # memory that is not written holds NaN
    torch.set_num_threads(1)
    source = CudaSource(flavour, sources)
    if flavour == "trace":
        source.library.emu_trace(ctypes.c_int(1), ctypes.c_int(0))
    for case in all_cases(networks):
        if found := compare(case, source):
            print("\n".join(found))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
