"""The plots of the experiment: accuracy against time, gap against depth, entropy histograms."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lgn_hw.files.atomic import write_bytes
from lgn_train.reproduce.scale import DLGN, NAMES

__all__ = ["accuracy_plot", "apart", "depth_plot", "entropy_plot", "save_plot"]

# Okabe and Ito's palette, told apart by colour-blind readers, and by lightness in print.
COLOURS = {"soft": "#D55E00", "gumbel_st": "#0072B2", "hard_st": "#009E73", "cage": "#8B4A7C"}
OTHER = "#444444"
BEFORE = "#C8C8C8"
LABEL_POINTS = 8.5
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
class _End:
    """Where a line ends: the place of its name."""

    x: float
    y: float
    name: str
    colour: str


def accuracy_plot(results: Mapping[str, Any]) -> Figure:
    """Plot test accuracy against training time: the mean of all seeds, and their range."""
    with _figure(7.2, 4.2) as (figure, axes):
        ends: list[_End] = []
        for method, curve in results["curves"].items():
            for mode in ("soft", "discrete") if method == DLGN else ("discrete",):
                ends.append(_draw_curve(axes, method, mode, curve))
        _draw_goal(axes, results)
        axes.set_xscale("log")
        axes.set_xlabel("training time, seconds (without measuring)")
        axes.set_ylabel("test accuracy, %")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        left, right = axes.get_xlim()
        axes.set_xlim(left, right * (right / left) ** 0.28)  # room for the labels
        _label(axes, ends)
        return figure


def depth_plot(results: Mapping[str, Any]) -> Figure:
    """Plot both gaps against the number of layers, a panel each."""
    titles = {
        "gap_train": "train mode minus discrete",
        "gap_soft": "soft mixture minus discrete",
    }
    with _figure(7.2, 3.4, columns=2) as (figure, *panels):
        ends = [
            [_draw_depths(axes, method, gap, rows) for method, rows in results["depths"].items()]
            for axes, gap in zip(panels, titles, strict=True)
        ]
        for axes, title, of_panel in zip(panels, titles.values(), ends, strict=True):
            axes.axhline(0, color="#999999", linewidth=0.8, zorder=1)
            axes.set_title(title, fontsize=9)
            axes.set_xlabel("layers")
            axes.set_xticks(sorted(results["scale"]["experiment"]["depths"]))
            left, right = axes.get_xlim()
            axes.set_xlim(left, right + 0.45 * (right - left))  # room for the labels
            _label(axes, of_panel)
        panels[0].set_ylabel("discretization gap, points")
        return figure


def entropy_plot(results: Mapping[str, Any]) -> Figure:
    """Plot how undecided the nodes are before and after training, a panel a method."""
    methods = list(results["entropy"])
    with _figure(1.9 * len(methods) + 0.6, 3.0, columns=len(methods)) as (figure, *panels):
        for axes, method in zip(panels, methods, strict=True):
            _draw_entropy(axes, method, results["entropy"][method])
            unused = results["methods"][method]["unused_end"]["mean"]
            axes.set_title(f"{NAMES[method]}\nunused {100 * unused:.1f} %", fontsize=9)
            axes.set_xlabel("entropy of a node, nats")
        panels[0].set_ylabel("share of the nodes in a bin, %")
        figure.legend(handles=_entropy_legend(), loc="outside upper left", ncols=3, frameon=False)
        return figure


def save_plot(figure: Figure, path: Path) -> None:
    """Write a figure as SVG, or as PNG where the path says so; the same figure, the same bytes."""
    stream = io.BytesIO()
    kind = path.suffix.removeprefix(".")
    with mpl.rc_context(STYLE):
        figure.savefig(
            stream, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else {}
        )
    write_bytes(path, stream.getvalue())


@contextmanager
def _figure(width: float, height: float, columns: int = 1) -> Iterator[tuple[Any, ...]]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, *figure.subplots(1, columns, sharey=True, squeeze=False)[0]


def _colour(method: str) -> str:
    return COLOURS.get(method, OTHER)


def _draw_curve(axes: Axes, method: str, mode: str, curve: Mapping[str, Any]) -> _End:
    """Draw one accuracy; return where its label belongs, the label and the colour."""
    time = curve["seconds"][1:]  # a logarithm has no place for the untrained network
    mean, low, high = ([100 * y for y in curve[mode][key][1:]] for key in ("mean", "low", "high"))
    colour, dashed = _colour(method), mode == "soft"
    axes.plot(time, mean, color=colour, linestyle="--" if dashed else "-", linewidth=1.6)
    axes.fill_between(time, low, high, color=colour, alpha=0.15, linewidth=0)
    name = NAMES[method] + (f", {mode}" if method == DLGN else "")
    return _End(time[-1], mean[-1], name, colour)


def _draw_goal(axes: Axes, results: Mapping[str, Any]) -> None:
    best = 100 * results["methods"][DLGN]["best"]["mean"]
    axes.axhline(best, color=_colour(DLGN), linewidth=0.8, linestyle=":", zorder=1)
    axes.annotate(
        "the DLGN's best circuit",
        (0.01, best), xycoords=("axes fraction", "data"), xytext=(0, 3),
        textcoords="offset points", color=_colour(DLGN), fontsize=8,
    )  # fmt: skip


def _draw_depths(axes: Axes, method: str, gap: str, rows: Sequence[Mapping[str, Any]]) -> _End:
    depths = [row["depth"] for row in rows]
    mean = [100 * row[gap]["mean"] for row in rows]
    spread = [100 * (row[gap]["spread"] or 0) for row in rows]
    colour = _colour(method)
    axes.errorbar(
        depths, mean, spread, color=colour, marker="o", markersize=4, linewidth=1.6, capsize=2
    )
    return _End(depths[-1], mean[-1], NAMES[method], colour)


def _draw_entropy(axes: Axes, method: str, data: Mapping[str, Any]) -> None:
    bins = len(data["start"])
    edges = [data["largest"] * i / bins for i in range(bins + 1)]
    start, end = ([100 * share for share in data[when]] for when in ("start", "end"))
    axes.stairs(start, edges, fill=True, color=BEFORE)
    axes.stairs(end, edges, color=_colour(method), linewidth=1.6)
    axes.axvline(data["threshold"], color=OTHER, linestyle=":", linewidth=1)


def _entropy_legend() -> list[Artist]:
    return [
        Patch(color=BEFORE, label="before training"),
        Line2D([], [], color=OTHER, linewidth=1.6, label="after training"),
        Line2D([], [], color=OTHER, linestyle=":", linewidth=1, label="unused above"),
    ]


def _label(axes: Axes, ends: Sequence[_End]) -> None:
    """Write each line's name at its end; names that would overlap are moved apart."""
    low, high = axes.get_ylim()
    pixels = axes.get_window_extent().height
    gap = 1.3 * LABEL_POINTS / 72 * axes.get_figure().dpi * (high - low) / pixels  # type: ignore[union-attr]
    for column in _columns(axes, ends):
        column.sort(key=lambda end: end.y)
        x = max(end.x for end in column)
        for y, end in zip(apart([end.y for end in column], gap), column, strict=True):
            low, high = min(low, y - gap), max(high, y + gap)
            axes.annotate(
                end.name, (x, y), xytext=(6, 0), textcoords="offset points", va="center",
                color=end.colour, fontsize=LABEL_POINTS, zorder=3,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
            )  # fmt: skip
    axes.set_ylim(low, high)


def apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Return places at least a gap apart for ascending ones; crowds spread about their middle."""
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


def _columns(axes: Axes, ends: Sequence[_End]) -> list[list[_End]]:
    """Put ends together whose names would stand beside each other: a sixth of the width."""
    across = [axes.transAxes.inverted().transform(axes.transData.transform((e.x, e.y)))[0]
              for e in ends]  # fmt: skip
    columns: list[list[_End]] = []
    last = -1.0
    for place, end in sorted(zip(across, ends, strict=True), key=lambda pair: pair[0]):
        if columns and place - last < 1 / 6:
            columns[-1].append(end)
        else:
            columns.append([end])
        last = place
    return columns
