"""Carry chains in words: LUTs in front of adders, level by level.

Nets of the netlist are placed in words level by level; what is written as `+` here is what
synthesis puts into carry chains, so the form of the text decides the hardware.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lgn_hw.circuit.backend import WordBackend
from lgn_hw.circuit.heads.layout import Layout, LevelCost
from lgn_hw.circuit.nets import Nets
from lgn_hw.circuit.registers import Stages
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.builder import ZERO
from lgn_hw.netlist.tables import compose

__all__ = ["Adder", "ChainLayout"]

V = TypeVar("V", bound=Any)


@dataclass(frozen=True)
class Adder:
    """A carry chain: first + second + carry = total.

    Literals, the lowest bit first. `first` goes beside the LUTs, `second` through them; counted: it
    is the number that these count. `total` has the carry out, too, where it has one bit more.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    carry: int
    total: tuple[int, ...]
    counted: bool


class ChainLayout(Layout):
    """Write adders, of which every one is one `+` of two numbers and a carry.

    netlist: what they compute, bit by bit, and the LUTs before them. scores: the literals of the
    scores. held: for each level, from 0, the nets that a register after it holds.
    """

    def __init__(
        self, netlist: Netlist, scores: Sequence[int], adders: Sequence[Sequence[Adder]]
    ) -> None:
        self._levels = adders or [[]]
        self._netlist, self._scores = netlist, scores
        self.depth = len(adders)
        self.num_votes, self.num_scores = netlist.num_inputs, netlist.num_outputs
        self.held = self._lives()

    def levels(self) -> list[LevelCost]:
        """A level is a LUT, and as many carries as its longest chain has."""
        longest = [max((len(a.total) for a in level), default=0) for level in self._levels]
        return [
            LevelCost(1, carries, len(self.held[number]))
            for number, carries in enumerate(longest, 1)
        ]

    def lay_out(self, backend: WordBackend[V], stages: Stages, votes: V) -> V:
        """Return the scores, class 0 lowest: level by level, LUTs in front of one carry chain per
        adder.
        """
        nets = Nets(self._netlist.num_nets, backend)
        nets.place(np.arange(FIRST_INPUT, self._netlist.first_node), votes)
        self._end_level(nets, stages, 0)
        for number, adders in enumerate(self._levels, 1):
            self._count(nets, f"level{number}", adders)
            for i, adder in enumerate(adders):
                name, width = f"level{number}_sum{i}", len(adder.total)
                first = _read(nets, f"{name}_first", adder.first)
                second = _read(nets, f"{name}_second", adder.second)
                carry = _read(nets, f"{name}_carry", [adder.carry])
                # Both operands and the carry in one sum: synthesis makes one chain of it, and two
                # of two sums.
                total = backend.add(first, second, width, None if adder.carry == ZERO else carry)
                nets.place(_nets_of(adder.total), backend.wire(name, width, total))
            self._end_level(nets, stages, number)
        return _read(nets, "scores", self._scores)

    def _count(self, nets: Nets[V], name: str, adders: Sequence[Adder]) -> None:
        """Build the LUTs before a level's chains: one operation for all that share a table."""
        netlist, backend = self._netlist, nets.backend
        made = [literal for adder in adders if adder.counted for literal in adder.second]
        node = _nets_of(made) - netlist.first_node
        for table in np.unique(netlist.table[node]).tolist():
            alike = node[netlist.table[node] == table]
            for arity in np.unique(netlist.arity[alike]).tolist():
                same = alike[netlist.arity[alike] == arity]
                label, count = f"{name}_node{same[0]}", len(same)
                pins = [
                    backend.wire(f"{label}_in{pin}", count, nets.read(netlist.fanin[same, pin]))
                    for pin in range(arity)
                ]
                full = (1 << count) - 1
                masks = [full * (table >> entry & 1) for entry in range(1 << arity)]
                value = compose(masks, pins, full, partial(backend.constant, width=count))
                nets.place(netlist.first_node + same, backend.wire(label, count, value))

    def _end_level(self, nets: Nets[V], stages: Stages, level: int) -> None:
        """Put registers after a level, where there are any, on all nets that are read behind it."""
        held = self.held[level]
        if stages.ends_at(level):
            value = nets.read(held)
            nets.place(held, nets.backend.register(f"held{level}", len(held), value))

    def _lives(self) -> list[NDArray[np.int64]]:
        """Follow which nets arise until a level and are read behind it."""
        netlist, levels = self._netlist, self._levels
        born = np.full(netlist.num_nets, len(levels) + 1)
        born[FIRST_INPUT : netlist.first_node] = 0
        read = np.full(netlist.num_nets, -1)
        for number, adders in enumerate(levels, 1):
            for adder in adders:
                born[_nets_of(adder.total)] = number
                sources = [*adder.first, adder.carry, *(() if adder.counted else adder.second)]
                read[_nets_of(sources)] = number
                if adder.counted:
                    made = _nets_of(adder.second) - netlist.first_node
                    read[netlist.fanin[made]] = number
        read[_nets_of(self._scores)] = len(levels) + 1
        read[:FIRST_INPUT] = -1  # constants need no registers
        # Alive behind a level is what arose until then and is read later: only that takes
        # flip-flops.
        return [np.flatnonzero((born <= i) & (read > i)) for i in range(len(levels) + 1)]


def _nets_of(literals: Sequence[int]) -> NDArray[np.int64]:
    """Return the nets of literals; constant 0 is net 0, whatever literal means it."""
    return np.array([0 if literal == ZERO else literal >> 1 for literal in literals], np.int64)


def _read(nets: Nets[V], name: str, literals: Sequence[int]) -> V:
    """Join literals, the first one lowest."""
    value = nets.read(_nets_of(literals))
    inverse = sum((literal & 1) << i for i, literal in enumerate(literals) if literal != ZERO)
    if not inverse:
        return value
    width = len(literals)
    return nets.backend.wire(name, width, value ^ nets.backend.constant(inverse, width))
