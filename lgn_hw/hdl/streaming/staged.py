"""A pipelined block between two streams."""

from amaranth.hdl import Cat, EnableInserter, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from lgn_hw.hdl.block import Block, Quiet

__all__ = ["Staged"]


class Staged(Quiet):
    """Move a block whenever its last value does not wait.

    i_words: what the block reads. o_words: what its sinks give, the first one lowest, in order and
    its latency later. Only the valid bits are reset.
    """

    def __init__(self, block: Block) -> None:
        self.block = block
        width = sum(block.sinks.values())
        super().__init__(
            {
                "i_words": In(stream.Signature(block.source[1])),
                "o_words": Out(stream.Signature(width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid, advance = Signal(self.block.latency), Signal()
        m.submodules.block = EnableInserter(advance)(self.block)
        m.d.comb += [
            self.o_words.valid.eq(valid[-1]),
            advance.eq(~self.o_words.valid | self.o_words.ready),
            self.i_words.ready.eq(advance),
            getattr(self.block, self.block.source[0]).eq(self.i_words.payload),
            self.o_words.payload.eq(Cat(getattr(self.block, sink) for sink in self.block.sinks)),
        ]
        with m.If(advance):
            m.d.sync += valid.eq(Cat(self.i_words.valid, valid))
        return m
