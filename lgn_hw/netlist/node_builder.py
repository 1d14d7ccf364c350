"""Write a netlist layer by layer: arrays of nodes at once, in the order in which they are added.

Layers of a trained model and kernels of a convolution come as arrays. They may be padded with
constants, which this builder takes away while it adds them, because a Netlist has no node that ends
in one.
"""

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist.netlist import FIRST_INPUT, MAX_FANIN, Netlist

__all__ = ["CONSTANT_0", "Nets", "NodeBuilder"]

Nets = NDArray[np.int32]  # the nets that carry a layer's values, in the shape of one sample
CONSTANT_0 = 0


class NodeBuilder:
    """Nodes in the order in which they are added."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.next_net = FIRST_INPUT + inputs
        self.fanin = [np.zeros((0, MAX_FANIN), np.int32)]
        self.table = [np.zeros(0, np.uint64)]

    def add(self, pins: Nets, tables: NDArray[np.uint64]) -> Nets:
        """Add nodes that read pins[nodes, fan_in]; return the nets that carry their outputs.

        A netlist has no node whose last input is constant 0: there the lower half of the table is
        all of it, and a node that reads nothing else is a constant, net 0 or net 1.
        """
        # Constant 0 in the middle is read as any net; only at the end is it padding (see
        # docs/netlist.md).
        used = pins != CONSTANT_0
        arity = np.where(used.any(axis=1), pins.shape[1] - np.argmax(used[:, ::-1], axis=1), 0)
        full = arity == MAX_FANIN
        entries = np.where(full, 0, 1 << arity).astype(np.uint64)
        tables = np.where(full, tables, tables & ((np.uint64(1) << entries) - np.uint64(1)))
        real = arity > 0
        nets = (tables & np.uint64(1)).astype(np.int32)  # of the constant ones
        nets[real] = np.arange(self.next_net, self.next_net + real.sum(), dtype=np.int32)
        padded = np.zeros((int(real.sum()), MAX_FANIN), np.int32)
        padded[:, : pins.shape[1]] = pins[real]
        self.fanin.append(padded)
        self.table.append(tables[real])
        self.next_net += len(padded)
        return nets

    def append(self, netlist: Netlist, nets: Nets) -> Nets:
        """Add a netlist that reads some nets as its inputs; return the nets of its outputs.

        Its nodes keep their order, and lose the inputs at their end that are constant 0 here.
        """
        place = np.zeros(netlist.num_nets, np.int32)
        place[1] = 1
        place[FIRST_INPUT : netlist.first_node] = nets
        for run in _runs_of(netlist):
            added = self.add(place[netlist.fanin[run]], netlist.table[run])
            place[netlist.first_node + run.start : netlist.first_node + run.stop] = added
        return place[netlist.outputs]

    def netlist(self, outputs: Nets) -> Netlist:
        """Return the netlist whose outputs are some nets."""
        return Netlist(self.inputs, np.concatenate(self.fanin), np.concatenate(self.table), outputs)


def _runs_of(netlist: Netlist) -> list[slice]:
    """Cut the nodes into runs in which none reads another: a layer each, where there are layers."""
    latest = netlist.fanin.max(axis=1, initial=0) - netlist.first_node
    runs, start = [], 0
    while start < netlist.num_nodes:
        reads_run = latest[start:] >= start
        stop = start + int(np.argmax(reads_run)) if reads_run.any() else netlist.num_nodes
        runs.append(slice(start, stop))
        start = stop
    return runs
