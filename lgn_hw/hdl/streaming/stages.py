"""The stages of a streaming core in figures: what passes between them, and how often."""

from collections.abc import Iterator
from typing import Any

from lgn_hw.circuit.options import DEFAULT_REGISTERS
from lgn_hw.classifier import Classifier
from lgn_hw.hdl.streaming.collector import Collector
from lgn_hw.hdl.streaming.core import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.cycles import frame_cycles
from lgn_hw.hdl.streaming.framer import pixel_width
from lgn_hw.hdl.streaming.or_pool import OrPool
from lgn_hw.hdl.streaming.staged import Staged
from lgn_hw.hdl.streaming.tally import Tally
from lgn_hw.hdl.streaming.window import LineWindow

__all__ = ["describe_stages"]


def describe_stages(
    classifier: Classifier, options: StreamingOptions | None = None
) -> dict[str, Any]:
    """Return what there is to draw of a classifier's streaming core, as JSON values.

    interval_cycles, latency_cycles, frame_cycles: see cycles.FrameCycles. stages: for each one its
    name, what it does in words, and what it gives: `values` for each frame, of so many `bits`. Its
    `cycles` are those of a frame in which it moves: a window scans zeros too.

    Raises UsageError where there is no convolutional form.
    """
    core = StreamingCore(classifier, options or StreamingOptions(DEFAULT_REGISTERS))
    cycles, section = frame_cycles(core), core.section
    channels, rows, columns = section.shape
    return {
        "rows": rows,
        "columns": columns,
        "channels": channels,
        "pixel_bits": pixel_width(section, classifier.features),
        "levels_per_stage": core.options.registers,
        "interval_cycles": cycles.interval,
        "latency_cycles": cycles.latency,
        "frame_cycles": cycles.frame,
        "stages": [
            {"name": name, "what": what, "values": values, "bits": bits, "cycles": moves}
            for name, what, values, bits, moves in _stages(core)
        ],
    }


def _stages(core: StreamingCore) -> Iterator[tuple[str, str, int, int, int]]:
    """Give each stage's name, what it does, the values that it gives, their bits, its cycles."""
    section = core.section
    place = section.shape[1] * section.shape[2]
    yield "framer", "thresholds and frames", place, section.num_planes, place
    for name, part in core.parts.items():
        moves = place
        if isinstance(part, LineWindow):
            layer = section.layers[int(name.removeprefix("window"))]
            rows, columns = layer.positions(part.rows, part.columns)
            place, bits = rows * columns, part.channels * part.size**2
            what, moves = f"{part.size} x {part.size} pixels", part.height * part.pitch
        elif isinstance(part, OrPool):
            what, bits = f"OR of {part.size} x {part.size}", part.channels
            place //= part.size**2
        elif isinstance(part, Collector):
            what, bits = "keeps the last maps", part.channels * part.rows * part.columns
            place = 1
        elif isinstance(part, Tally):
            what, bits = "adds up votes", part.classes * part.width
            place = 1
        else:
            assert isinstance(part, Staged)
            bits = sum(part.block.sinks.values())
            what = f"{bits} kernels" if name.startswith("kernels") else WORDS[name]
        yield name, what, place, bits, moves


WORDS = {"dense": "layers of gates", "popcount": "votes of each class", "argmax": "the most votes"}
