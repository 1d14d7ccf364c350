"""A netlist as two-input ANDs and inverters: the language of AIGER files and of provers.

AIGER (Biere, "The AIGER And-Inverter Graph (AIG) format", 2007) is what ABC and SAT tools read. Our
own netlist is coarser, a table per gate, so this is a translation and not the representation.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.netlist.tables import compose

__all__ = ["Aig", "to_aig", "to_netlist"]


@dataclass(frozen=True, eq=False)
class Aig:
    """Hold an and-inverter graph in the numbering of AIGER.

    Variable 0 is constant 0, variables 1 .. num_inputs the inputs, and AND i drives variable
    1+num_inputs+i. A literal is 2 * variable, plus 1 where its inverse is meant.

    ands: int64[ands, 2], the literals that each AND reads; of earlier variables only.
    outputs: int64[outputs], literals.
    """

    num_inputs: int
    ands: NDArray[np.int64]
    outputs: NDArray[np.int64]

    @property
    def first_and(self) -> int:
        """The variable that AND 0 drives."""
        return 1 + self.num_inputs

    def with_inputs(self, literals: NDArray[np.int64]) -> "Aig":
        """Return what is left where each input is put in: a literal of a constant or an input."""
        # By variable, the literal that takes its place: itself, except for inputs.
        placed = 2 * np.arange(self.first_and + len(self.ands))
        placed[1 : self.first_and] = literals
        ands, outputs = (placed[x >> 1] ^ (x & 1) for x in (self.ands, self.outputs))
        return Aig(self.num_inputs, ands, outputs)

    def between(self, sources: NDArray[np.int64], outputs: NDArray[np.int64]) -> "Aig | None":
        """Return literals as a function of other literals, cut there; None where they read more.

        The graph that is returned has an input for each source. Of sources that are one variable
        it reads the first.
        """
        # -1: not known yet; the constant, and what the cut gives, are.
        placed = np.full(self.first_and + len(self.ands), -1)
        placed[0] = 0
        variables, first = np.unique(sources >> 1, return_index=True)
        first, variables = first[variables > 0], variables[variables > 0]
        placed[variables] = 2 * (1 + first) ^ (sources[first] & 1)
        read = self._cone(outputs >> 1, placed >= 0)
        # An input that is not a source would be read past the cut.
        if read[: self.first_and].any():
            return None
        own = np.flatnonzero(read)
        placed[own] = 2 * (1 + len(sources) + np.arange(len(own)))
        ands = self.ands[own - self.first_and]
        ands, ends = (placed[x >> 1] ^ (x & 1) for x in (ands, outputs))
        return Aig(len(sources), ands, ends)

    def _cone(self, roots: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return bool[variables]: on what the roots depend, down to what is known, without it."""
        read = np.zeros(len(known), bool)
        front = roots
        while len(front := np.unique(front[~known[front] & ~read[front]])):
            read[front] = True
            ands = front[front >= self.first_and] - self.first_and
            front = self.ands[ands].ravel() >> 1
        return read


def to_aig(netlist: Netlist) -> Aig:
    """Return the same function as ANDs; each table is expanded as in lgn_hw.netlist.tables.

    Every node becomes one AND at least, so that nothing is simplified on the way to a proof.

    It raises nothing: every Netlist has an AIG.
    """
    # A network has few different tables: each is expanded once, and its ANDs are then placed for
    # all nodes that have it at a time.
    kinds, kind = np.unique(
        np.column_stack([netlist.arity.astype(np.uint64), netlist.table]),
        axis=0,
        return_inverse=True,
    )
    gates = [_Gates(int(arity), int(table)) for arity, table in kinds]
    # A node's ANDs follow each other, the last one being its output: the start of each follows from
    # a sum.
    count = np.array([len(g.ands) for g in gates], np.int64)[kind]
    first = 1 + netlist.num_inputs + np.cumsum(count) - count
    literal = np.zeros(netlist.num_nets, np.int64)
    literal[1] = 1
    literal[FIRST_INPUT : netlist.first_node] = 2 * np.arange(1, 1 + netlist.num_inputs)
    last = np.array([g.output & 1 for g in gates], np.int64)[kind]
    literal[netlist.first_node :] = 2 * (first + count - 1) + last
    ands = np.zeros((int(count.sum()), 2), np.int64)
    order = np.argsort(kind, kind="stable")
    bounds = np.searchsorted(kind[order], np.arange(1, len(gates)))
    for g, nodes in zip(gates, np.split(order, bounds), strict=False):
        pins = literal[netlist.fanin[nodes, : g.arity]]
        for i, pair in enumerate(g.ands):
            row = first[nodes] + i - (1 + netlist.num_inputs)
            ands[row] = np.stack([_placed(g, lit, pins, first[nodes]) for lit in pair], axis=1)
    return Aig(netlist.num_inputs, ands, literal[netlist.outputs])


