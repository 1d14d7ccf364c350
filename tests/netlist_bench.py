"""Small netlists written by hand, and every sample of their inputs."""

import numpy as np

from lgn_hw import Netlist, evaluate_reference

__all__ = ["ascii_aiger", "equal", "every_sample", "netlist", "nodes_of"]


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


def ascii_aiger(graph):
    """Write ASCII AIGER, the ANDs in reverse order, which the format allows."""
    lines = [f"aag {graph.num_inputs + len(graph.ands)} {graph.num_inputs} 0"
             f" {len(graph.outputs)} {len(graph.ands)}"]  # fmt: skip
    lines += [str(2 * (1 + i)) for i in range(graph.num_inputs)]
    lines += [str(x) for x in graph.outputs.tolist()]
    rows = [f"{2 * (graph.first_and + i)} {a} {b}" for i, (a, b) in enumerate(graph.ands.tolist())]
    symbols = [f"i{i} x[{i}]" for i in range(graph.num_inputs)]
    symbols += [f"o{i} votes[{i}]" for i in range(len(graph.outputs))]
    return "\n".join([*lines, *reversed(rows), *symbols, "c", "made by a test", ""])
