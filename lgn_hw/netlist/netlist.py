"""The intermediate representation: a combinational network of truth tables.

Specified in `docs/netlist.md`; the constructor of `Netlist` checks that specification.

Why tables and not gates by name: one integer says everything about a gate, any of the 2**64
functions of six inputs is one, and a pass that changes a function changes a number. Why arrays and
not objects: networks have millions of nodes, and all that is done to them is done by numpy on whole
levels. Why checked in the constructor: whoever holds a Netlist knows that it is one.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.errors import NetlistError

__all__ = ["MAX_FANIN", "FIRST_INPUT", "Netlist"]

MAX_FANIN = 6  # a table of 2**6 entries fills one 64-bit word, and one LUT6
FIRST_INPUT = 2  # nets 0 and 1 are the constants


@dataclass(frozen=True, eq=False)
class Netlist:
    """Hold a network of nodes with up to six inputs and a truth table each.

    Net 0 is constant 0, net 1 constant 1, nets 2 .. 2+num_inputs-1 the inputs, and node i drives
    net 2+num_inputs+i. Arrays are converted, made read-only and checked.

    num_inputs: how many input nets there are.
    fanin: int32[nodes, 6], the nets that each node reads; input 0 first, padded with net 0.
    table: uint64[nodes]; the output is bit `sum(x_j << j)` of it.
    outputs: int32[outputs], the nets that leave the network; any net may, more than once.

    Raises NetlistError where a rule of docs/netlist.md is broken.
    """

    num_inputs: int
    fanin: NDArray[np.int32]
    table: NDArray[np.uint64]
    outputs: NDArray[np.int32]

    def __post_init__(self) -> None:
        if self.num_inputs < 0:
            raise NetlistError(f"num_inputs must not be negative, not {self.num_inputs}")
        _freeze(self, "fanin", _as_integers("fanin", self.fanin, np.int32, 2))
        _freeze(self, "table", _as_integers("table", self.table, np.uint64, 1))
        _freeze(self, "outputs", _as_integers("outputs", self.outputs, np.int32, 1))
        # Shapes first: the checks that follow index the arrays without asking.
        _check_shapes(self)
        _check_order(self)
        _check_tables(self)
        _check_outputs(self)

    @property
    def num_nodes(self) -> int:
        """How many nodes there are, dead ones included."""
        return len(self.table)

    @property
    def num_outputs(self) -> int:
        """How many outputs there are."""
        return len(self.outputs)

    @property
    def first_node(self) -> int:
        """The net that node 0 drives."""
        return FIRST_INPUT + self.num_inputs

    @property
    def num_nets(self) -> int:
        """How many nets there are: two constants, the inputs, the nodes."""
        return self.first_node + self.num_nodes

    @cached_property
    def arity(self) -> NDArray[np.int32]:
        """Return int32[nodes], how many inputs each node reads (padding left out)."""
        return _arity(self.fanin)

    @cached_property
    def level(self) -> NDArray[np.int32]:
        """Return int32[nets], the level of each net: 0 for constants and inputs, else 1 + the
        highest level that its node reads.
        """
        return _levels(self)

    @property
    def depth(self) -> int:
        """The highest level of an output: how many nodes a signal passes at most."""
        return int(self.level[self.outputs].max(initial=0))

    def with_flipped_bit(self, node: int, entry: int) -> "Netlist":
        """Return this netlist with entry `entry` of node `node`'s table inverted.

        This is the smallest possible fault, which every check must find. Raises NetlistError when
        the node or the entry does not exist.
        """
        if not 0 <= node < self.num_nodes:
            raise NetlistError(f"There is no node {node}; the netlist has {self.num_nodes} nodes")
        entries = 1 << int(self.arity[node])
        if not 0 <= entry < entries:
            raise NetlistError(f"Node {node} has table entries 0 to {entries - 1}, not {entry}")
        table = self.table.copy()
        table[node] ^= np.uint64(1) << np.uint64(entry)
        return replace(self, table=table)


def _as_integers(
    name: str, values: ArrayLike, dtype: type[np.integer], ndim: int
) -> NDArray[np.integer]:
    """Return values as an array of integers; raises NetlistError for other kinds."""
    array = np.asarray(values)
    if array.size == 0 and array.ndim == ndim:
        array = array.astype(dtype)
    if not np.issubdtype(array.dtype, np.integer):
        raise NetlistError(f"{name} must hold integers, not {array.dtype}")
    if array.ndim != ndim:
        raise NetlistError(f"{name} must have {ndim} dimensions, not {array.ndim}")
    return _narrow(name, array, dtype)


def _narrow(name: str, array: NDArray[np.integer], dtype: type[np.integer]) -> NDArray[np.integer]:
    """Return integers in a type of their own; raises NetlistError where one does not fit."""
    limits = np.iinfo(dtype)
    if array.size and (int(array.min()) < limits.min or int(array.max()) > limits.max):
        worst = array.min() if int(array.min()) < limits.min else array.max()
        raise NetlistError(f"{name} must fit {np.dtype(dtype).name}, not hold {worst}")
    # A frozen copy: later changes to the caller's array must not change the netlist.
    return np.array(array, dtype=dtype, order="C")


def _freeze(netlist: Netlist, name: str, array: NDArray[np.integer]) -> None:
    """Set a field of a frozen netlist to an array that nobody can write."""
    array.flags.writeable = False
    object.__setattr__(netlist, name, array)


def _check_shapes(netlist: Netlist) -> None:
    """Raise NetlistError where arrays do not fit each other."""
    if netlist.fanin.shape[1] != MAX_FANIN:
        raise NetlistError(
            f"fanin must have {MAX_FANIN} columns (pad with net 0), not {netlist.fanin.shape[1]}"
        )
    if len(netlist.fanin) != len(netlist.table):
        raise NetlistError(
            f"fanin has {len(netlist.fanin)} nodes but table has {len(netlist.table)}"
        )


def _check_order(netlist: Netlist) -> None:
    """Raise NetlistError at the first node that reads its own net or a later one."""
    own_net = np.arange(netlist.num_nodes, dtype=np.int64) + netlist.first_node
    wrong = (netlist.fanin < 0) | (netlist.fanin >= own_net[:, None])
    if wrong.any():
        node, pin = (int(i) for i in np.argwhere(wrong)[0])
        raise NetlistError(
            f"Node {node} drives net {own_net[node]} and must read nets 0 to {own_net[node] - 1},"
            f" not net {netlist.fanin[node, pin]} at input {pin}"
        )


def _check_tables(netlist: Netlist) -> None:
    """Raise NetlistError at the first table with entries that its inputs cannot reach."""
    # A table's entries above 2**arity would make equal gates unequal, and digests with them.
    arity = netlist.arity
    if (arity == 0).any():
        node = int(np.argmax(arity == 0))
        raise NetlistError(
            f"Node {node} reads no net; use net 0 or net 1 where a constant is meant"
        )
    entries = np.uint64(1) << arity.astype(np.uint64)
    # With six inputs all 64 bits are entries. A shift by 64 is undefined in numpy, hence the
    # minimum.
    wide = (arity < MAX_FANIN) & ((netlist.table >> np.minimum(entries, np.uint64(63))) != 0)
    if wide.any():
        node = int(np.argmax(wide))
        raise NetlistError(
            f"Node {node} has {arity[node]} inputs and {entries[node]} table entries;"
            f" its table {int(netlist.table[node]):#x} has bits above them"
        )


def _check_outputs(netlist: Netlist) -> None:
    """Raise NetlistError at the first output that is no net."""
    wrong = (netlist.outputs < 0) | (netlist.outputs >= netlist.num_nets)
    if wrong.any():
        index = int(np.argmax(wrong))
        raise NetlistError(
            f"Output {index} must be one of the nets 0 to {netlist.num_nets - 1},"
            f" not net {netlist.outputs[index]}"
        )


def _arity(fanin: NDArray[np.int32]) -> NDArray[np.int32]:
    """Count the inputs up to the last one that is not net 0 (a trailing net 0 is padding)."""
    if not len(fanin):
        return np.zeros(0, np.int32)
    used = fanin != 0
    last = MAX_FANIN - np.argmax(used[:, ::-1], axis=1)
    return np.where(used.any(axis=1), last, 0).astype(np.int32)


def _levels(netlist: Netlist) -> NDArray[np.int32]:
    """Relax from the inputs, one frontier of nets at a time: linear in nodes plus depth."""
    first, nodes = netlist.first_node, netlist.num_nodes
    level = np.zeros(netlist.num_nets, np.int32)
    reads_node = netlist.fanin >= first
    reader, pin = np.nonzero(reads_node)
    source = netlist.fanin[reader, pin] - first
    order = np.argsort(source, kind="stable")
    readers = reader[order]
    start = np.searchsorted(source[order], np.arange(nodes + 1))
    # Kahn's algorithm on arrays: a node's level is known when all the nodes that it reads have one.
    waiting = reads_node.sum(axis=1)
    frontier = np.flatnonzero(waiting == 0)
    depth = 0
    while len(frontier):
        depth += 1
        level[first + frontier] = depth
        length = start[frontier + 1] - start[frontier]
        # The ranges start .. start + length of all frontier nodes, put side by side without a loop.
        offset = np.repeat(start[frontier] - np.cumsum(length) + length, length)
        touched, times = np.unique(readers[offset + np.arange(length.sum())], return_counts=True)
        waiting[touched] -= times
        frontier = touched[waiting[touched] == 0]
    level.flags.writeable = False
    return level
