"""Pictures of accuracy against cost: the front of a search, and several classifiers by name."""

import math
from collections.abc import Callable, Sequence

from lgn_hw.report.svg import Canvas, cut, log_ticks, scale, spread, text_width, ticks

__all__ = ["WIDTHS", "front_scatter", "named_scatter"]

WIDTHS = {"wide": 1000.0, "narrow": 350.0}  # of a front
HEIGHT, NAMED_SIZE = 360.0, (480.0, 300.0)
TOP, BOTTOM, LEFT, RIGHT = 14.0, 44.0, 44.0, 20.0
SHOWN = 12.0  # points below the front's lowest, beyond which the cloud is left out
MOST_CLOUD = 1500  # points that a page carries
WIDE_RANGE = 5  # a ratio from which the axis of named points is logarithmic
FEWEST_MARKS = 3  # on an axis of LUTs
MAX_NAME = 24

Point = tuple[float, float]
Scale = Callable[[float], float]


def front_scatter(
    front: Sequence[tuple[float, float, float]],
    *,
    cloud: Sequence[Point],
    marked: int,
    width: float,
    describe: str,
) -> str:
    """Draw the front, (LUTs, accuracy, its deviation) from the fewest LUTs on, and the cloud.

    Accuracies are in percent. marked: the number of the point that stands out.

    cloud: the other designs, as (LUTs, accuracy); those more than SHOWN points below the front are
    left out, and MOST_CLOUD of them are drawn at most. width: in CSS pixels. The axis of LUTs is
    logarithmic, because a search spans a factor of ten or more. Returns SVG text.
    """
    canvas = Canvas(width, HEIGHT, describe)
    # Designs that learned nothing would stretch the axis until the front is a line.
    floor = min(y for _, y, _ in front) - SHOWN
    near = [(x, y) for x, y in cloud[:MOST_CLOUD] if y >= floor]
    across, down = _front_axes(canvas, front, near)
    for x, y in near:
        canvas.dot(across(x), down(y), "cloud")
    canvas.line([(across(x), down(y)) for x, y, _ in front], "curve front")
    x, y, deviation = front[marked]
    near_end = across(x) > canvas.width / 2
    anchor, aside = ("end", -8) if near_end else ("start", 8)
    # On the test part a front may fall, and its line would go through a name below it.
    beside = front[max(0, min(marked + (-1 if near_end else 1), len(front) - 1))][1]
    place = down(y + deviation) - 8 if beside < y else down(y - deviation) + 16
    canvas.text(across(x) + aside, place, "recommended", "name second", anchor)
    for number, (x, y, deviation) in enumerate(front):
        title = f"{x:,.0f} LUTs: {y:.2f} % ± {deviation:.2f}"
        if deviation:
            ends = [(across(x), down(y - deviation)), (across(x), down(y + deviation))]
            canvas.line(ends, "spread")
        canvas.dot(
            across(x), down(y), "end chosen" if number == marked else "end first", title, 4.5
        )
    return canvas.render()


def named_scatter(points: Sequence[tuple[str, float, float]], axis: str) -> str:
    """Draw named points (name, x, accuracy in percent); names keep apart.

    axis: what x is, with its unit. Names longer than MAX_NAME characters are cut; the mouse is told
    the whole one. Returns SVG text.
    """
    canvas = Canvas(*NAMED_SIZE, f"Accuracy in percent against {axis}")
    low, high = min(x for _, x, _ in points), max(x for _, x, _ in points)
    logarithmic = 0 < WIDE_RANGE * low < high
    marks = log_ticks(low, high) if logarithmic else ticks(low, high, 4)
    across = scale(marks[0], marks[-1], LEFT, canvas.width - RIGHT, logarithmic)
    down = _axes(canvas, across, marks, ticks(*_ends([y for *_, y in points]), 5), axis)
    places = [down(y) + 4 for *_, y in points]
    labels = spread(places, 13, TOP + 6, canvas.height - BOTTOM)
    for (name, x, y), label in zip(points, labels, strict=True):
        at, text = across(x), cut(name, MAX_NAME)
        canvas.dot(at, down(y), "end first", f"{name}: {x:,.6g}, {y:.2f} %", 4)
        left = at + 10 + text_width(text) > canvas.width
        canvas.text(at + (-9 if left else 9), label, text, "label", "end" if left else "start")
    return canvas.render()


def _front_axes(
    canvas: Canvas, front: Sequence[tuple[float, float, float]], near: Sequence[Point]
) -> tuple[Scale, Scale]:
    """Draw both axes; return the places of LUTs and of accuracies on them."""
    least, most = _ends([x for x, *_ in front] + [x for x, _ in near])
    shares = [e for _, y, d in front for e in (y - d, y + d)] + [y for _, y in near]
    low = max(1.0, least / 1.08)
    high = max(most * 1.08, low * 1.5)
    across = scale(low, high, LEFT, canvas.width - RIGHT, True)
    marks = _within(log_ticks(low, high), low, high)
    # A range within a factor of two or so may hold one such number, which says nothing of the rest.
    if len(marks) < FEWEST_MARKS:
        marks = _within(ticks(low, high, 4), low, high)
    down_marks = ticks(min(shares), min(100.0, max(shares)), 6)
    down = _axes(canvas, across, marks, down_marks, "LUTs of the whole circuit")
    return across, down


def _axes(
    canvas: Canvas, across: Scale, marks: Sequence[float], down_marks: Sequence[float], axis: str
) -> Scale:
    """Draw a grid with its numbers, and what stands below; return the places of accuracies."""
    bottom, right = canvas.height - BOTTOM, canvas.width - RIGHT
    down = scale(down_marks[0], down_marks[-1], bottom, TOP)
    digits = max(0, -math.floor(math.log10(down_marks[1] - down_marks[0]) + 1e-9))
    for mark in down_marks:
        canvas.line([(LEFT, down(mark)), (right, down(mark))], "grid")
        canvas.text(LEFT - 6, down(mark) + 4, f"{mark:.{digits}f}", "tick", "end")
    for mark in marks:
        canvas.line([(across(mark), TOP), (across(mark), bottom)], "grid")
        canvas.text(across(mark), bottom + 16, f"{mark:,.6g}", "tick", "middle")
    canvas.text((LEFT + right) / 2, canvas.height - 8, axis, "tick", "middle")
    return down


def _within(marks: Sequence[float], low: float, high: float) -> list[float]:
    return [mark for mark in marks if low <= mark <= high]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Return the least and the greatest value."""
    return min(values), max(values)
