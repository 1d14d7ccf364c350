"""Which engine a classifier runs on.

Which one it is never changes a result, only the time.
"""

import re

import numpy as np
from numpy.typing import NDArray

from lgn_hw.encoder import Thermometer
from lgn_hw.errors import UsageError
from lgn_hw.inference.cuda_engine import CudaEngine
from lgn_hw.inference.engine import Engine
from lgn_hw.inference.library import why_not_compiled
from lgn_hw.inference.reference import Reference
from lgn_hw.netlist import Netlist

__all__ = ["AnyEngine", "make_engine"]

AnyEngine = Engine | Reference | CudaEngine


def make_engine(
    encoder: Thermometer,
    netlist: Netlist,
    group: NDArray[np.int32],
    num_classes: int,
    device: str = "cpu",
) -> AnyEngine:
    """Return the compiled engine, or on the CPU the one of numpy where there is no compiler.

    device: `cpu`, `cuda` or `cuda:NUMBER`. Raises UsageError for another name, and for a GPU what
    CudaEngine raises.
    """
    found = re.fullmatch(r"cpu|cuda(?::(\d{1,3}))?", device)
    if found is None:
        raise UsageError(f"device must be cpu, cuda or cuda:NUMBER, not {device!r}")
    if device != "cpu":
        return CudaEngine(encoder, netlist, group, num_classes, int(found[1] or 0))
    chosen = Reference if why_not_compiled() else Engine
    return chosen(encoder, netlist, group, num_classes)
