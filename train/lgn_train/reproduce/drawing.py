"""How the experiment's plots are drawn: colours, figures, names at the ends of lines."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lgn_hw.files.own_file import kept_notice, replace_file

__all__ = ["GREY", "End", "apart", "colour_of", "figure_of", "label_ends", "save_plot"]

# Okabe and Ito's palette, told apart by colour-blind readers, and by lightness in print.
COLOURS = {"soft": "#D55E00", "gumbel_st": "#0072B2", "hard_st": "#009E73", "cage": "#8B4A7C"}
OTHERS = ("#444444", "#A6761D", "#56B4E9")  # of methods that a scale names itself
GREY = "#444444"
LABEL_POINTS = 8.5
DRAWN = b"atplotlib"  # in every file that it draws
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "axes.axisbelow": True,
    "savefig.facecolor": "white",
    "svg.hashsalt": "lgn-hw",  # equal figures give equal files
    "svg.fonttype": "path",  # readers need no font
}


@dataclass(frozen=True)
class End:
    """Where a line ends: the place of its name."""

    x: float
    y: float
    name: str
    colour: str


def colour_of(method: str, methods: Sequence[str]) -> str:
    """Return a method's colour; methods: all that are drawn.

    Those of METHODS are fixed, so that a method keeps its colour from plot to plot; others take
    theirs in the order in which a scale names them.
    """
    if method in COLOURS:
        return COLOURS[method]
    others = [name for name in methods if name not in COLOURS]
    return OTHERS[others.index(method) % len(OTHERS)]


def save_plot(figure: Figure, path: Path) -> list[str]:
    """Write a figure as SVG, or as PNG where the path says so; the same figure, the same bytes.

    Returns what the user is told where a file of somebody else is kept under another name.
    """
    stream = io.BytesIO()
    kind = path.suffix.removeprefix(".")
    with mpl.rc_context(STYLE):
        figure.savefig(
            stream, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else {}
        )
    kept = replace_file(path, stream.getvalue(), lambda old: DRAWN in old)
    return kept_notice(path, kept)


@contextmanager
def figure_of(width: float, height: float, columns: int = 1, share: bool = True) -> Iterator[Any]:
    """Give a figure and its panels, in a row that shares the vertical axis if it may.

    width, height: in inches. columns: panels. Yields the figure and then each panel, for unpacking.
    The style is in force inside the `with` only, so that importing this changes no global setting.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, *figure.subplots(1, columns, sharey=share, squeeze=False)[0]


def label_ends(axes: Axes, ends: Sequence[End]) -> None:
    """Write each line's name at its end; names that would overlap are moved apart.

    Works in the axis' own scale, so that names are as far apart on a logarithmic axis as on a
    linear one, and widens the axis where names would leave it. ends: in data coordinates.
    """
    scale = axes.yaxis.get_transform()  # names stand apart on a logarithmic axis too
    low, high = (float(y) for y in scale.transform(axes.get_ylim()))
    pixels = axes.get_window_extent().height
    # A line of text, 1.3 times its height, in units of the axis: points to pixels to data.
    gap = 1.3 * LABEL_POINTS / 72 * axes.get_figure().dpi * (high - low) / pixels  # type: ignore[union-attr]
    for column in _columns(axes, ends):
        column.sort(key=lambda end: end.y)
        x = max(end.x for end in column)
        wanted = [float(y) for y in scale.transform([end.y for end in column])]
        for y, end in zip(apart(wanted, gap), column, strict=True):
            low, high = min(low, y - gap), max(high, y + gap)
            place = x, float(scale.inverted().transform(y))
            axes.annotate(
                end.name, place, xytext=(6, 0), textcoords="offset points", va="center",
                color=end.colour, fontsize=LABEL_POINTS, zorder=3,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
            )  # fmt: skip
    axes.set_ylim(*(float(scale.inverted().transform(y)) for y in (low, high)))


def apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Return places at least a gap apart for ascending ones; crowds spread about their middle.

    This is isotonic regression by pooling neighbours: two names that overlap become a crowd about
    their mean, which may then overlap the crowd before it, and so on. Order is kept, and no name
    moves farther than it must.
    """
    crowds: list[list[float]] = []
    for y in wanted:
        crowds.append([y])
        while len(crowds) > 1 and _edge(crowds[-1], -gap) < _edge(crowds[-2], gap):
            crowds[-2:] = [crowds[-2] + crowds[-1]]
    return [
        _edge(crowd, -gap) + gap * (number + 0.5)
        for crowd in crowds
        for number in range(len(crowd))
    ]


def _edge(crowd: Sequence[float], gap: float) -> float:
    """Return where a crowd ends that has a gap for each of its own: upward, or downward."""
    return sum(crowd) / len(crowd) + gap * len(crowd) / 2


def _columns(axes: Axes, ends: Sequence[End]) -> list[list[End]]:
    """Put ends together whose names would stand beside each other: a sixth of the width."""
    across = [axes.transAxes.inverted().transform(axes.transData.transform((e.x, e.y)))[0]
              for e in ends]  # fmt: skip
    columns: list[list[End]] = []
    last = -1.0
    for place, end in sorted(zip(across, ends, strict=True), key=lambda pair: pair[0]):
        if columns and place - last < 1 / 6:
            columns[-1].append(end)
        else:
            columns.append([end])
        last = place
    return columns
