"""The last maps of a frame, bit by bit in registers, for layers that read all of them."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from lgn_hw.hdl.block import Quiet

__all__ = ["Collector"]


class Collector(Quiet):
    """Keep the positions of a frame until all are there.

    shape: (channels, rows, columns) of the maps. i_pixel: their positions in raster order. o_bits:
    all of them by channel, row and column, one clock cycle after the last one, until it is taken.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.channels, self.rows, self.columns = shape
        super().__init__(
            {
                "i_pixel": In(stream.Signature(self.channels)),
                "o_bits": Out(stream.Signature(self.channels * self.rows * self.columns)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        row, column = Signal(range(max(2, self.rows))), Signal(range(max(2, self.columns)))
        advance, taken = Signal(), Signal()
        row_ends, frame_ends = column == self.columns - 1, row == self.rows - 1
        m.d.comb += [
            advance.eq(~self.o_bits.valid | self.o_bits.ready),
            self.i_pixel.ready.eq(advance),
            taken.eq(advance & self.i_pixel.valid),
        ]
        with m.If(advance):
            m.d.sync += self.o_bits.valid.eq(taken & row_ends & frame_ends)
        with m.If(taken):
            m.d.sync += column.eq(Mux(row_ends, 0, column + 1))
            with m.If(row_ends):
                m.d.sync += row.eq(Mux(frame_ends, 0, row + 1))
        # Decoded in two parts, so that the enable of a position is one LUT.
        of_row = [(row == number) & taken for number in range(self.rows)]
        kept = {}
        for r, line in enumerate(of_row):
            for c in range(self.columns):
                bits = Signal(self.channels, name=f"kept_{r}_{c}", reset_less=True)
                with m.If(line & (column == c)):
                    m.d.sync += bits.eq(self.i_pixel.payload)
                kept[r, c] = bits
        m.d.comb += self.o_bits.payload.eq(
            Cat(
                kept[r, c][channel]
                for channel in range(self.channels)
                for r in range(self.rows)
                for c in range(self.columns)
            )
        )
        return m
