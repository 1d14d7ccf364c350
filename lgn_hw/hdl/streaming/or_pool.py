"""The OR of windows that do not overlap, with a line of them in memory."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from lgn_hw.hdl.block import Quiet
from lgn_hw.hdl.streaming.line import read_line

__all__ = ["OrPool"]


class OrPool(Quiet):
    """Take the maps of an image position by position, give those of its windows of size x size.

    channels: of the maps. columns: of the image, a multiple of size, which is 2 or more; so are its
    rows. o_pixel comes one clock cycle after the last position of a window.
    """

    def __init__(self, channels: int, columns: int, size: int) -> None:
        self.channels, self.columns, self.size = channels, columns // size, size
        super().__init__(
            {
                "i_pixel": In(stream.Signature(channels)),
                "o_pixel": Out(stream.Signature(channels)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        row, place = Signal(range(self.size)), Signal(range(self.size))
        column = Signal(range(max(2, self.columns)))
        begun = Signal(self.channels, reset_less=True)  # of this row of the window
        advance, taken, ends, gives = Signal(), Signal(), Signal(), Signal()
        in_row, found = Signal(self.channels), Signal(self.channels)
        m.submodules.lines = lines = memory.Memory(
            shape=self.channels, depth=max(2, self.columns), init=[]
        )
        write = lines.write_port()
        # The rows above are read at the first place of a window, and written at its last.
        above = read_line(m, lines, column, taken & (place == 0))
        m.d.comb += [
            advance.eq(~self.o_pixel.valid | self.o_pixel.ready),
            self.i_pixel.ready.eq(advance),
            taken.eq(advance & self.i_pixel.valid),
            ends.eq(place == self.size - 1),
            gives.eq(ends & (row == self.size - 1)),
            in_row.eq(Mux(place == 0, 0, begun) | self.i_pixel.payload),
            # Read at the last place of a row of the window only, where it is in_row and the rows
            # above: written out, so that a channel's LUT in front of `begun` is that one's own.
            found.eq(Mux(row == 0, 0, above) | begun | self.i_pixel.payload),
            write.addr.eq(column),
            write.data.eq(found),
            write.en.eq(taken & ends),
        ]
        with m.If(advance):
            m.d.sync += self.o_pixel.valid.eq(taken & gives)
        with m.If(taken):
            m.d.sync += [begun.eq(in_row), place.eq(Mux(ends, 0, place + 1))]
            with m.If(ends):
                m.d.sync += column.eq(column + 1)
                with m.If(gives):
                    m.d.sync += self.o_pixel.payload.eq(found)
                with m.If(column == self.columns - 1):
                    m.d.sync += [
                        column.eq(0),
                        row.eq(Mux(row == self.size - 1, 0, row + 1)),
                    ]
        return m
