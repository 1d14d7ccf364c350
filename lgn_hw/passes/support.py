"""Reduce each node to its support: drop the inputs on which its table does not depend."""

from lgn_hw.netlist import Netlist
from lgn_hw.netlist.words import cofactors
from lgn_hw.passes.sweep import Batch, sweep

__all__ = ["drop", "drop_unread_inputs"]


def drop_unread_inputs(netlist: Netlist) -> Netlist:
    """Return the same function with nodes that depend on each of their inputs.

    A node that depends on none becomes a constant.
    """
    return sweep(netlist, [drop])


def drop(batch: Batch) -> None:
    """Read only what the table depends on."""
    for pin in range(batch.pins):
        # The support of a Boolean function is the set of inputs whose two cofactors differ.
        low, high = cofactors(batch.table, pin)
        batch.fanin[low == high, pin] = 0
