"""Rewrite a netlist from its inputs upwards, a level at a time, by rules on many nodes at once.

Going by levels makes one sweep enough: when a node's turn comes, all that it reads is final. And
all nodes of a level are independent of each other, so a rule is a few numpy operations on arrays
and not a loop over nodes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.netlist.words import cofactors, flipped, narrow, swapped, widen

__all__ = ["TRUE", "FALSE", "Batch", "Rule", "sweep"]

# A literal is 2 * net + 1 where the net's inverse is meant.
FALSE, TRUE = 0, 2  # the literals of nets 0 and 1; the inverse of a constant is the other one


@dataclass
class Batch:
    """Hold the nodes of one level, whose inputs are rewritten already; rules change it.

    own: int64[n], the literal of each node's net, which replaces nothing.
    literal: int64[n], what shall stand for the node: its own literal, or an earlier one.
    fanin: int32[n, pins], the nets read; a pin that is not read reads net 0.
    table: uint64[n], wide (see netlist.words); it does not depend on pins that are not read.
    """

    own: NDArray[np.int64]
    literal: NDArray[np.int64]
    fanin: NDArray[np.int32]
    table: NDArray[np.uint64]

    @property
    def pins(self) -> int:
        """How many pins the nodes of this batch have."""
        return self.fanin.shape[1]

    def swap_pins(self, which: NDArray[np.bool_], low: int, high: int) -> None:
        """Exchange two pins of some nodes; low < high."""
        nodes = np.flatnonzero(which)
        if len(nodes):
            fanin = self.fanin[nodes]
            self.fanin[nodes, low], self.fanin[nodes, high] = fanin[:, high], fanin[:, low]
            self.table[nodes] = swapped(self.table[nodes], low, high)


Rule = Callable[[Batch], None]


def sweep(netlist: Netlist, rules: Sequence[Rule]) -> Netlist:
    """Apply rules to every node, those of lower levels first; return the netlist that results.

    A node that a rule gives another literal disappears, and its readers read that literal: an
    inverse goes into their tables. Where outputs only want a node's inverse, its own table is
    inverted; an inverter is left where outputs want both. Nodes keep their order, but where one
    would read a later one (it is equal to what was read): then they are sorted by the levels that
    they had. Where nothing changes, the netlist itself is returned.

    rules: applied in their order to each level's Batch, which they change in place.
    """
    work = _everything(netlist)
    # What stands for each net from now on; at first it does so itself.
    literal = 2 * np.arange(netlist.num_nets)
    for nodes in _nodes_by_level(netlist):
        wanted = literal[work.fanin[nodes]]
        batch = Batch(work.own[nodes], work.own[nodes], wanted >> 1, work.table[nodes])
        # Rules see plain nets only: an inverse that is read has gone into the table before they
        # start.
        _absorb_inverses(batch, (wanted & 1).astype(bool))
        _ignore_zeros(batch)
        for rule in rules:
            rule(batch)
        _replace_constants(batch)
        work.fanin[nodes], work.table[nodes] = batch.fanin, batch.table
        # Literal 1 is the inverse of net 0, and TRUE the one name of constant 1 that rules compare
        # with.
        literal[batch.own >> 1] = np.where(batch.literal == 1, TRUE, batch.literal)
    work.literal = literal[netlist.first_node :]
    level = netlist.level[netlist.first_node :]
    result = _assembled(netlist.num_inputs, work, literal[netlist.outputs], level)
    return netlist if _equal(netlist, result) else result


def _everything(netlist: Netlist) -> Batch:
    """Return all nodes, with as many pins as the widest of them has."""
    pins = int(netlist.arity.max(initial=1))
    own = 2 * np.arange(netlist.first_node, netlist.num_nets)
    batch = Batch(own, own, netlist.fanin[:, :pins].copy(), widen(netlist.table, netlist.arity))
    _ignore_zeros(batch)
    return batch


def _nodes_by_level(netlist: Netlist) -> Iterator[NDArray[np.intp]]:
    """Return the nodes of each level, the lowest level first."""
    level = netlist.level[netlist.first_node :]
    order = np.argsort(level, kind="stable")
    bounds = np.flatnonzero(np.diff(level[order])) + 1
    yield from (nodes for nodes in np.split(order, bounds) if len(nodes))


def _absorb_inverses(batch: Batch, inverse: NDArray[np.bool_]) -> None:
    """Move inverters that nodes read into their tables."""
    for pin in range(batch.pins):
        nodes = np.flatnonzero(inverse[:, pin])
        if len(nodes):
            batch.table[nodes] = flipped(batch.table[nodes], pin)


def _ignore_zeros(batch: Batch) -> None:
    """Make tables independent of pins that read net 0, which then count as not read."""
    for pin in range(batch.pins):
        nodes = np.flatnonzero(batch.fanin[:, pin] == 0)
        batch.table[nodes] = cofactors(batch.table[nodes], pin)[0]


def _replace_constants(batch: Batch) -> None:
    """Replace the nodes that read nothing: their tables say which constant they are."""
    nothing = ~batch.fanin.any(axis=1)
    batch.literal[nothing] = np.where(batch.table[nothing] == 0, FALSE, TRUE)


def _assembled(
    num_inputs: int, work: Batch, outputs: NDArray[np.int64], level: NDArray[np.int32]
) -> Netlist:
    """Make a netlist of the nodes that nothing replaced, and of what the outputs want.

    level: of each node, before.
    """
    # A node that stands for itself is the one that others were found equal to: it stays.
    kept = np.flatnonzero(work.literal == work.own)
    if (work.fanin[kept] >= work.own[kept, None] >> 1).any():
        # A node may have been replaced by an equal one with a higher number, at the same level or
        # below. A stable sort by level restores the order, and touches nothing where it holds.
        kept = kept[np.argsort(level[kept], kind="stable")]
    batch = Batch(work.own[kept], work.own[kept], work.fanin[kept], work.table[kept])
    first_node = FIRST_INPUT + num_inputs
    num_nets = first_node + len(work.own)
    outputs = _invert_nodes(batch, outputs, num_nets)
    _close_gaps(batch)
    renumber = np.arange(num_nets, dtype=np.int32)
    renumber[first_node + kept] = first_node + np.arange(len(kept))
    inverted, where = np.unique(outputs[outputs & 1 == 1] >> 1, return_inverse=True)
    nets = renumber[outputs >> 1]
    # Inverters for outputs come behind all nodes, one per net, however many outputs want it.
    nets[outputs & 1 == 1] = first_node + len(batch.own) + where
    fanin = np.zeros((len(batch.own) + len(inverted), MAX_FANIN), np.int32)
    fanin[: len(batch.own), : batch.pins] = renumber[batch.fanin]
    fanin[len(batch.own) :, 0] = renumber[inverted]
    arity = np.count_nonzero(batch.fanin, axis=1)
    inverters = np.ones(len(inverted), np.uint64)
    return Netlist(num_inputs, fanin, np.concatenate([narrow(batch.table, arity), inverters]), nets)


def _invert_nodes(batch: Batch, outputs: NDArray[np.int64], num_nets: int) -> NDArray[np.int64]:
    """Invert the nodes of which outputs only want the inverse; return what they then want."""
    wanted = np.zeros((2, num_nets), bool)
    wanted[outputs & 1, outputs >> 1] = True
    turned = np.zeros(num_nets, bool)
    # Only nodes can be inverted for nothing; for an input or a constant the inverter stays a node.
    turned[batch.own >> 1] = (wanted[1] & ~wanted[0])[batch.own >> 1]
    if not turned.any():
        return outputs
    _absorb_inverses(batch, turned[batch.fanin])
    own = turned[batch.own >> 1]
    batch.table[own] = ~batch.table[own]
    return outputs ^ turned[outputs >> 1]


def _close_gaps(batch: Batch) -> None:
    """Move the pins that are read to the front, in their order."""
    for last in range(batch.pins - 1, 0, -1):
        for pin in range(last):
            gap = (batch.fanin[:, pin] == 0) & (batch.fanin[:, pin + 1] != 0)
            batch.swap_pins(gap, pin, pin + 1)


def _equal(a: Netlist, b: Netlist) -> bool:
    """Say whether two netlists are the same, array by array."""
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("table", "fanin", "outputs")
    )
