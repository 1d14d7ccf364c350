"""What the README of a delivered streaming core says of its ports, and of a pixel bit by bit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.delivery.interface import RULE, beats_in_words, class_table

if TYPE_CHECKING:
    from lgn_hw.delivery.stream_design import StreamDesign

__all__ = ["Channel", "channels_of", "stream_interface"]

PORTS = {
    "stream": """\
Pixels enter on the stream `i_pixel`, results leave on the stream `o_result`: a transfer happens at
a rising edge of `clk` where `valid` and `ready` are both 1. `i_pixel__payload` holds the codes of a
pixel, and in bit {pixel_bits} whether it is the last one of its frame; pixels come row by row.
`rst` is synchronous and active high, and forgets frames under way.
""",
    "axi": """\
Pixels enter on `s_axis`, AXI4-Stream video: one a beat of {tdata_bits} bits, row by row, TUSER at
the first pixel of a frame and TLAST at the last one of each line. Bits of TDATA above the codes are
not looked at. Results leave on `m_axis`, a packet of {result_beats} of {data_bits} bits for
each frame, the lowest bits first, TLAST on the last and TKEEP for every byte that holds bits.
`aresetn` is synchronous and active low, and forgets frames under way.

A line that is too short is filled up with zeros, and one that is too long is cut. A frame that
lacks lines when the next one begins is filled up while that one waits; lines too many are passed
over. Nothing of that shifts another pixel; the result of the frame has its error set, and that of
the next frame where there were lines too many.
""",
}


@dataclass(frozen=True)
class Channel:
    """A channel of a pixel on the port: bits [last:first], and how raw values become codes.

    offset, scale: None where they differ from pixel to pixel.
    """

    first: int
    last: int
    signed: bool
    low: int
    high: int
    offset: float | None
    scale: float | None


def channels_of(classifier: Classifier) -> list[Channel]:
    """Return the channels of a classifier with a convolutional form, channel 0 lowest."""
    section, features = classifier.convolution, classifier.features
    assert section is not None
    found, first = [], 0
    for of in np.arange(len(features)).reshape(section.shape[0], -1):
        width = int(features.width[of[0]])
        low, high = int(features.low[of[0]]), int(features.high[of[0]])
        offset, scale = (
            float(each[of[0]]) if (each[of] == each[of[0]]).all() else None
            for each in (features.offset, features.scale)
        )
        found.append(Channel(first, first + width - 1, low < 0, low, high, offset, scale))
        first += width
    return found


def stream_interface(classifier: Classifier, design: "StreamDesign") -> str:
    """Return the ports of a design as Markdown, and the tables of channels and classes."""
    shape, header = design.shape, design.header
    told = {"tdata_bits": 8 * shape["pixel_bytes"], "data_bits": design.data_bits}
    ports = PORTS[design.wrapper].format_map(shape | told | beats_in_words(shape))
    scores = ""
    if header.scores:
        bits = counted(header.score_bits, "bit")
        scores = f"; above it {header.classes} scores of {bits}, class 0 lowest"
    rows = [_row(number, channel) for number, channel in enumerate(channels_of(classifier))]
    return f"""\
{ports}
The number of the class is in the lowest {counted(header.class_bits, "bit")} of a result{scores};
its highest bit, {header.result_bits - 1}, is the error: 1 where the frame had more or fewer pixels.

## A pixel and its class

{RULE}

| bits | channel | codes | offset | scale |
|---|---|---|---|---|
{chr(10).join(rows)}

{class_table(classifier)}"""


def _row(number: int, channel: Channel) -> str:
    """Return a channel as a row of the table."""
    kind = "signed" if channel.signed else "unsigned"
    each = ["by pixel" if n is None else repr(n) for n in (channel.offset, channel.scale)]
    bits = f"{channel.last}:{channel.first}"
    return f"| {bits} | {number} | {channel.low} to {channel.high}, {kind} | {' | '.join(each)} |"
