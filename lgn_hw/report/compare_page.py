"""The page of several classifiers: a table, and accuracy against what it costs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from lgn_hw.report.page import make_environment, style_sheet
from lgn_hw.report.svg import Canvas, log_ticks, spread, text_width, ticks

__all__ = ["comparison_to_html", "scatter"]

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 24, 12, 40
WIDE_RANGE = 5  # a ratio from which an axis is logarithmic
MAX_NAME = 24
AXES = {
    "luts": "LUT6 of the whole circuit, as written",
    "latency_ns": "latency in ns, placed and routed",
    "fmax_mhz": "clock in MHz, placed and routed",
}


def comparison_to_html(comparison: Mapping[str, Any]) -> str:
    """Render what compare.compare returns; the same figures give the same bytes."""
    runs, charts = comparison["runs"], {}
    for figure, axis in AXES.items():
        points = [
            (run["name"], run[figure], 100 * run["accuracy"])
            for run in runs
            if run[figure] and run["accuracy"] is not None
        ]
        if points:
            charts[figure] = Markup(scatter(points, axis))
    return make_environment().get_template("compare.html.jinja").render(
        comparison=comparison,
        runs=sorted(runs, key=lambda run: (run["luts"], run["name"])),
        charts=charts,
        axes=AXES,
        style=style_sheet(),
    )  # fmt: skip


def scatter(points: Sequence[tuple[str, float, float]], axis: str) -> str:
    """Draw named points (name, x, accuracy in percent); names keep apart."""
    canvas = Canvas(WIDTH, HEIGHT, f"Accuracy in percent against {axis}")
    low, high = min(x for _, x, _ in points), max(x for _, x, _ in points)
    logarithmic = high > WIDE_RANGE * low
    across_marks = log_ticks(low, high) if logarithmic else ticks(low, high, 4)
    down_marks = ticks(min(y for *_, y in points), max(y for *_, y in points), 5)

    def across(x: float) -> float:
        of = math.log if logarithmic else float
        first, last = of(across_marks[0]), of(across_marks[-1])
        return LEFT + (of(x) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        share = (y - down_marks[0]) / (down_marks[-1] - down_marks[0])
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    digits = max(0, -math.floor(math.log10(down_marks[1] - down_marks[0]) + 1e-9))
    for mark in down_marks:
        canvas.line([(LEFT, down(mark)), (WIDTH - RIGHT, down(mark))], "grid")
        canvas.text(LEFT - 6, down(mark) + 4, f"{mark:.{digits}f}", "tick", "end")
    for mark in across_marks:
        canvas.line([(across(mark), TOP), (across(mark), HEIGHT - BOTTOM)], "grid")
        canvas.text(across(mark), HEIGHT - BOTTOM + 16, f"{mark:,.6g}", "tick", "middle")
    canvas.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, axis, "tick", "middle")
    labels = spread([down(y) + 4 for *_, y in points], 13, TOP + 8, HEIGHT - BOTTOM - 4)
    for (name, x, y), label in zip(points, labels, strict=True):
        at, text = across(x), name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
        canvas.dot(at, down(y), "end first", f"{name}: {x:,.6g}, {y:.2f} %", 4)
        left = at + 10 + text_width(text) > WIDTH
        canvas.text(at + (-9 if left else 9), label, text, "label", "end" if left else "start")
    return canvas.render()
