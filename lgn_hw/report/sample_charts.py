"""Pictures of samples: images, maps of pixels, votes as bars, and matrices of many classes."""

from collections.abc import Sequence
from typing import TypeVar

from lgn_hw.image_shape import Shape
from lgn_hw.report.svg import Canvas, cut, text_width

__all__ = ["image_picture", "matrix_picture", "pixel_map", "ranked_bars", "vote_bars"]

SHADES = 8  # of an image, and of a map; CSS classes shade-1 to shade-8, nothing for 0
TONES = 16  # of each colour of a colour image
WIDTH, ROW = 340, 22
MAX_BARS = 16  # of votes in one small picture
MAX_NAME = 22

Value = TypeVar("Value")


def image_picture(codes: Sequence[int], ends: Sequence[tuple[int, int]], shape: Shape) -> str:
    """Draw a sample as an image in SHADES shades, or of three channels in TONES**3 colours.

    ends: the lowest and the highest code of each feature. A run of equal pixels is one shape.
    """
    channels, rows, columns = shape
    share = [(code - low) / (high - low) for code, (low, high) in zip(codes, ends, strict=True)]
    canvas = Canvas(columns, rows, f"Image of {rows} by {columns} pixels")
    if channels == 1:
        return _shaded(canvas, [round(value * SHADES) for value in share], columns)
    size = rows * columns
    tones = [round(value * (TONES - 1)) for value in share]
    keys = [f"{tones[i]:x}{tones[i + size]:x}{tones[i + 2 * size]:x}" for i in range(size)]
    for x, y, length, key in _runs(keys, columns):
        canvas.filled(x, y, length, 1, f"#{key}")
    return canvas.render()


def pixel_map(values: Sequence[float], shape: Shape, describe: str) -> str:
    """Draw a value for each pixel, the channels added up; the darkest is the highest."""
    channels, rows, columns = shape
    size = rows * columns
    total = [sum(values[i + c * size] for c in range(channels)) for i in range(size)]
    most = max(total) or 1
    # What is not 0 can be seen.
    shades = [max(int(value > 0), round(value / most * SHADES)) for value in total]
    return _shaded(Canvas(columns, rows, describe), shades, columns)


def ranked_bars(values: Sequence[tuple[str, float, str]], describe: str) -> str:
    """Draw a bar for each (name, value, text of the value), in the order given."""
    most = max([value for _, value, _ in values] + [1e-9])
    names = [cut(name, MAX_NAME) for name, _, _ in values]
    start = max(map(text_width, names), default=0) + 10
    # What is left for the bars between names and counts.
    span = WIDTH - start - max((text_width(text) for _, _, text in values), default=0) - 6
    canvas = Canvas(WIDTH, ROW * len(values) + 2, describe)
    for i, (name, (whole, value, text)) in enumerate(zip(names, values, strict=True)):
        y, length = i * ROW, max(1, span * value / most)
        canvas.text(start - 8, y + 15, name, "label", "end")
        canvas.rectangle(start, y + 3, length, ROW - 6, "logic", f"{whole}: {text}")
        canvas.text(start + length + 6, y + 15, text, "value")
    return canvas.render()


def vote_bars(votes: Sequence[int], label: int, answer: int, classes: Sequence[str]) -> str:
    """Draw the votes of a sample as columns; of many classes those with most, and the label's."""
    order = sorted(range(len(votes)), key=lambda c: (-votes[c], c))[: MAX_BARS - 1]
    chosen = sorted({*order, label, answer}) if len(votes) > MAX_BARS else range(len(votes))
    most, pitch, high = max(1, *votes), 96 / max(4, len(chosen)), 30
    canvas = Canvas(96, high, "Votes: " + ", ".join(f"{classes[c]} {votes[c]}" for c in chosen))
    for i, c in enumerate(chosen):
        style = "right" if c == label else "wrong" if c == answer else "other"
        length = max(0.5, votes[c] / most * high)
        canvas.rectangle(
            i * pitch, high - length, pitch - 1, length, style, f"{classes[c]}: {votes[c]:,}"
        )
    return canvas.render()


def matrix_picture(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    """Draw the confusion matrix of many classes: a row per label, a column per answer, no text."""
    side = 480 / len(classes)
    seen = max(side, 2.5)  # of a cell that can be seen, be they ever so many
    canvas = Canvas(480, 480, f"Confusion matrix of {len(classes)} classes")
    canvas.rectangle(0, 0, 480, 480, "ground")
    for label, row in enumerate(confusion):
        total = sum(row)
        for answer, count in enumerate(row):
            if count:
                kind = "hit" if label == answer else "miss"
                shade = max(1, round(count / total * SHADES))
                hint = f"{classes[label]} taken for {classes[answer]}: {count:,} of {total:,}"
                canvas.rectangle(
                    answer * side, label * side, seen, seen, f"{kind} shade-{shade}", hint
                )
    return canvas.render()


def _shaded(canvas: Canvas, shades: Sequence[int], columns: int) -> str:
    """Draw pixels, each shade as one shape."""
    boxes: dict[int, list[tuple[float, float, float, float]]] = {}
    for x, y, length, shade in _runs(shades, columns):
        if shade:
            boxes.setdefault(shade, []).append((x, y, length, 1))
    for shade, of in sorted(boxes.items()):
        canvas.cells(of, f"shade-{shade}")
    return canvas.render()


def _runs(pixels: Sequence[Value], columns: int) -> list[tuple[int, int, int, Value]]:
    """Return (x, y, length, value) of each run of equal pixels within a row.

    Pixels are in the order of rows; a run does not go on into the next row, since it is drawn as
    one bar.
    """
    found: list[tuple[int, int, int, Value]] = []
    for place, value in enumerate(pixels):
        x, y = place % columns, place // columns
        if x and found[-1][3] == value:
            found[-1] = (*found[-1][:2], found[-1][2] + 1, value)
        else:
            found.append((x, y, 1, value))
    return found
