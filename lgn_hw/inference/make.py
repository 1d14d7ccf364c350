"""Which engine a classifier runs on.

Which one it is never changes a result, only the time.
"""

import numpy as np
from numpy.typing import NDArray

from lgn_hw.encoder import Thermometer
from lgn_hw.inference.engine import Engine
from lgn_hw.inference.library import why_not_compiled
from lgn_hw.inference.reference import Reference
from lgn_hw.netlist import Netlist

__all__ = ["make_engine"]


def make_engine(
    encoder: Thermometer, netlist: Netlist, group: NDArray[np.int32], num_classes: int
) -> Engine | Reference:
    """Return the compiled engine, or the one of numpy where there is no compiler."""
    chosen = Reference if why_not_compiled() else Engine
    return chosen(encoder, netlist, group, num_classes)
