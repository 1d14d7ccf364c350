"""Nodes as functions of nets further down: what is left when those between are dissolved.

This is the cut enumeration of LUT mappers in its simplest form, one cut per net, chosen greedily
(see Mishchenko, Chatterjee and Brayton, "Improvements to technology mapping for LUT-based FPGAs",
2007, for the full one). It serves passes that have to know what a vote depends on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist.netlist import FIRST_INPUT, Netlist

__all__ = ["Function", "functions_of", "restricted"]


@dataclass(frozen=True, eq=False)
class Function:
    """State a truth table over nets.

    leaves: nets, ascending. values: uint8[2**leaves]; leaf 0 is bit 0 of the index.
    """

    leaves: tuple[int, ...]
    values: NDArray[np.uint8]

    def over(self, leaves: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return the values over more leaves, ascending too."""
        if leaves == self.leaves:
            return self.values
        return self.values[_entries(tuple(map(leaves.index, self.leaves)), len(leaves))]


def restricted(pins: Sequence[int], values: NDArray[np.uint8]) -> Function:
    """Return the function of values[2**pins] over nets in any order; nets 0 and 1 are constants."""
    leaves = tuple(sorted({pin for pin in pins if pin >= FIRST_INPUT}))
    patterns = np.arange(1 << len(leaves))
    entry = np.zeros(len(patterns), np.intp)
    for position, pin in enumerate(pins):
        bit = patterns >> leaves.index(pin) & 1 if pin in leaves else pin
        entry |= bit << position
    return Function(leaves, values[entry])


@cache
def _entries(pins: tuple[int, ...], size: int) -> NDArray[np.intp]:
    """Return for each pattern of `size` pins the number that some of them form."""
    patterns = np.arange(1 << size)
    found = np.zeros(1 << size, np.intp)
    for position, pin in enumerate(pins):
        found |= (patterns >> pin & 1) << position
    return found


def functions_of(netlist: Netlist, size: int) -> list[Function]:
    """Return for each net a function of at most `size` nets further down, where there is one.

    A node that has one reader is dissolved where the reader's function stays that small; one of
    more readers only where that takes one leaf more at most, because it is then built for others.
    Nodes of more than `size` inputs are left as they are.

    Returns a Function for each net, constants and inputs included, whose leaves are nets of the
    netlist. Functions of dissolved nodes are there too, because outputs may want them.
    """
    outputs = np.bincount(netlist.outputs, minlength=netlist.num_nets)
    # Unused pins read net 0 too, which is no node, so that its count does no harm.
    readers = np.bincount(netlist.fanin.ravel(), minlength=netlist.num_nets) + outputs
    functions = [Function((), np.array([0], np.uint8)), Function((), np.array([1], np.uint8))]
    functions += [_wire(net) for net in range(FIRST_INPUT, netlist.first_node)]
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table, strict=True)
    for fanin, arity, table in rows:
        parts = _dissolved(functions, fanin[:arity], readers, netlist.first_node, size)
        leaves = tuple(sorted({leaf for part in parts for leaf in part.leaves}))
        entry = np.zeros(1 << len(leaves), np.uint64)
        for pin, part in enumerate(parts):
            entry |= part.over(leaves).astype(np.uint64) << np.uint64(pin)
        functions.append(Function(leaves, (table >> entry & np.uint64(1)).astype(np.uint8)))
    return functions


def _wire(net: int) -> Function:
    """Return the function that is one net."""
    return Function((net,), np.array([0, 1], np.uint8))


def _dissolved(
    functions: Sequence[Function],
    pins: Sequence[int],
    readers: NDArray[np.intp],
    first_node: int,
    size: int,
) -> list[Function]:
    """Return what each pin reads: a net, or a function in its place; those of few readers first."""
    parts = {pin: functions[pin] if pin < first_node else _wire(pin) for pin in pins}
    # Those of few readers first: dissolving them removes a node, that of others copies it.
    for pin in sorted({pin for pin in pins if pin >= first_node}, key=lambda net: readers[net]):
        leaves = {leaf for part in parts.values() for leaf in part.leaves}
        # Another pin's function may read this very net, which then stays a leaf.
        others = {leaf for other, part in parts.items() if other != pin for leaf in part.leaves}
        wider = others | set(functions[pin].leaves)
        if len(wider) <= min(size, len(leaves) + 1 if readers[pin] > 1 else size):
            parts[pin] = functions[pin]
    return [parts[pin] for pin in pins]
