"""A streaming core as one self-contained Verilog text."""

from lgn_hw.circuit.keywords import KEYWORDS
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.hdl.argmax import class_width
from lgn_hw.hdl.emit import emit
from lgn_hw.hdl.streaming.core import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.cycles import frame_cycles
from lgn_hw.hdl.streaming.framer import pixel_width
from lgn_hw.hdl.streaming.header import StreamHeader, header_text
from lgn_hw.hdl.verilog import NAME

__all__ = ["STREAM_NAME", "header_of", "streaming_verilog"]

STREAM_NAME = "streaming_core"


def header_of(classifier: Classifier, core: StreamingCore, name: str = STREAM_NAME) -> StreamHeader:
    """Return what there is to say about a core; its cycles are computed."""
    cycles, section = frame_cycles(core), core.section
    return StreamHeader(
        digest=classifier.digest,
        rows=section.shape[1],
        columns=section.shape[2],
        pixel_bits=pixel_width(section, classifier.features),
        interval=cycles.interval,
        latency=cycles.latency,
        frame=cycles.frame,
        registers=core.options.registers,
        scores=core.options.scores,
        classes=core.classes,
        class_bits=class_width(core.classes),
        score_bits=core.score_bits,
        top=name,
    )


def streaming_verilog(
    classifier: Classifier, options: StreamingOptions | None = None, *, name: str = STREAM_NAME
) -> str:
    """Return a classifier's streaming core (see core.StreamingCore) as Verilog.

    The same arguments give the same text. It opens with a comment that describes the ports and ends
    in a line for programs (see read_stream_header). Raises UsageError where the classifier has no
    convolutional form, or the name is no identifier; ToolNotFound or ToolError as emit does.
    """
    if not NAME.fullmatch(name) or name.lower() in KEYWORDS:
        raise UsageError(
            f"A module name must be letters, digits and _, begin with no digit, and be no keyword,"
            f" not {name!r}"
        )
    core = StreamingCore(classifier, options)
    header = header_of(classifier, core, name)
    return f"{header_text(header, classifier, core)}\n{emit(core, name)}"
