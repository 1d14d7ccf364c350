"""Fold constants: what a node reads of nets 0 and 1 goes into its table."""

import numpy as np

from lgn_hw.netlist import Netlist
from lgn_hw.netlist.words import ALL_ONES, cofactors
from lgn_hw.passes.sweep import FALSE, TRUE, Batch, sweep

__all__ = ["fold", "fold_constants"]


def fold_constants(netlist: Netlist) -> Netlist:
    """Return the same function without nodes that are constant or read a constant."""
    return sweep(netlist, [fold])


def fold(batch: Batch) -> None:
    """Read no constants, and be one where the table is."""
    for pin in range(batch.pins):
        nodes = np.flatnonzero(batch.fanin[:, pin] <= 1)
        is_one = batch.fanin[nodes, pin] == 1
        # Net 0 and net 1 are the constants, and what a pin does not read is net 0: the cofactor of
        # the pin's value is the whole function.
        low, high = cofactors(batch.table[nodes], pin)
        batch.table[nodes] = np.where(is_one, high, low)
        batch.fanin[nodes, pin] = 0
    batch.literal[batch.table == 0] = FALSE
    batch.literal[batch.table == ALL_ONES] = TRUE
