"""Merge the inputs of a node that read the same net."""

from itertools import combinations

import numpy as np

from lgn_hw.netlist import Netlist
from lgn_hw.netlist.words import merged
from lgn_hw.passes.sweep import Batch, sweep

__all__ = ["merge", "merge_duplicate_inputs"]


def merge_duplicate_inputs(netlist: Netlist) -> Netlist:
    """Return the same function with nodes that read each net once."""
    return sweep(netlist, [merge])


def merge(batch: Batch) -> None:
    """Read a net at its first pin only."""
    for first, again in combinations(range(batch.pins), 2):
        # Net 0 stands for a pin that is not read, as often as it likes.
        same = (batch.fanin[:, first] == batch.fanin[:, again]) & (batch.fanin[:, again] != 0)
        nodes = np.flatnonzero(same)
        batch.table[nodes] = merged(batch.table[nodes], again, first)
        batch.fanin[nodes, again] = 0
