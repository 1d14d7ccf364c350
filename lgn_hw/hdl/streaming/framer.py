"""Pixels to whole frames of bits: what is cut short is filled up, what is too long passed over."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream
from amaranth.lib.wiring import In, Out

from lgn_hw.convolution import Convolution
from lgn_hw.features import Features
from lgn_hw.hdl.block import Quiet

__all__ = ["Framer", "pixel_layout", "pixel_width"]


def pixel_width(section: Convolution, features: Features) -> int:
    """Return the bits of one pixel, the codes of all channels, channel 0 lowest."""
    pixels = section.shape[1] * section.shape[2]
    return int(features.width[::pixels].sum())


def pixel_layout(section: Convolution, features: Features) -> data.StructLayout:
    """Return what a transfer carries: the codes, and above them whether the frame ends here."""
    return data.StructLayout({"codes": pixel_width(section, features), "last": 1})


class Framer(Quiet):
    """Take pixels, give the planes' bits of exactly rows * columns pixels a frame.

    i_pixel: pixels in raster order, `last` at the end of a frame. o_planes: the planes' bits of a
    pixel, one clock cycle later. o_frame: one bit for each frame, from when its end is known:
    whether it was cut short or went on for too long.

    The pixels that a short frame lacks are zeros. A frame that goes on after its last pixel is
    passed over up to `last`. Either way the next pixel is the first of the next frame.

    depth: for how many frames it keeps how they ended; a further one has to wait.
    """

    def __init__(self, section: Convolution, features: Features, depth: int) -> None:
        self.depth = depth
        self.section, self.features = section, features
        self.pixels = section.shape[1] * section.shape[2]
        super().__init__(
            {
                "i_pixel": In(stream.Signature(pixel_layout(section, features))),
                "o_planes": Out(stream.Signature(section.num_planes)),
                "o_frame": Out(stream.Signature(1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        index = Signal(range(max(2, self.pixels)))
        # filling: zeros stand for the rest of a frame that was cut short. skipping: a frame is
        # longer than it may be, and its pixels are taken and forgotten up to `last`.
        filling, skipping = Signal(), Signal()
        advance, at_end, room, taken = Signal(), Signal(), Signal(), Signal()
        last = self.i_pixel.payload.last
        m.d.comb += [
            # The planes' register is free, or becomes free in this cycle. A pixel needs room for
            # how its frame ends, too: a result waits for that.
            at_end.eq(index == self.pixels - 1),
            advance.eq(~self.o_planes.valid | self.o_planes.ready),
            self.i_pixel.ready.eq(skipping | (advance & room & ~filling)),
            taken.eq(advance & ~skipping & (filling | (self.i_pixel.valid & room))),
        ]
        with m.If(advance):
            m.d.sync += self.o_planes.valid.eq(taken)
        with m.If(taken):
            m.d.sync += index.eq(index + 1)
            with m.If(at_end):
                m.d.sync += [index.eq(0), filling.eq(0), skipping.eq(~filling & ~last)]
            with m.Elif(last & ~filling):
                m.d.sync += filling.eq(1)
        with m.If(skipping & self.i_pixel.valid & last):
            m.d.sync += skipping.eq(0)
        self._planes(m, taken, filling, index)
        self._ends(m, taken & ~filling & (at_end | last), ~(at_end & last), room)
        return m

    def _planes(self, m: Module, taken: Value, filling: Value, index: Value) -> None:
        """Compare the codes with the thresholds; a place that lacks its bit is masked by a ROM."""
        section = self.section
        bits = Signal(section.num_planes, reset_less=True)
        with m.If(taken):
            m.d.sync += bits.eq(Mux(filling, 0, self._compared()))
        if not len(section.missing):
            m.d.comb += self.o_planes.payload.eq(bits)
            return
        # Pixels that lack a threshold of their channel have no bit for it: the circuit reads 0.
        lacking = np.zeros((section.num_planes, self.pixels), bool)
        lacking.reshape(-1)[section.missing] = True
        words = (~lacking * (1 << np.arange(section.num_planes, dtype=object))[:, None]).sum(axis=0)
        depth = max(2, self.pixels)
        m.submodules.present = present = memory.Memory(
            shape=section.num_planes, depth=depth, init=[int(word) for word in words]
        )
        port = present.read_port()
        m.d.comb += [
            port.addr.eq(index),
            port.en.eq(taken),
            self.o_planes.payload.eq(bits & port.data),
        ]

    def _compared(self) -> Value:
        """Return the planes' bits of the codes on the port."""
        section, features = self.section, self.features
        # All pixels of a channel have one range, so that every so many features stand for it.
        widths = features.width[:: self.pixels].tolist()
        start = np.cumsum([0, *widths])
        signed = (features.low < 0)[:: self.pixels]
        found = []
        for channel, threshold in zip(section.channel, section.threshold.tolist(), strict=True):
            code = self.i_pixel.payload.codes[int(start[channel]) : int(start[channel + 1])]
            found.append((code.as_signed() if signed[channel] else code) > Const(threshold))
        return Cat(found)

    def _ends(self, m: Module, ended: Value, wrong: Value, room: Signal) -> None:
        """Keep how frames ended until their results are there; the oldest is lowest."""
        kept, level = Signal(self.depth), Signal(range(self.depth + 1))
        place = Signal.like(level)
        told = self.o_frame.valid & self.o_frame.ready
        m.d.comb += [
            # Where the new bit goes if the lowest one leaves in the same cycle.
            place.eq(level - told),
            room.eq(level != self.depth),
            self.o_frame.valid.eq(level != 0),
            self.o_frame.payload.eq(kept[0]),
        ]
        with m.If(told):
            m.d.sync += kept.eq(kept[1:])
        with m.If(ended):
            m.d.sync += kept.bit_select(place, 1).eq(wrong)
        m.d.sync += level.eq(level + ended - told)
