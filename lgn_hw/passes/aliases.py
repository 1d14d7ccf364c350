"""Read through buffers and inverters; an inverse goes into the reader's table."""

import numpy as np

from lgn_hw.netlist import Netlist
from lgn_hw.netlist.words import cofactors
from lgn_hw.passes.sweep import Batch, sweep

__all__ = ["absorb", "absorb_aliases"]


def absorb_aliases(netlist: Netlist) -> Netlist:
    """Return the same function without buffers, and with inverters only where outputs need them.

    A node is a buffer or an inverter where it reads one net (see passes.support).
    """
    return sweep(netlist, [absorb])


def absorb(batch: Batch) -> None:
    """Stand for the one net that is read, or for its inverse.

    A rule for `sweep`: it only sets `batch.literal`, and the readers take the net in when their
    level comes. A table that is constant is left to `fold`.
    """
    read = batch.fanin != 0
    alone = np.count_nonzero(read, axis=1) == 1
    for pin in range(batch.pins):
        nodes = np.flatnonzero(alone & read[:, pin])
        # Tables are wide, so a node of one pin has only four of them: two constants, which are not
        # complements of themselves, the buffer and the inverter.
        low, high = cofactors(batch.table[nodes], pin)
        alias = nodes[low == ~high]
        # Entry 0 is the output where the pin is 0: 1 for an inverter.
        inverse = (batch.table[alias] & np.uint64(1)).astype(np.int64)
        batch.literal[alias] = 2 * batch.fanin[alias, pin] + inverse
