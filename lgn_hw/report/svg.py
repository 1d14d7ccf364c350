"""Scalable pictures as text: a canvas that collects shapes, and scales for axes."""

import math
from collections.abc import Callable, Sequence
from html import escape

__all__ = ["Canvas", "cut", "log_ticks", "number", "scale", "spread", "text_width", "ticks"]

FONT_SIZE = 12

Point = tuple[float, float]
Box = tuple[float, float, float, float]


class Canvas:
    """Collect shapes of one picture; colours are CSS classes, so that the page decides them.

    width, height: in units of one CSS pixel at the picture's natural size. description: what the
    picture shows, for those who cannot see it.
    """

    def __init__(self, width: float, height: float, description: str) -> None:
        self.width, self.height, self.description = width, height, description
        self._shapes: list[str] = []

    def rectangle(
        self, x: float, y: float, width: float, height: float, style: str, title: str = ""
    ) -> None:
        """Draw a bar, with a hint for the mouse."""
        hint = f"<title>{escape(title)}</title>" if title else ""
        self._shapes.append(
            f'<rect class="{style}" x="{number(x)}" y="{number(y)}" width="{number(width)}"'
            f' height="{number(height)}">{hint}</rect>'
        )

    def filled(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Draw a bar of a colour that no style has, as of an image."""
        self._shapes.append(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}"'
            f' height="{number(height)}" fill="{escape(colour)}"/>'
        )

    def line(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """Draw a line through points."""
        joined = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self._shapes.append(f'<polyline class="{style}" points="{joined}"/>')

    def curve(
        self, start: Point, near_start: Point, near_end: Point, end: Point, style: str,
        title: str = "", thick: float = 1,
    ) -> None:  # fmt: skip
        """Draw a Bezier curve of third degree.

        start and end are on it; near_start and near_end are its control points. thick: in units.
        """
        places = " ".join(f"{number(x)},{number(y)}" for x, y in (near_start, near_end, end))
        hint = f"<title>{escape(title)}</title>" if title else ""
        self._shapes.append(
            f'<path class="{style}" stroke-width="{number(thick)}"'
            f' d="M{number(start[0])},{number(start[1])}C{places}">{hint}</path>'
        )

    def cells(self, boxes: Sequence[Box], style: str, title: str = "") -> None:
        """Draw many bars of one style as one shape: x, y, width and height of each.

        One path and not a rectangle each: a map of thousands of nodes stays a few hundred shapes.
        """
        if boxes:
            path = "".join(
                f"M{number(x)},{number(y)}h{number(w)}v{number(h)}h{number(-w)}z"
                for x, y, w, h in boxes
            )
            hint = f"<title>{escape(title)}</title>" if title else ""
            self._shapes.append(f'<path class="{style}" d="{path}">{hint}</path>')

    def dot(self, x: float, y: float, style: str, title: str = "", radius: float = 2.5) -> None:
        """Draw a point."""
        hint = f"<title>{escape(title)}</title></circle>" if title else ""
        self._shapes.append(
            f'<circle class="{style}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
            f"{'>' if hint else '/>'}{hint}"
        )

    def text(self, x: float, y: float, text: str, style: str = "", anchor: str = "start") -> None:
        """Write a text."""
        self._shapes.append(
            f'<text class="{style}" x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">'
            f"{escape(text)}</text>"
        )

    def render(self) -> str:
        """Return the picture as an element that scales to the width it is given."""
        box = f"0 0 {number(self.width)} {number(self.height)}"
        return (
            f'<svg viewBox="{box}" role="img" aria-label="{escape(self.description)}">'
            f"{''.join(self._shapes)}</svg>"
        )


def number(value: float) -> str:
    """Write a coordinate: two digits after the point at most, and none where it is whole."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def text_width(text: str) -> float:
    """Estimate the width of a text in a sans serif font at FONT_SIZE: wide rather than narrow."""
    return 0.6 * FONT_SIZE * len(text)


def cut(text: str, length: int) -> str:
    """Return a text of at most `length` characters; an ellipsis stands for what is left out."""
    return text if len(text) <= length else text[: length - 1] + "…"


def scale(
    low: float, high: float, start: float, stop: float, logarithmic: bool = False
) -> Callable[[float], float]:
    """Return the function from a value to its place, linear or logarithmic.

    low, high: of the values, which must differ; above 0 on a logarithmic scale, where what is
    below low, as 0 is, has low's place. start, stop: places; start may be the greater one, as the
    vertical axis of a picture runs down.
    """

    def shape(value: float) -> float:
        return math.log(max(value, low)) if logarithmic else value

    first, span = shape(low), shape(high) - shape(low)

    def place(value: float) -> float:
        return start + (shape(value) - first) / span * (stop - start)

    return place


def ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` round numbers (1, 2 or 5 times a power of ten apart) that cover a range.

    The first is at most low, the last at least high.

    low may equal high; two marks are returned then.
    """
    # The step that would give exactly so many marks; the next rounder one is taken.
    rough = max(high - low, 1e-9) / count
    power = 10.0 ** math.floor(math.log10(rough))
    # A hair less than what was wanted, because 0.3 / 3 is a little more than 0.1 in floats.
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return the numbers 1, 2 and 5 times a power of ten that cover a range above 0.

    The first is at most low, the last at least high; at least two are returned.
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [m * 10.0**power for power in range(first, last + 1) for m in (1, 2, 5)]
    start = max(i for i, value in enumerate(every) if value <= low * (1 + 1e-9))
    stop = min(i for i, value in enumerate(every) if value >= high * (1 - 1e-9))
    return [float(f"{value:.12g}") for value in every[start : max(stop, start + 1) + 1]]


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart: return places in the same order, `gap` apart and within low to high.

    gap: between neighbours; low, high: the ends. A sweep upwards pushes each label away from the
    one below, then one downwards pushes those back that left the range; where they do not all fit,
    the lower ones leave it. Labels that are far enough apart stay where they are.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    # Upwards first: each label is pushed to where the one below it ends.
    below = low
    for i in order:
        moved[i] = below = max(places[i], below)
        below += gap
    above = high
    for i in reversed(order):
        moved[i] = above = min(moved[i], above)
        above -= gap
    return moved
