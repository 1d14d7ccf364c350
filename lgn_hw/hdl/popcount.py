"""Count the votes for every class: a head that is written in words, as a block."""

from typing import Any, TypeVar

from lgn_hw.circuit.backend import WordBackend
from lgn_hw.circuit.heads.head import Head, score_width
from lgn_hw.circuit.heads.layout import Layout
from lgn_hw.circuit.registers import BlockRegisters, Stages
from lgn_hw.hdl.block import Block
from lgn_hw.hdl.logic import Logic

__all__ = ["Popcount", "popcount_block", "score_width"]

V = TypeVar("V", bound=Any)


class Popcount(Block):
    """Count the votes of every class as a layout says, one sample per clock cycle.

    i_votes: all votes, as the layout orders them. o_scores: one unsigned number for each class,
    class 0 lowest, `latency` clock cycles later. Registers stand where registers says (see
    circuit.registers.Stages).
    """

    def __init__(self, layout: Layout, registers: BlockRegisters) -> None:
        self.layout = layout
        self.stages = Stages(layout.depth, registers)
        self.latency = self.stages.latency
        super().__init__(("i_votes", layout.num_votes), {"o_scores": layout.num_scores})

    def lay_out(self, backend: WordBackend[V], source: V) -> tuple[V]:
        return (self.layout.lay_out(backend, self.stages, source),)


def popcount_block(head: Head, registers: BlockRegisters) -> Block:
    """Return a head's block: as its layout says, or its netlist node by node."""
    layout = head.layout()
    return Logic(head.popcount(), registers) if layout is None else Popcount(layout, registers)
