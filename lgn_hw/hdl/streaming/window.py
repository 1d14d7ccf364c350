"""The window that slides over an image: lines in memory, its columns in registers."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from lgn_hw.convolution import Kernels
from lgn_hw.hdl.block import Quiet
from lgn_hw.hdl.streaming.line import read_line

__all__ = ["LineWindow"]


class LineWindow(Quiet):
    """Turn the pixels of an image into the windows of a convolution, in raster order.

    shape: (channels, rows, columns) of the image. i_pixel: its pixels, all channels at once.
    o_window: for each position of the kernels the bits (channel * size + row) * size + column.

    The image is scanned with `padding` columns of zeros behind each row and `padding` rows of zeros
    behind the last one, a place per cycle; zeros need no pixel. Those behind a row are in front of
    the next one, too, and those behind a frame above the next frame: a frame takes
    (rows + padding) * (columns + padding) cycles. After a reset the scan begins with the zeros
    behind the last row. A window is given in the cycle in which its last place is scanned, whose
    column comes straight from the lines and the pixel; older contents of the lines are out of it
    then.
    """

    def __init__(self, shape: tuple[int, int, int], kernels: Kernels) -> None:
        self.channels, self.rows, self.columns = shape
        self.size, self.padding, self.stride = kernels.kernel_size, kernels.padding, kernels.stride
        self.pitch, self.height = self.columns + self.padding, self.rows + self.padding
        super().__init__(
            {
                "i_pixel": In(stream.Signature(self.channels)),
                "o_window": Out(stream.Signature(self.channels * self.size**2)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # The zeros in front of the first row, and above it: what was in the lines before a reset
        # must be neither above the first row nor at the upper corner of its first window.
        start = (self.rows - 1, self.columns) if self.padding else (0, 0)
        row = Signal(range(max(2, self.height)), init=start[0])
        column = Signal(range(max(2, self.pitch)), init=start[1])
        primed = Signal(init=not self.padding)
        zero, gives, free, slot = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            zero.eq((row >= self.rows) | (column >= self.columns)),
            free.eq(~gives | self.o_window.ready),  # a place that ends no window waits for nobody
            self.i_pixel.ready.eq(free & ~zero),
            self.o_window.valid.eq(gives & (zero | self.i_pixel.valid)),
            slot.eq(free & (zero | self.i_pixel.valid)),
        ]
        row_ends, frame_ends = column == self.pitch - 1, row == self.height - 1
        after = Signal.like(column)
        m.d.comb += after.eq(Mux(row_ends, 0, column + 1))
        with m.If(slot):
            m.d.sync += column.eq(after)
            with m.If(row_ends):
                m.d.sync += row.eq(Mux(frame_ends, 0, row + 1))
                with m.If(frame_ends):
                    m.d.sync += primed.eq(1)
        in_rows = self._in_step(m, row, slot & row_ends, frame_ends)
        in_columns = self._in_step(m, column, slot, row_ends)
        m.d.comb += gives.eq(primed & in_rows & in_columns)
        pixel = Mux(zero, 0, self.i_pixel.payload)
        self._shift(m, slot, [pixel, *self._lines(m, slot, column, after, pixel)])
        return m

    def _in_step(self, m: Module, place: Signal, moves: Value, ends: Value) -> Value:
        """Return whether a window can end at this row or column: after the first, by strides."""
        first = self.size - 1 - self.padding
        begun: Value = place >= first if first else ~Signal(1, name="never")
        if self.stride == 1:
            return begun
        phase = Signal(range(self.stride), name=f"{place.name}_phase")
        with m.If(moves):
            with m.If(ends):
                m.d.sync += phase.eq(0)
            with m.Elif(begun):
                m.d.sync += phase.eq(Mux(phase == self.stride - 1, 0, phase + 1))
        return begun & (phase == 0)

    def _lines(
        self, m: Module, slot: Value, column: Signal, after: Signal, pixel: Value
    ) -> list[Value]:
        """Return the pixels above this one, the nearest row first: a memory as deep as a row."""
        if self.size == 1:
            return []
        width = self.channels * (self.size - 1)
        m.submodules.lines = lines = memory.Memory(shape=width, depth=self.pitch, init=[])
        write = lines.write_port()
        # Never the place that is written: a row has two places or more.
        held = read_line(m, lines, after, slot)
        above = [held.word_select(i, self.channels) for i in range(self.size - 1)]
        m.d.comb += [
            write.addr.eq(column),
            write.en.eq(slot),
            write.data.eq(Cat(pixel, *above[:-1])),
        ]
        return above

    def _shift(self, m: Module, slot: Value, column: list[Value]) -> None:
        """Move the window by a column, its last one; column[0] is its lowest row."""
        taps = {}
        for row, pixels in enumerate(reversed(column)):
            taps[row, self.size - 1] = entering = pixels
            for place in reversed(range(self.size - 1)):
                tap = Signal(self.channels, name=f"tap_{row}_{place}", reset_less=True)
                with m.If(slot):
                    m.d.sync += tap.eq(entering)
                taps[row, place] = entering = tap
        size = range(self.size)
        m.d.comb += self.o_window.payload.eq(
            Cat(taps[r, c][channel] for channel in range(self.channels) for r in size for c in size)
        )
