"""A streaming core for samples that arrive byte by byte: bytes to pixels, results to classes."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions
from lgn_hw.link.gateware.byte_ports import byte_ports
from lgn_hw.link.plan import LinkPlan

__all__ = ["PixelCore"]


class PixelCore(wiring.Component):
    """Classify frames that arrive byte by byte; equal to Classifier.predict.

    Its ports are those of core.ByteCore, and o_ready: a byte that comes while it is 0 is lost. On
    the link every byte finds it at 1 (see LinkPlan), and the self-test waits for it.

    i_start resets the core, so that whatever was under way cannot shift the frames that follow.
    Behind the last pixel of a frame the rest of its last byte is dropped.
    """

    def __init__(self, plan: LinkPlan) -> None:
        form = plan.pixels
        self.core = StreamingCore(form, StreamingOptions(plan.registers))
        self.sample_bytes = plan.sample_bytes
        super().__init__(byte_ports(form.num_classes) | {"o_ready": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = ResetInserter(self.i_start)(self.core)
        pixel, result = self.core.i_pixel, self.core.o_result
        width, pixels = len(pixel.payload.codes), self.core.framer.pixels
        # A shift register: a byte goes in at the top, pixels leave at the bottom; a byte may hold
        # several pixels, or a pixel several bytes.
        bits, count = Signal(width + 7), Signal(range(width + 8))
        byte, has = Signal(8), Signal()
        index, taken = Signal(range(max(2, pixels))), Signal()
        bytes_seen = Signal(range(max(2, self.sample_bytes)))
        m.d.comb += [
            self.o_ready.eq(~has),
            self.o_between.eq(bytes_seen == 0),
            pixel.valid.eq(count >= width),
            pixel.payload.codes.eq(bits[:width]),
            pixel.payload.last.eq(index == pixels - 1),
            taken.eq(pixel.valid & pixel.ready),
            result.ready.eq(1),
            self.o_done.eq(result.valid),
            self.o_class.eq(result.payload.class_index),
        ]
        with m.If(taken):
            m.d.sync += [bits.eq(bits >> width), count.eq(count - width), index.eq(index + 1)]
            # The next frame begins with a byte of its own: what is left of this one is padding.
            with m.If(pixel.payload.last):
                m.d.sync += [bits.eq(0), count.eq(0), index.eq(0)]
        with m.Elif(has & ~pixel.valid):
            m.d.sync += [bits.eq(bits | (byte << count)[: len(bits)]), count.eq(count + 8)]
            m.d.sync += has.eq(0)
        with m.If(self.i_valid):
            ends = bytes_seen == self.sample_bytes - 1
            m.d.sync += [byte.eq(self.i_byte), has.eq(1)]
            m.d.sync += bytes_seen.eq(Mux(ends, 0, bytes_seen + 1))
        # Last, and so stronger than all above: a byte that comes with i_start belongs to nothing.
        with m.If(self.i_start):
            m.d.sync += [bits.eq(0), count.eq(0), index.eq(0), has.eq(0), bytes_seen.eq(0)]
        return m
