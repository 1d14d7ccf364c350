"""Write a netlist node by node, on literals: an inverse or a constant costs nothing.

Circuits (counters, comparators) are written with inversions and constants everywhere. On literals
these cost no node: they end in the tables of the readers when the netlist is made.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from lgn_hw.netlist.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.netlist.words import flipped, narrow, widen

__all__ = ["ONE", "ZERO", "Builder", "table_of"]

# A literal is 2 * net, plus 1 where the net's inverse is meant.
ZERO, ONE = 3, 2  # the inverse of net 1, not net 0, which at the end of a node is padding


class Builder:
    """Collect the nodes of a netlist.

    inputs: the literals of its inputs, in order.
    """

    def __init__(self, num_inputs: int) -> None:
        self.inputs = [2 * (FIRST_INPUT + i) for i in range(num_inputs)]
        self._pins: list[tuple[int, ...]] = []
        self._tables: list[int] = []

    def node(self, table: int, pins: Sequence[int]) -> int:
        """Add a node that reads 1 to 6 literals, and return its own; pin 0 is bit 0 of the index.

        Nothing is simplified here; see passes.optimize.
        """
        self._pins.append(tuple(pins))
        self._tables.append(table)
        return 2 * (FIRST_INPUT + len(self.inputs) + len(self._tables) - 1)

    def definition(self, literal: int) -> tuple[int, tuple[int, ...]]:
        """Return the table and the pins of the node that drives a literal.

        Raises LookupError where that is an input or a constant.
        """
        node = (literal >> 1) - FIRST_INPUT - len(self.inputs)
        if node < 0:
            raise LookupError(f"Net {literal >> 1} is driven by no node")
        return self._tables[node], self._pins[node]

    def netlist(self, outputs: Sequence[int]) -> Netlist:
        """Return the netlist that drives some literals, with inverters where they need them."""
        # An output is a net: its inverse needs a node of its own, an inverter.
        nets = [self.node(0b01, [out ^ 1]) >> 1 if out & 1 else out >> 1 for out in outputs]
        arity = np.array([len(pins) for pins in self._pins], np.int64)
        literals = np.zeros((len(arity), MAX_FANIN), np.int64)
        literals[np.arange(MAX_FANIN) < arity[:, None]] = [p for pins in self._pins for p in pins]
        table = widen(np.array(self._tables, np.uint64), arity)
        # An inverse that a pin reads goes into the table; widened, all nodes take the same
        # operation.
        for pin in range(MAX_FANIN):
            inverse = literals[:, pin] & 1 == 1
            table[inverse] = flipped(table[inverse], pin)
        fanin = (literals >> 1).astype(np.int32)
        return Netlist(len(self.inputs), fanin, narrow(table, arity), np.array(nets, np.int32))


@cache
def table_of(function: Callable[..., bool | int], pins: int) -> int:
    """Return the truth table of a function of bits; pin 0 is its first argument."""
    return sum(
        1 << entry
        for entry in range(1 << pins)
        if function(*(entry >> pin & 1 for pin in range(pins)))
    )