def to_netlist(aig: Aig) -> Netlist:
    """Return the same function as nodes of two inputs, with inverters where outputs need them.

    The ANDs keep their number and order, so that AND i is node i; inverters for outputs come
    behind.
    """
    nodes = len(aig.ands)
    table = np.array([0b1000, 0b0100, 0b0010, 0b0001], np.uint64)  # AND of inputs 0, 1 inverted
    which = (aig.ands & 1) @ np.array([1, 2])
    nets, constant = _nets(aig.ands), aig.ands <= 1
    # A constant is read as net 0 or net 1, which has the right polarity already: the bit that would
    # invert it is cleared.
    which[constant[:, 0]] &= 2  # constants are nets of both values
    which[constant[:, 1]] &= 1
    nets, tables = _without_trailing_zero(nets, table[which])
    inverse = (aig.outputs & 1 == 1) & (aig.outputs > 1)
    inverted, where = np.unique(aig.outputs[inverse], return_inverse=True)
    fanin = np.zeros((nodes + len(inverted), MAX_FANIN), np.int32)
    fanin[:nodes, :2], fanin[nodes:, 0] = nets, _nets(inverted)
    outputs = _nets(aig.outputs).astype(np.int32)
    outputs[inverse] = FIRST_INPUT + aig.num_inputs + nodes + where
    tables = np.concatenate([tables, np.ones(len(inverted), np.uint64)])
    return Netlist(aig.num_inputs, fanin, tables, outputs)


def _nets(literals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nets of an AIG's variables: constants first, then inputs and nodes."""
    return np.where(literals <= 1, literals, (literals >> 1) + 1)


def _without_trailing_zero(
    nets: NDArray[np.int64], table: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Read net 1 with a table of constant 0 where an AND reads constant 0."""
    zero = (nets == 0).any(axis=1)
    return np.where(zero[:, None], [1, 1], nets), np.where(zero, np.uint64(0), table)


def _placed(
    gates: "_Gates", literal: int, pins: NDArray[np.int64], first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Turn a literal inside one table's gates into literals of the whole graph."""
    variable, inverse = literal >> 1, literal & 1
    if variable == 0:
        return np.full(len(first), inverse)
    if variable <= gates.arity:
        return pins[:, variable - 1] ^ inverse
    return 2 * (first + variable - gates.arity - 1) + inverse


class _Gates:
    """The ANDs of one truth table: variables 1 .. arity are its inputs, then come the ANDs.

    The last AND is the output, inverted where output & 1.
    """

    def __init__(self, arity: int, table: int) -> None:
        self.arity = arity
        self.ands: list[tuple[int, int]] = []
        self._known: dict[tuple[int, int], int] = {}
        inputs = [_Wire(self, 2 * (pin + 1)) for pin in range(arity)]
        masks = [table >> entry & 1 for entry in range(1 << arity)]
        wire: _Wire = compose(masks, inputs, 1, lambda mask: _Wire(self, mask))
        self.output = wire.literal
        if not self.ands or self.output >> 1 != arity + len(self.ands):
            # A wire, or an AND that was known and is not the last.
            self.ands.append((self.output & ~1, 1) if self.output > 1 else (0, 0))
            self.output = 2 * (arity + len(self.ands)) + (self.output & 1)

    def conjunction(self, a: int, b: int) -> int:
        """Return the literal of a & b, made once; constants and repetitions fold."""
        # AIGER wants the larger literal first, and one order makes equal ANDs equal keys.
        a, b = max(a, b), min(a, b)
        if b == 0 or a == b ^ 1:
            return 0
        if b == 1 or a == b:
            return a
        if (a, b) not in self._known:
            self.ands.append((a, b))
            self._known[a, b] = 2 * (self.arity + len(self.ands))
        return self._known[a, b]


@dataclass(frozen=True)
class _Wire:
    """A literal with the operators that lgn_hw.netlist.tables.compose uses."""

    gates: _Gates
    literal: int

    def __and__(self, other: "_Wire") -> "_Wire":
        return _Wire(self.gates, self.gates.conjunction(self.literal, other.literal))

    def __invert__(self) -> "_Wire":
        return _Wire(self.gates, self.literal ^ 1)

    def __or__(self, other: "_Wire") -> "_Wire":
        return ~(~self & ~other)

    def __xor__(self, other: Any) -> "_Wire":
        # As yosys builds it, so that what comes from there has the same structure.
        return ~(self & other) & ~(~self & ~other)
