"""Remove the nodes that no output depends on structurally.

Structurally: there is a path of pins from the output to the node. Whether the path can ever matter
is a question of tables, which the other passes answer; this one only walks the graph.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist import FIRST_INPUT, Netlist

__all__ = ["inputs_read", "read_inputs_only", "remove_dead_nodes"]


def remove_dead_nodes(netlist: Netlist) -> Netlist:
    """Return the same function with only the nodes that an output depends on structurally.

    Inputs stay, read or not, because their numbers are the interface; `read_inputs_only` removes
    them. Nodes that stay keep their order.
    """
    alive = _alive(netlist)
    alive[: netlist.first_node] = True
    if alive.all():
        return netlist
    # The new number of a net is how many live ones come before it.
    renumber = np.cumsum(alive, dtype=np.int32) - 1
    kept = alive[netlist.first_node :]
    return replace(
        netlist,
        fanin=renumber[netlist.fanin[kept]],
        table=netlist.table[kept],
        outputs=renumber[netlist.outputs],
    )


def inputs_read(netlist: Netlist) -> list[int]:
    """Return the inputs, from 0, that an output depends on structurally, in ascending order."""
    alive = _alive(netlist)
    return np.flatnonzero(alive[FIRST_INPUT : netlist.first_node]).tolist()


def read_inputs_only(netlist: Netlist) -> tuple[Netlist, list[int]]:
    """Return the netlist without the inputs that no output depends on, and which are left."""
    read = inputs_read(netlist)
    if len(read) == netlist.num_inputs:
        return netlist, read
    alive = remove_dead_nodes(netlist)
    renumber = np.zeros(alive.num_nets, np.int32)
    # The constants keep their numbers; inputs that stay move up behind them.
    renumber[1] = 1
    renumber[FIRST_INPUT + np.array(read, np.int64)] = FIRST_INPUT + np.arange(len(read))
    first_node = FIRST_INPUT + len(read)
    renumber[alive.first_node :] = first_node + np.arange(alive.num_nodes)
    fanin, outputs = renumber[alive.fanin], renumber[alive.outputs]
    return Netlist(len(read), fanin, alive.table, outputs), read


def _alive(netlist: Netlist) -> NDArray[np.bool_]:
    """Walk the levels from the highest to the lowest; what a live node reads is alive."""
    alive = np.zeros(netlist.num_nets, bool)
    alive[netlist.outputs] = True
    level = netlist.level[netlist.first_node :]
    order = np.argsort(level, kind="stable")
    # By level and not by number: all nodes of a level are marked in one step of numpy, and none of
    # them reads another one of it.
    starts = np.searchsorted(level[order], np.arange(1, int(level.max(initial=0)) + 2))
    for start, stop in zip(starts[-2::-1], starts[:0:-1], strict=True):
        nodes = order[start:stop]
        live = nodes[alive[netlist.first_node + nodes]]
        alive[netlist.fanin[live]] = True
    return alive
