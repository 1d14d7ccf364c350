"""Renumber nodes by level, number of inputs and table, so that like nodes lie side by side.

Bit-parallel evaluation does the same operation on many nodes at a time, and a core's Verilog has a
statement per group of nodes. Both get long runs of like nodes from this order; it is canonical, so
that equal networks give equal text.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist.netlist import Netlist

__all__ = ["Group", "group_nodes", "order_nodes"]

COMMON = 8  # nodes that share a table: fewer are not worth a vector operation of their own


@dataclass(frozen=True)
class Group:
    """Name a run of nodes of one level that are evaluated by the same bitwise operations.

    level: the level of all its nodes. start, stop: the nodes, as a half-open range.
    arity: how many inputs each node reads.
    masks: 2**arity integers; bit i of masks[j] is table entry j of node start+i.
    """

    level: int
    start: int
    stop: int
    arity: int
    masks: tuple[int, ...]

    @property
    def full(self) -> int:
        """The mask with a bit for every node."""
        return (1 << (self.stop - self.start)) - 1


def order_nodes(netlist: Netlist) -> Netlist:
    """Return the same network with its nodes sorted by (level, arity, table).

    Nodes whose table is rare there come first, as group_nodes wants them. The order among equal
    nodes is kept, so the result is a function of the network alone.
    """
    level = netlist.level[netlist.first_node :]
    order = np.lexsort((netlist.table, _shares_table(netlist), netlist.arity, level))
    renumber = np.arange(netlist.num_nets, dtype=np.int32)
    renumber[netlist.first_node + order] = netlist.first_node + np.arange(len(order))
    return replace(
        netlist,
        fanin=renumber[netlist.fanin[order]],
        table=netlist.table[order],
        outputs=renumber[netlist.outputs],
    )


def group_nodes(netlist: Netlist) -> list[Group]:
    """Cut an ordered netlist (see order_nodes) into groups, in topological order.

    Nodes of one or two inputs are grouped by table: at most 20 groups a level. So are wider ones
    where COMMON or more of a level have the same table, as counters do; the others have too many
    different tables for that, and each level has one group of them per number of inputs.
    """
    level = netlist.level[netlist.first_node :]
    arity = netlist.arity
    shared = _shares_table(netlist)
    table = np.where(shared, netlist.table, np.uint64(0))
    # A group begins where any key differs from that of the node before; nodes are sorted by these
    # keys already.
    change = np.zeros(netlist.num_nodes, bool)
    for key in (level, arity, shared, table):
        change[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(change)
    bounds = [0, *starts.tolist(), netlist.num_nodes] if netlist.num_nodes else []
    return [
        Group(int(level[a]), a, b, int(arity[a]), _masks(netlist, a, b, int(arity[a])))
        for a, b in pairwise(bounds)
    ]


def _shares_table(netlist: Netlist) -> NDArray[np.bool_]:
    """Return bool[nodes], whether a node is grouped with those that have the same table."""
    narrow = netlist.arity <= 2
    if narrow.all():
        return narrow
    level = netlist.level[netlist.first_node :]
    order = np.lexsort((netlist.table, netlist.arity, level))
    starts = np.zeros(len(order), bool)
    for key in (level, netlist.arity, netlist.table):
        starts[1:] |= key[order][1:] != key[order][:-1]
    run = np.cumsum(starts)
    common = np.zeros(len(order), bool)
    common[order] = np.bincount(run)[run] >= COMMON
    return narrow | common


def _masks(netlist: Netlist, start: int, stop: int, arity: int) -> tuple[int, ...]:
    """Return for each table entry which nodes of a group have a 1 there."""
    table = netlist.table[start:stop]
    entries = ((table >> np.uint64(j)) & np.uint64(1) for j in range(1 << arity))
    packed = (np.packbits(bits.astype(np.uint8), bitorder="little") for bits in entries)
    return tuple(int.from_bytes(row.tobytes(), "little") for row in packed)
