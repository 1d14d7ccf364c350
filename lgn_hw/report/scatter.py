"""A picture of accuracy against LUTs: the front with its spreads, over all that was tried."""

import math
from collections.abc import Sequence

from lgn_hw.report.svg import Canvas, log_ticks, ticks

__all__ = ["WIDTHS", "scatter"]

WIDTHS = {"wide": 1000.0, "narrow": 350.0}
HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 360.0, 14.0, 44.0, 44.0, 16.0
SHOWN = 12.0  # points below the front's lowest, beyond which the cloud is left out
MOST_CLOUD = 1500  # points that a page carries

Point = tuple[float, float]


def scatter(
    front: Sequence[tuple[float, float, float]],
    *,
    cloud: Sequence[Point],
    marked: int,
    width: float,
    describe: str,
) -> str:
    """Draw the front, (LUTs, accuracy, its deviation) from the fewest LUTs on, and the cloud.

    Accuracies are in percent. marked: the number of the point that stands out.
    """
    canvas = Canvas(width, HEIGHT, describe)
    floor = min(y for _, y, _ in front) - SHOWN
    near = [(x, y) for x, y in cloud[:MOST_CLOUD] if y >= floor]
    across, down = _axes(canvas, front, near)
    for x, y in near:
        canvas.dot(across(x), down(y), "cloud")
    canvas.line([(across(x), down(y)) for x, y, _ in front], "curve front")
    for number, (x, y, deviation) in enumerate(front):
        title = f"{x:,.0f} LUTs: {y:.2f} % ± {deviation:.2f}"
        if deviation:
            ends = [(across(x), down(y - deviation)), (across(x), down(y + deviation))]
            canvas.line(ends, "spread")
        canvas.dot(
            across(x), down(y), "end chosen" if number == marked else "end first", title, 4.5
        )
    x, y, deviation = front[marked]
    near_end = across(x) > canvas.width / 2
    anchor, aside = ("end", -8) if near_end else ("start", 8)
    canvas.text(across(x) + aside, down(y - deviation) + 16, "recommended", "name second", anchor)
    return canvas.render()


def _axes(
    canvas: Canvas, front: Sequence[tuple[float, float, float]], near: Sequence[Point]
) -> tuple["_Scale", "_Scale"]:
    """Draw both axes; return the places of LUTs and of accuracies on them."""
    luts = [x for x, _, _ in front] + [x for x, _ in near]
    shares = [e for _, y, d in front for e in (y - d, y + d)] + [y for _, y in near]
    marks = ticks(min(shares), min(100.0, max(shares)), 6)
    low, high = max(1.0, min(luts) / 1.08), max(luts) * 1.08
    across = _Scale(math.log(low), math.log(max(high, low * 1.5)), LEFT, canvas.width - RIGHT, True)
    down = _Scale(marks[0], marks[-1], HEIGHT - BOTTOM, TOP)
    for mark in marks:
        canvas.line([(LEFT, down(mark)), (canvas.width - RIGHT, down(mark))], "grid")
        canvas.text(LEFT - 6, down(mark) + 4, f"{mark:g}", "tick", "end")
    for mark in log_ticks(low, high):
        if low <= mark <= max(high, low * 1.5):
            canvas.line([(across(mark), TOP), (across(mark), HEIGHT - BOTTOM)], "grid")
            canvas.text(across(mark), HEIGHT - BOTTOM + 16, f"{mark:,.0f}", "tick", "middle")
    middle = (LEFT + canvas.width - RIGHT) / 2
    canvas.text(middle, HEIGHT - 8, "LUTs of the whole circuit", "tick", "middle")
    return across, down


class _Scale:
    """From a value to its place, linear or logarithmic."""

    def __init__(
        self, low: float, high: float, start: float, stop: float, logarithmic: bool = False
    ) -> None:
        self.low, self.start, self.logarithmic = low, start, logarithmic
        self.unit = (stop - start) / (high - low)

    def __call__(self, value: float) -> float:
        shaped = math.log(value) if self.logarithmic else value
        return self.start + (shaped - self.low) * self.unit
