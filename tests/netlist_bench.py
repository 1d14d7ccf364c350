"""Small netlists written by hand, and every sample of their inputs."""

import numpy as np

from lgn_hw import Netlist, evaluate_reference

__all__ = ["equal", "every_sample", "netlist", "nodes_of"]


def netlist(num_inputs, fanin, table, outputs):
    """Return a netlist of unpadded rows."""
    padded = np.zeros((len(fanin), 6), np.int64)
    for row, nets in zip(padded, fanin, strict=True):
        row[: len(nets)] = nets
    return Netlist(num_inputs, padded, np.array(table, np.uint64), np.array(outputs, np.int64))


def nodes_of(netlist):
    """Return [(nets read, table)] of a netlist, unpadded."""
    rows = zip(netlist.fanin.tolist(), netlist.arity, netlist.table.tolist(), strict=True)
    return [(tuple(row[:arity]), table) for row, arity, table in rows]


def every_sample(inputs):
    """Return bool[2**inputs, inputs]."""
    return (np.arange(1 << inputs)[:, None] >> np.arange(inputs)) & 1 == 1


def equal(a, b):
    """Say whether two netlists are the same function, by trying every sample."""
    bits = every_sample(a.num_inputs)
    return np.array_equal(evaluate_reference(a, bits), evaluate_reference(b, bits))
