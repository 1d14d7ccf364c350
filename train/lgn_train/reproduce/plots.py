"""The plots of accuracies and gaps: against training time, steps and depth."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lgn_train.reproduce.drawing import End, colour_of, figure_of, label_ends
from lgn_train.reproduce.scale import DLGN

__all__ = ["accuracy_plot", "depth_plot", "gap_plot"]

GAPS = {"gap_train": "train mode minus discrete", "gap_soft": "soft mixture minus discrete"}


def accuracy_plot(found: Mapping[str, Any], titles: Mapping[str, str]) -> Figure:
    """Plot accuracy against training time: the mean of all seeds, and their range; a dot where a
    method reaches the DLGN's best circuit.

    found: the figures of one data set, as results.summarize() has them. titles: what methods are
    called. Fractions become percent here. The axis of time is logarithmic, because packed methods
    are tens of times faster than the float mixture.
    """
    with figure_of(7.2, 4.2) as (figure, axes):
        ends: list[End] = []
        for method, curve in found["curves"].items():
            colour = colour_of(method, list(found["curves"]))
            for mode in ("soft", "discrete") if method == DLGN else ("discrete",):
                name = titles[method] + (f", {mode}" if method == DLGN else "")
                ends.append(_draw_curve(axes, mode, curve, name, colour))
        _draw_goal(axes, found)
        axes.set_xscale("log")
        axes.set_xlabel("training time, seconds (without measuring)")
        axes.set_ylabel(f"{found['measured']['part']} accuracy, %")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        left, right = axes.get_xlim()
        # On a logarithmic axis a share of the width is a power of the ratio.
        axes.set_xlim(left, right * (right / left) ** 0.28)  # room for the labels
        label_ends(axes, ends)
        return figure


def gap_plot(found: Mapping[str, Any], titles: Mapping[str, str]) -> Figure:
    """Plot both gaps against the steps of training, a panel each: mean and range of the seeds.

    A gap above 0 is lost when the gates are fixed. The two panels share an axis, so that the
    paper's measure and the soft mixture's can be compared by eye.
    """
    with figure_of(7.2, 3.4, columns=2) as (figure, *panels):
        ends = [
            [
                _draw_gap(axes, gap, curve, titles[method], colour_of(method, list(titles)))
                for method, curve in found["curves"].items()
            ]
            for axes, gap in zip(panels, GAPS, strict=True)
        ]
        for axes, gap, of_panel in zip(panels, GAPS, ends, strict=True):
            _finish_gaps(axes, GAPS[gap], "steps", of_panel)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
            axes.locator_params(axis="x", nbins=4)
        panels[0].set_ylabel("discretization gap, points")
        return figure


def depth_plot(found: Mapping[str, Any], titles: Mapping[str, str]) -> Figure:
    """Plot both gaps against the number of layers, a panel each.

    Bars are one standard deviation to each side; a depth of a single seed has none.
    """
    with figure_of(7.2, 3.4, columns=2) as (figure, *panels):
        ends = [
            [
                _draw_depths(axes, gap, rows, titles[method], colour_of(method, list(titles)))
                for method, rows in found["depths"].items()
                if rows
            ]
            for axes, gap in zip(panels, GAPS, strict=True)
        ]
        depths = sorted({row["depth"] for rows in found["depths"].values() for row in rows})
        for axes, gap, of_panel in zip(panels, GAPS, ends, strict=True):
            axes.set_xticks(depths)
            _finish_gaps(axes, GAPS[gap], "layers", of_panel)
        panels[0].set_ylabel("discretization gap, points")
        return figure


def _draw_curve(axes: Axes, mode: str, curve: Mapping[str, Any], name: str, colour: str) -> End:
    """Draw one accuracy; return where its label belongs, the label and the colour."""
    time = curve["seconds"][1:]  # a logarithm has no place for the untrained network
    mean, low, high = ([100 * y for y in curve[mode][key][1:]] for key in ("mean", "low", "high"))
    axes.plot(
        time, mean, color=colour, linestyle="--" if mode == "soft" else "-", linewidth=1.6,
        marker="o" if len(time) == 1 else None,
    )  # fmt: skip
    axes.fill_between(time, low, high, color=colour, alpha=0.15, linewidth=0)
    return End(time[-1], mean[-1], name, colour) if time else End(1, 0, name, colour)


def _draw_goal(axes: Axes, found: Mapping[str, Any]) -> None:
    """Mark the accuracy of the DLGN's best circuit across the panel, and when each method reaches
    it in the mean of the seeds that do.
    """
    methods = found["methods"]
    if DLGN not in methods:
        return
    best, colour = 100 * methods[DLGN]["best"]["mean"], colour_of(DLGN, list(methods))
    axes.axhline(best, color=colour, linewidth=0.8, linestyle=":", zorder=1)
    axes.annotate(
        "the DLGN's best circuit",
        (0.01, best), xycoords=("axes fraction", "data"), xytext=(0, 3),
        textcoords="offset points", color=colour, fontsize=8,
    )  # fmt: skip
    for method, figures in methods.items():
        seconds = figures["reached"]["seconds"]["mean"]
        if seconds:
            axes.plot(
                [seconds], [best], "o", color=colour_of(method, list(methods)), markersize=5,
                markeredgecolor="white", zorder=4,
            )  # fmt: skip


def _draw_gap(axes: Axes, gap: str, curve: Mapping[str, Any], name: str, colour: str) -> End:
    """Draw one method's gap against steps, in points, mean and range over the seeds; return where
    its label belongs.

    The untrained network is left out where there is anything else: its gap is that of random gates.
    """
    steps = curve["step"][1:] or curve["step"]
    mean, low, high = (
        [100 * y for y in (curve[gap][key][1:] or curve[gap][key])]
        for key in ("mean", "low", "high")
    )
    axes.plot(steps, mean, color=colour, linewidth=1.4)
    axes.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)
    return End(steps[-1], mean[-1], name, colour)


def _draw_depths(
    axes: Axes, gap: str, rows: Sequence[Mapping[str, Any]], name: str, colour: str
) -> End:
    """Draw one method's gap against the number of layers; return where its label belongs.

    rows: what results.summarize() calls `depths`, the shallowest network first.
    """
    depths = [row["depth"] for row in rows]
    mean = [100 * row[gap]["mean"] for row in rows]
    spread = [100 * (row[gap]["spread"] or 0) for row in rows]
    axes.errorbar(
        depths, mean, spread, color=colour, marker="o", markersize=4, linewidth=1.6, capsize=2
    )
    return End(depths[-1], mean[-1], name, colour)


def _finish_gaps(axes: Axes, title: str, across: str, ends: Sequence[End]) -> None:
    """Give a panel of gaps its line at 0, its title and the names at the ends of its lines."""
    axes.axhline(0, color="#999999", linewidth=0.8, zorder=1)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(across)
    left, right = axes.get_xlim()
    axes.set_xlim(left, right + 0.45 * (right - left))  # room for the labels
    label_ends(axes, ends)
