"""AXI4-Stream video to the pixels of a streaming core: lines and frames put right, errors told."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

__all__ = ["VideoReceiver", "bytes_of"]


def bytes_of(bits: int) -> int:
    """Return how many bytes carry so many bits."""
    return -(-bits // 8)


class VideoReceiver(wiring.Component):
    """Give exactly rows * columns pixels for each frame, and `last` as the core wants it.

    tdata, tuser, tlast, tvalid, tready: the AXI4-Stream, a pixel a beat. TUSER is 1 at the first
    pixel of a frame and TLAST at the last one of a line, as AXI4-Stream video has them. The codes
    of the channels are in the lowest `pixel_bits` bits of tdata.

    o_pixel: the codes, and above them `last`, in the same cycle. What a line lacks is filled up
    with zeros, and what it has too many is passed over up to TLAST. What a frame lacks when the
    next one begins is filled up, too, while that one waits. Pixels behind the last line are passed
    over up to TUSER. A frame with any of that ends one pixel late, which the core tells as an
    error. So does one with pixels passed over in front of it, but for the first one after a reset,
    as a receiver may begin in the middle of a video.
    """

    def __init__(self, rows: int, columns: int, pixel_bits: int) -> None:
        self.rows, self.columns, self.pixel_bits = rows, columns, pixel_bits
        super().__init__(
            {
                "tdata": In(8 * bytes_of(pixel_bits)),
                "tuser": In(1),
                "tlast": In(1),
                "tvalid": In(1),
                "tready": Out(1),
                "o_pixel": Out(stream.Signature(StructLayout({"codes": pixel_bits, "last": 1}))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        row, column = Signal(range(max(2, self.rows))), Signal(range(max(2, self.columns)))
        # inside: a frame has begun, and not all of its pixels are given. seen: one has since reset.
        inside, seen, wrong = Signal(), Signal(), Signal()
        # What comes next: zeros to the end of the line or of the frame, or the pixel that is late;
        # and whether what is left of a line is passed over.
        fill_line, fill_frame, late, skipping = Signal(), Signal(), Signal(), Signal()
        filling, wanted, passed, taken, bad = Signal(), Signal(), Signal(), Signal(), Signal()
        line_ends, frame_ends = Signal(), Signal()
        pixel = self.o_pixel
        m.d.comb += [
            line_ends.eq(column == self.columns - 1),
            frame_ends.eq(line_ends & (row == self.rows - 1)),
            filling.eq(fill_line | fill_frame | late),
            # A beat is a pixel of this frame, or passed over, or waits as the first of the next.
            wanted.eq(~filling & Mux(inside, ~self.tuser & ~skipping, self.tuser)),
            passed.eq(~filling & ~self.tuser & (~inside | skipping)),
            bad.eq(wrong | (~filling & (self.tlast != line_ends))),
            pixel.valid.eq(filling | (wanted & self.tvalid)),
            pixel.payload.codes.eq(Mux(filling, 0, self.tdata[: self.pixel_bits])),
            pixel.payload.last.eq(late | (frame_ends & ~bad)),
            # Only with tvalid: what tuser is without it is nobody's business.
            self.tready.eq(self.tvalid & (passed | (wanted & pixel.ready))),
            taken.eq(pixel.valid & pixel.ready),
        ]
        with m.If(taken & late):
            m.d.sync += [late.eq(0), wrong.eq(0)]
        with m.Elif(taken):
            m.d.sync += [
                column.eq(Mux(line_ends, 0, column + 1)),
                inside.eq(~frame_ends),
                seen.eq(1),
                wrong.eq(bad),
                late.eq(frame_ends & bad),
                fill_line.eq(~line_ends & (fill_line | self.tlast)),
                fill_frame.eq(fill_frame & ~frame_ends),
            ]
            with m.If(line_ends):
                m.d.sync += row.eq(Mux(frame_ends, 0, row + 1))
            with m.If(~filling):
                m.d.sync += skipping.eq(line_ends & ~self.tlast)
        with m.Elif(self.tvalid & passed):
            # Of a line that is told already nothing is told again.
            m.d.sync += [skipping.eq(skipping & ~self.tlast), wrong.eq(wrong | (seen & ~skipping))]
        with m.Elif(self.tvalid & ~filling & inside & self.tuser):
            m.d.sync += [fill_frame.eq(1), wrong.eq(1)]
        return m
