"""The comment at the head of a streaming core's Verilog, for people and for programs."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from lgn_hw.counted import counted
from lgn_hw.errors import UsageError
from lgn_hw.version import __version__

if TYPE_CHECKING:
    from lgn_hw.classifier import Classifier
    from lgn_hw.hdl.streaming.core import StreamingCore

__all__ = ["StreamHeader", "header_text", "read_stream_header"]

MARK = "// lgn-stream: "


@dataclass(frozen=True)
class StreamHeader:
    """Say what a streaming core is; one line of JSON in its Verilog.

    digest: of the classifier. rows, columns: of a frame. pixel_bits: the codes of one pixel; `last`
    is the bit above them. interval, latency, frame: see cycles.FrameCycles. registers: levels
    between them. scores: whether results carry score_bits for each class above class_bits; the
    error is the bit above them. top: the name of the top module.
    """

    digest: str
    rows: int
    columns: int
    pixel_bits: int
    interval: int
    latency: int
    frame: int
    registers: int
    scores: bool
    classes: int
    class_bits: int
    score_bits: int
    top: str

    @property
    def result_bits(self) -> int:
        """The width of a result: class, scores where it has them, error."""
        return self.class_bits + (self.classes * self.score_bits if self.scores else 0) + 1

    def to_json(self) -> dict[str, Any]:
        """Return the values of the line."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "StreamHeader":
        """Read what to_json gives; raises KeyError where a value is missing."""
        return cls(**{field.name: values[field.name] for field in fields(cls)})


def header_text(header: StreamHeader, classifier: "Classifier", core: "StreamingCore") -> str:
    """Write the comment; its last line is what read_stream_header reads."""
    features, shape = classifier.features, core.section.shape
    widths = features.width[:: shape[1] * shape[2]].tolist()
    lines = [
        f"{header.top}: a convolutional logic gate network in time, written by lgn-hw"
        f" {__version__}.",
        f"Classifier {header.digest}",
        "",
        f"Frames of {header.columns} x {header.rows} pixels in raster order, one pixel a transfer;",
        f"a frame every {header.interval} clock cycles, and its result {header.latency} cycles"
        " after its last pixel.",
        "A transfer happens at a rising edge of clk where valid and ready are both 1.",
        "",
        "clk                input   clock, rising edge",
        "rst                input   synchronous reset, active high; forgets frames under way",
        f"i_pixel__payload   input   {header.pixel_bits + 1} bits:",
    ]
    start = 0
    for channel, width in enumerate(widths):
        lines.append(f"  [{start + width - 1}:{start}] code of channel {channel}")
        start += width
    lines += [
        f"  [{start}] 1 at the last pixel of a frame",
        f"o_result__payload  output  {header.result_bits} bits:",
        f"  [{header.class_bits - 1}:0] number of the class:",
        *(f"    {number} {json.dumps(name)}" for number, name in enumerate(classifier.classes)),
    ]
    if header.scores:
        bits = counted(header.score_bits, "bit")
        lines.append(f"  then {header.classes} scores of {bits}, class 0 lowest")
    lines.append(f"  [{header.result_bits - 1}] 1 where the frame had more or fewer pixels")
    comments = "".join(f"// {line}".rstrip() + "\n" for line in lines)
    return f"{comments}{MARK}{json.dumps(header.to_json())}\n"


def read_stream_header(text: str) -> StreamHeader | None:
    """Read the header of a streaming core's Verilog; None where it is none.

    Raises UsageError where the line cannot be read.
    """
    found = re.search(rf"^{MARK}(.*)$", text, re.MULTILINE)
    if found is None:
        return None
    try:
        return StreamHeader.from_json(json.loads(found[1]))
    except (ValueError, TypeError, KeyError) as problem:
        raise UsageError(
            f"The Verilog's lgn-stream line cannot be read ({problem}); emit it with `lgn verilog"
            " --conv stream`"
        ) from None
