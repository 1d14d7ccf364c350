"""The pipeline of a streaming core as a picture: stages, what passes between them, how busy."""

from collections.abc import Mapping
from typing import Any

from lgn_hw.counted import counted
from lgn_hw.report.charts import NARROW, WIDE
from lgn_hw.report.svg import Canvas, cut

__all__ = ["pipeline_picture"]

BOX, PITCH, TOP = 30, 50, 4  # the height of a stage, and from one to the next
# The parts of the datapath that stages belong to, by the beginnings of their names.
STYLES = {"framer": "encoder", "kernels": "logic", "dense": "logic", "tally": "popcount",
          "popcount": "popcount", "argmax": "argmax"}  # fmt: skip


def pipeline_picture(
    core: Mapping[str, Any], area: Mapping[str, Any] | None, *, narrow: bool = False
) -> str:
    """Return the stages one below the other as SVG, with a bar for the cycles in which each moves.

    core: as hdl.streaming.stages.describe_stages returns it. area: parts of `lgn synth --conv
    stream`, None where it was not run. A whole bar is the cycles from a frame to the next.
    """
    stages, interval = core["stages"], core["interval_cycles"]
    width = NARROW if narrow else WIDE
    text, bar, most = (96, 262, 50) if narrow else (110, 570, 300)
    box = text - 14
    canvas = Canvas(width, TOP + PITCH * len(stages), "Stages of the streaming core")
    for number, stage in enumerate(stages):
        y, middle = TOP + PITCH * number, box / 2
        if number:
            canvas.line([(middle, y - PITCH + BOX), (middle, y - 1)], "pipe")
            canvas.line([(middle - 4, y - 6), (middle, y - 1), (middle + 4, y - 6)], "pipe")
        style = next((s for n, s in STYLES.items() if stage["name"].startswith(n)), "")
        canvas.rectangle(0, y, box, BOX, f"stage-box {style}", stage["what"])
        canvas.text(
            middle, y + BOX / 2 + 4, stage["name"], f"on-{style}" if style else "", "middle"
        )
        given = f"{stage['values']:,} x {counted(stage['bits'], 'bit')}"
        cells = _cells(stage["name"], area)
        if narrow:
            canvas.text(text, y + 12, given)
            canvas.text(text, y + 28, cells or cut(stage["what"], 24), "tick")
        else:
            canvas.text(text, y + 19, given)
            canvas.text(text + 150, y + 19, stage["what"], "tick")
            canvas.text(text + 310, y + 19, cells, "tick")
        share = min(1.0, stage["cycles"] / interval)
        canvas.rectangle(bar, y + 9, most, 12, "ground")
        canvas.rectangle(bar, y + 9, max(1.0, most * share), 12, style or "control")
        words = f"{stage['cycles']:,}" + ("" if narrow else f" of {interval:,} cycles")
        canvas.text(bar + most + 6, y + 19, words, "value")
    return canvas.render()


def _cells(name: str, area: Mapping[str, Any] | None) -> str:
    """Return the cells of a stage in words; nothing where they are not known."""
    counts = None if area is None else area["parts"].get(name)
    if counts is None:
        return ""
    rams = counts["block_rams"]
    return f"{counts['lut4']:,} LUT4" + (f", {counted(rams, 'RAM')}" if rams else "")
