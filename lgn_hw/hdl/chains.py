"""Count the votes for every class in carry chains: LUTs in front of adders, level by level."""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lgn_hw.circuit.heads.chains import Adder, ChainTally
from lgn_hw.circuit.stages import Cuts, Stages
from lgn_hw.hdl.backend import Vectors
from lgn_hw.hdl.block import Block
from lgn_hw.hdl.nets import Nets
from lgn_hw.netlist import FIRST_INPUT
from lgn_hw.netlist.builder import ZERO
from lgn_hw.netlist.tables import compose

__all__ = ["ChainPopcount"]

V = TypeVar("V", bound=Any)


class ChainPopcount(Block):
    """Add up votes as a blocks.chains.ChainTally does, one sample a clock cycle.

    i_votes: its inputs, input 0 lowest. o_scores: its outputs, `latency` clock cycles later.

    Every adder is one `+` of two numbers and a carry. Registers stand where levels_per_stage says
    (see stages.Stages). held: for each level, from 0, the nets that a register after it holds.
    """

    def __init__(self, tally: ChainTally, levels_per_stage: Cuts) -> None:
        self._levels = tally.levels or [[]]
        self._netlist, self._scores = tally.netlist(), tally.outputs
        self.stages = Stages(len(tally.levels), levels_per_stage)
        self.latency = self.stages.latency
        self.held = self._lives()
        super().__init__(
            ("i_votes", self._netlist.num_inputs), {"o_scores": self._netlist.num_outputs}
        )

    def lay_out(self, vectors: Vectors[V], source: V) -> tuple[V]:
        nets = Nets(self._netlist.num_nets, vectors)
        nets.place(np.arange(FIRST_INPUT, self._netlist.first_node), source)
        self._end_level(nets, 0)
        for number, adders in enumerate(self._levels, 1):
            self._count(nets, f"level{number}", adders)
            for i, adder in enumerate(adders):
                name, width = f"level{number}_sum{i}", len(adder.given)
                first = _read(nets, f"{name}_first", adder.first)
                second = _read(nets, f"{name}_second", adder.second)
                carry = _read(nets, f"{name}_carry", [adder.carry])
                total = vectors.add(first, second, width, None if adder.carry == ZERO else carry)
                nets.place(_nets_of(adder.given), vectors.wire(name, width, total))
            self._end_level(nets, number)
        return (_read(nets, "scores", self._scores),)

    def _count(self, nets: Nets[V], name: str, adders: Sequence[Adder]) -> None:
        """Build the LUTs before a level's chains: one operation for all that share a table."""
        netlist, vectors = self._netlist, nets.vectors
        made = [literal for adder in adders if adder.counted for literal in adder.second]
        node = _nets_of(made) - netlist.first_node
        for table in np.unique(netlist.table[node]).tolist():
            alike = node[netlist.table[node] == table]
            for arity in np.unique(netlist.arity[alike]).tolist():
                same = alike[netlist.arity[alike] == arity]
                label, count = f"{name}_node{same[0]}", len(same)
                pins = [
                    vectors.wire(f"{label}_in{pin}", count, nets.read(netlist.fanin[same, pin]))
                    for pin in range(arity)
                ]
                full = (1 << count) - 1
                masks = [full * (table >> entry & 1) for entry in range(1 << arity)]
                value = compose(masks, pins, full, partial(vectors.constant, width=count))
                nets.place(netlist.first_node + same, vectors.wire(label, count, value))

    def _end_level(self, nets: Nets[V], level: int) -> None:
        held = self.held[level]
        if self.stages.ends_at(level):
            value = nets.read(held)
            nets.place(held, nets.vectors.register(f"held{level}", len(held), value))

    def _lives(self) -> list[NDArray[np.int64]]:
        """Follow which nets arise until a level and are read behind it."""
        netlist, levels = self._netlist, self._levels
        born = np.full(netlist.num_nets, len(levels) + 1)
        born[FIRST_INPUT : netlist.first_node] = 0
        read = np.full(netlist.num_nets, -1)
        for number, adders in enumerate(levels, 1):
            for adder in adders:
                born[_nets_of(adder.given)] = number
                sources = [*adder.first, adder.carry, *(() if adder.counted else adder.second)]
                read[_nets_of(sources)] = number
                if adder.counted:
                    made = _nets_of(adder.second) - netlist.first_node
                    read[netlist.fanin[made]] = number
        read[_nets_of(self._scores)] = len(levels) + 1
        read[:FIRST_INPUT] = -1  # constants need no registers
        return [np.flatnonzero((born <= i) & (read > i)) for i in range(len(levels) + 1)]


def _nets_of(literals: Sequence[int]) -> NDArray[np.int64]:
    return np.array([0 if literal == ZERO else literal >> 1 for literal in literals], np.int64)


def _read(nets: Nets[V], name: str, literals: Sequence[int]) -> V:
    """Join literals, the first one lowest."""
    value = nets.read(_nets_of(literals))
    inverse = sum((literal & 1) << i for i, literal in enumerate(literals) if literal != ZERO)
    if not inverse:
        return value
    width = len(literals)
    return nets.vectors.wire(name, width, value ^ nets.vectors.constant(inverse, width))
