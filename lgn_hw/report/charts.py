"""The pictures of the report: curves, columns, bars, and area by part.

SVG as text and no plotting library: the page needs no script and no network, and its size stays
small.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from lgn_hw.report.svg import Canvas, log_ticks, scale, spread, text_width, ticks

__all__ = ["NARROW", "WIDE", "area_bars", "columns", "curves", "paired_bars"]

CHART = (340, 200)  # the natural size of a chart: a phone's width, a third of a wide screen
WIDE, NARROW = 1000, 350  # the two widths in which area_bars is drawn
TOP, BOTTOM, LEFT, RIGHT = 10, 26, 34, 80
MAX_POINTS = 300  # of a curve: more than it has pixels
LABEL_GAP = 14
MAX_LABELLED_COLUMNS = 10
ROW = 22

Series = Mapping[str, tuple[Sequence[float], str]]  # name: values, style


def curves(
    epochs: Sequence[float],
    series: Series,
    *,
    describe: str,
    logarithmic: bool = False,
    zero: bool = False,
) -> str:
    """Draw a line for each of a few series over epochs, each named at its right end.

    logarithmic: the vertical axis; all values must then be above 0. zero: emphasise the zero line.

    epochs: of the points, ascending; each of the series has as many values. describe: for readers
    who do not see the picture. Returns the SVG element as text, as the other functions here do.
    """
    width, height = CHART
    canvas = Canvas(width, height, describe)
    every = [value for values, _ in series.values() for value in values] + [0.0] * zero
    low, high = min(every), max(every)
    marks = log_ticks(low, high) if logarithmic else ticks(low, high, 4)
    down = scale(marks[0], marks[-1], height - BOTTOM, TOP, logarithmic)
    across = scale(epochs[0], max(epochs[-1], epochs[0] + 1), LEFT, width - RIGHT)
    for mark in marks:
        # The line at 0 of a gap is what the curve is compared with.
        style = "axis" if zero and mark == 0 else "grid"
        canvas.line([(LEFT, down(mark)), (width - RIGHT, down(mark))], style)
        canvas.text(LEFT - 6, down(mark) + 4, _tick_text(mark, marks), "tick", "end")
    for epoch in (epochs[0], epochs[-1]):
        canvas.text(across(epoch), height - 8, f"{epoch:g}", "tick", "middle")
    canvas.text((LEFT + width - RIGHT) / 2, height - 8, "epoch", "tick", "middle")
    _lines(canvas, epochs, series, across, down)
    return canvas.render()


def columns(counts: Mapping[str, int], *, describe: str, axis: str, first_style: str) -> str:
    """Draw a column for each name, its count on top where there are few; the first is special.

    counts: by name, in the order in which they stand. axis: what the names are, for the text of a
    column. first_style: the CSS class of the first column.

    Returns SVG text. Above MAX_LABELLED_COLUMNS columns the counts move to an axis, and only every
    n-th name is written, because texts would overlap.
    """
    width, height = CHART
    canvas = Canvas(width, height, describe)
    few = len(counts) <= MAX_LABELLED_COLUMNS
    left = 4 if few else LEFT
    high = max([*counts.values(), 1])
    marks = ticks(0, high, 4)
    down = scale(0, high if few else marks[-1], height - BOTTOM, TOP + 14)
    if not few:
        for mark in marks:
            canvas.line([(left, down(mark)), (width, down(mark))], "grid")
            canvas.text(left - 6, down(mark) + 4, _short(mark), "tick", "end")
    pitch = (width - left) / len(counts)
    thick = min(56, pitch * 0.72)
    shown = max(1, math.ceil(len(counts) / MAX_LABELLED_COLUMNS))
    for i, (name, count) in enumerate(counts.items()):
        middle = left + (i + 0.5) * pitch
        style = first_style if i == 0 else "logic"
        canvas.rectangle(
            middle - thick / 2, down(count), thick, down(0) - down(count), style,
            f"{axis} {name}: {count:,}",
        )  # fmt: skip
        if few:
            canvas.text(middle, down(count) - 5, f"{count:,}", "value", "middle")
        if i % shown == 0:
            canvas.text(middle, height - 8, name, "tick", "middle")
    canvas.line([(left, down(0)), (width, down(0))], "axis")
    return canvas.render()


def paired_bars(counts: Mapping[str, tuple[int, int]], *, describe: str) -> str:
    """Draw for each name a wide bar, its count before, and in it a thin one, that after.

    counts: (before, after) by name.

    Both bars start at the same place, so that a reader compares lengths; the exact counts stand
    behind them. Returns SVG text.
    """
    width = CHART[0]
    values = {name: f"{before:,} → {after:,}" for name, (before, after) in counts.items()}
    # Names stand to the left of all bars, counts to the right of the longest.
    start = max(map(text_width, counts), default=0) + 10
    span = width - start - max(map(text_width, values.values()), default=0) - 6
    unit = span / max([1, *(max(pair) for pair in counts.values())])
    canvas = Canvas(width, ROW * len(counts) + 2, describe)
    for i, (name, (before, after)) in enumerate(counts.items()):
        y, length = i * ROW, max(1, before * unit, after * unit)
        canvas.text(start - 8, y + 15, name, "label", "end")
        canvas.rectangle(start, y + 3, before * unit, ROW - 6, "before", f"{name}: {before:,}")
        canvas.rectangle(start, y + 7, after * unit, ROW - 14, "logic", f"{name}: {after:,}")
        canvas.text(start + length + 6, y + 15, values[name], "value")
    return canvas.render()


def area_bars(rows: Mapping[str, Mapping[str, int]], *, width: float, describe: str) -> str:
    """Draw a bar for each kind of cell, cut into parts in the order of the datapath.

    All bars share one scale, so that lengths compare. A part is named where its name fits; its
    colour is the CSS class of the same name.

    rows: by kind of cell (LUT6, LUT4, flip-flops), the cells of each part. width: WIDE or NARROW,
    in CSS pixels; the narrow one writes the kinds above the bars, for a phone. Returns SVG text.
    """
    left, high, pitch, top = (76, 46, 62, 18) if width >= WIDE else (0, 40, 66, 36)
    canvas = Canvas(width, top + pitch * len(rows) - (pitch - high), describe)
    totals = {kind: sum(parts.values()) for kind, parts in rows.items()}
    unit = (width - left) / max(1, *totals.values())
    free = 0.0  # where the next name above the first bar may begin
    for i, (kind, parts) in enumerate(rows.items()):
        x, y = float(left), top + i * pitch
        if left:
            canvas.text(left - 12, y + high / 2 - 3, kind, "label strong", "end")
            canvas.text(left - 12, y + high / 2 + 13, f"{totals[kind]:,}", "value", "end")
        else:
            canvas.text(0, y - (24 if i == 0 else 6), f"{kind}  {totals[kind]:,}", "label strong")
        for part, count in parts.items():
            length = count * unit
            share = f"{count:,} · {_percent(count, totals[kind])}"
            canvas.rectangle(x, y, max(length - 1, 0.5), high, part, f"{part}: {share}")
            fits = _label_part(canvas, x, y, length, high, part, share)
            if i == 0 and not fits and length >= 5:
                canvas.text(max(x, free), y - 6, part)
                free = max(x, free) + text_width(part) + LABEL_GAP
            x += length
    return canvas.render()


def _label_part(
    canvas: Canvas, x: float, y: float, length: float, high: float, part: str, share: str
) -> bool:
    """Write a part's name, and its share, into its piece of the bar where they fit.

    Return whether the name fits. Its width is an estimate, so a name may be a twentieth wider than
    the piece.
    """
    inner = length - 14
    if inner >= max(text_width(part), text_width(share)):
        canvas.text(x + 8, y + high / 2 - 3, part, f"on-{part} strong")
        canvas.text(x + 8, y + high / 2 + 13, share, f"on-{part}")
    elif inner >= text_width(part) * 0.95:
        canvas.text(x + 8, y + high / 2 + 5, part, f"on-{part} strong")
    return inner >= text_width(part) * 0.95


def _lines(
    canvas: Canvas,
    epochs: Sequence[float],
    series: Series,
    across: Callable[[float], float],
    down: Callable[[float], float],
) -> None:
    """Draw one line per series, and its name beside the end."""
    width, height = CHART
    ends = [down(values[-1]) for values, _ in series.values()]
    labels = spread(ends, LABEL_GAP, TOP, height - BOTTOM)
    picked = _picked(len(epochs))
    for (name, (values, style)), end, label in zip(series.items(), ends, labels, strict=True):
        canvas.line([(across(epochs[i]), down(values[i])) for i in picked], f"curve {style}")
        canvas.dot(across(epochs[-1]), end, f"end {style}")
        canvas.text(width - RIGHT + 8, label + 4, name, f"name {style}")


def _picked(count: int) -> list[int]:
    """Choose the points of a curve that are drawn: all, or MAX_POINTS of them and the last.

    count: of the points. Each n-th one is taken, without averaging: a curve of means would hide how
    much a training swings.
    """
    step = max(1, math.ceil(count / MAX_POINTS))
    return sorted({*range(0, count, step), count - 1})


def _tick_text(mark: float, marks: Sequence[float]) -> str:
    """Write a mark of an axis with the digits that tell it from its neighbours.

    mark: the number; marks: all of the axis, ascending. Marks whose distances differ are those of a
    logarithmic axis, which need no common number of digits.
    """
    steps = [b - a for a, b in pairwise(marks)]
    digits = max(0, -math.floor(math.log10(min(steps)) + 1e-9))
    text = f"{mark:g}" if max(steps) > 2 * min(steps) else f"{mark:.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _short(count: float) -> str:
    """Write a count in few characters: 12k for 12,000."""
    return f"{count / 1000:g}k" if count >= 1000 else f"{count:g}"


def _percent(count: int, total: int) -> str:
    """Write a share of a total."""
    share = 100 * count / max(1, total)
    return f"{share:.0f} %" if share >= 1 or count == 0 else "< 1 %"
