"""Dissolve the nodes that all of their readers can take in.

A LUT of k inputs costs the same however few of them it reads, so gates of two inputs are put
together until a node fills one. Mapping tools do the same with cuts; this pass is greedy and stays
close to what was written, because proofs match the circuit's parts by how they were written.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lgn_hw.netlist import MAX_FANIN, Netlist
from lgn_hw.netlist.functions import Function, restricted
from lgn_hw.passes.dead import remove_dead_nodes
from lgn_hw.passes.simplify import simplify

__all__ = ["collapse"]


def collapse(netlist: Netlist, size: int) -> Netlist:
    """Return the same function without nodes whose readers all have room for what they read.

    A node goes where no output wants it and each of its readers then reads `size` nets at most; no
    node grows beyond that. From the inputs upwards, so that chains dissolve; equal nodes are shared
    before and after. Depth never rises.

    size: how many nets a node may read, 4 or 6 for the LUTs of today's FPGAs.
    """
    after = _collapsed(simplify(netlist), size)
    # Nodes that were dissolved leave equal ones, and equal ones that are shared leave room: until
    # nothing is gained.
    while after.num_nodes < netlist.num_nodes:
        netlist, after = after, _collapsed(after, size)
    return netlist


def _collapsed(netlist: Netlist, size: int) -> Netlist:
    """Return every net's function with nodes collapsed into their only readers."""
    first = netlist.first_node
    functions = _as_they_are(netlist)
    readers: list[set[int]] = [set() for _ in range(netlist.num_nets)]
    for node, function in enumerate(functions):
        for leaf in function.leaves:
            readers[leaf].add(node)
    # An output must stay a node of its own.
    wanted = set(netlist.outputs.tolist())
    # Upwards: when a node's turn comes, what it reads has its final form already.
    for node, function in enumerate(functions):
        net = first + node
        found = [(reader, _joined(functions[reader], net, function)) for reader in readers[net]]
        if net in wanted or any(len(leaves) > size for _, leaves in found):
            continue
        for reader, leaves in found:
            functions[reader] = _substituted(functions[reader], net, function, leaves)
            for leaf in leaves:
                readers[leaf].add(reader)
        for leaf in function.leaves:
            readers[leaf].discard(node)
        readers[net].clear()
    return _assembled(netlist, functions)


def _as_they_are(netlist: Netlist) -> list[Function]:
    """Return the functions of all nodes, of the nets that they read."""
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    functions = []
    for fanin, arity, table in rows:
        values = np.array([table >> entry & 1 for entry in range(1 << arity)], np.uint8)
        functions.append(restricted(fanin[:arity], values))
    return functions


def _joined(reader: Function, net: int, function: Function) -> tuple[int, ...]:
    """Return the leaves of a reader into which a function is put."""
    return tuple(sorted({*reader.leaves, *function.leaves} - {net}))


def _substituted(
    reader: Function, net: int, function: Function, leaves: tuple[int, ...]
) -> Function:
    """Return a reader's function over leaves that hold what it read in the place of a net."""
    wider = tuple(sorted({*leaves, net}))
    values = reader.over(wider).reshape(-1, 2, 1 << wider.index(net))
    low, high = values[:, 0].ravel(), values[:, 1].ravel()
    return Function(leaves, np.where(function.over(leaves) == 1, high, low))


def _assembled(netlist: Netlist, functions: Sequence[Function]) -> Netlist:
    """Return the netlist of functions, a node each."""
    fanin = np.zeros((len(functions), MAX_FANIN), np.int32)
    table = np.zeros(len(functions), np.uint64)
    for node, function in enumerate(functions):
        # A node that became constant reads net 1, as every node must read something.
        leaves = function.leaves or (1,)
        fanin[node, : len(leaves)] = leaves
        packed = np.packbits(function.over(leaves), bitorder="little")
        table[node] = int.from_bytes(packed.tobytes(), "little")
    return remove_dead_nodes(simplify(replace(netlist, fanin=fanin, table=table)))
