"""Votes straight from positions: counters for the classes instead of a popcount of a frame."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from lgn_hw.circuit.heads.adders import AdderLayout
from lgn_hw.hdl.block import Quiet
from lgn_hw.hdl.popcount import Popcount
from lgn_hw.hdl.streaming.staged import Staged

__all__ = ["Tally"]


class Tally(Quiet):
    """Add up the votes of each class over the positions of a frame.

    group: the class of each channel. positions: of a frame. i_pixel: the votes at a position.
    o_scores: one unsigned number of `width` bits for each class, class 0 lowest, a clock cycle
    after the votes of the last position are counted.
    """

    def __init__(self, group: Sequence[int], classes: int, positions: int, registers: int) -> None:
        self.group, self.classes, self.positions = tuple(group), classes, positions
        sizes = [self.group.count(number) for number in range(classes)]
        self.width = max(1, (max(sizes) * positions).bit_length())
        adders = AdderLayout(sizes)
        self.popcount, self.count_width = Popcount(adders, registers), adders.width
        super().__init__(
            {
                "i_pixel": In(stream.Signature(len(self.group))),
                "o_scores": Out(stream.Signature(classes * self.width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.counts = counts = Staged(self.popcount)
        position = Signal(range(max(2, self.positions)))
        advance, taken = Signal(), Signal()
        order = sorted(range(len(self.group)), key=lambda kernel: self.group[kernel])
        m.d.comb += [
            counts.i_words.valid.eq(self.i_pixel.valid),
            self.i_pixel.ready.eq(counts.i_words.ready),
            counts.i_words.payload.eq(Cat(self.i_pixel.payload[kernel] for kernel in order)),
            advance.eq(~self.o_scores.valid | self.o_scores.ready),
            counts.o_words.ready.eq(advance),
            taken.eq(advance & counts.o_words.valid),
        ]
        ends = position == self.positions - 1
        with m.If(advance):
            m.d.sync += self.o_scores.valid.eq(taken & ends)
        with m.If(taken):
            m.d.sync += position.eq(Mux(ends, 0, position + 1))
        scores = [
            Signal(self.width, name=f"score{c}", reset_less=True) for c in range(self.classes)
        ]
        for number, score in enumerate(scores):
            votes = counts.o_words.payload.word_select(number, self.count_width)
            with m.If(taken):
                m.d.sync += score.eq(Mux(position == 0, 0, score) + votes)
        m.d.comb += self.o_scores.payload.eq(Cat(scores))
        return m
