"""The plots of what the nodes do: gradients, undecided nodes by layer, entropies."""

from collections.abc import Mapping
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lgn_train.reproduce.drawing import GREY, End, colour_of, figure_of, label_ends

__all__ = ["entropy_plot", "gradient_plot", "unused_plot"]

BEFORE = "#C8C8C8"
ADAM_EPSILON = 1e-8  # of torch.optim.AdamW
SMALLEST = 1e-17  # that is drawn: a median gradient may be 0


def gradient_plot(found: Mapping[str, Any], titles: Mapping[str, str]) -> Figure:
    """Plot the median gradient of a layer's logits: by layer at the start, and of the first layer
    over the steps; against Adam's epsilon.

    Where a layer's median gradient is far below Adam's epsilon of 1e-8, the step that Adam takes is
    proportional to the gradient and no longer of the size of the learning rate: the layer is
    frozen.
    """
    with figure_of(7.2, 3.4, columns=2) as (figure, *panels):
        ends: tuple[list[End], list[End]] = ([], [])
        for method, data in found["layers"].items():
            colour = colour_of(method, list(titles))
            start = [max(SMALLEST, value) for value in data["gradient"][0]]
            first = [max(SMALLEST, row[0]) for row in data["gradient"]]
            numbers = list(range(1, len(start) + 1))
            for axes, x, y, of_panel in zip(
                panels, (numbers, data["steps"]), (start, first), ends, strict=True
            ):
                axes.plot(x, y, color=colour, linewidth=1.4, marker="." if x is numbers else None)
                of_panel.append(End(x[-1], y[-1], titles[method], colour))
        for axes, title, across, of_panel in zip(
            panels, ("at the start, by layer", "of the first layer, over training"),
            ("layer, from the inputs", "steps"), ends, strict=True,
        ):  # fmt: skip
            _finish_gradients(axes, title, across, of_panel)
        panels[0].set_ylabel("median absolute gradient of a logit")
        return figure


def unused_plot(found: Mapping[str, Any], titles: Mapping[str, str]) -> Figure:
    """Plot the unused gates of each layer over the steps of training, a panel per method.

    Shares above 60 % have the colour of 60 %: half to six tenths of Gaussian nodes are unused
    before training, so more never appears.
    """
    methods = list(found["layers"])
    with figure_of(1.7 * len(methods) + 1.1, 2.9, columns=len(methods)) as (figure, *panels):
        for axes, method in zip(panels, methods, strict=True):
            data = found["layers"][method]
            shares = [[100 * share for share in row] for row in data["unused"]]
            layers, last = len(shares[0]), data["steps"][-1]
            image = axes.imshow(
                list(zip(*shares, strict=True)), aspect="auto", origin="lower", vmin=0, vmax=60,
                cmap="cividis", extent=(0, max(1, last), 0.5, layers + 0.5),
                interpolation="nearest",
            )  # fmt: skip
            axes.grid(visible=False)
            axes.set_title(f"{titles[method]}\n{_mean(shares[-1]):.2f} % at the end", fontsize=9)
            axes.set_xlabel("steps")
            axes.xaxis.set_major_locator(MaxNLocator(2, integer=True))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
            axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        panels[0].set_ylabel("layer, from the inputs")
        bar = figure.colorbar(image, ax=panels, label="unused gates, %", aspect=14)
        bar.outline.set_visible(False)
        return figure


def entropy_plot(found: Mapping[str, Any], titles: Mapping[str, str]) -> Figure:
    """Plot how undecided the nodes are before and after training, a panel a method.

    Entropies are in nats, from 0 to that of a uniform distribution over all tables; what lies right
    of the dotted line is counted as unused.
    """
    methods = list(found["entropy"])
    with figure_of(1.9 * len(methods) + 0.6, 3.0, columns=len(methods)) as (figure, *panels):
        for axes, method in zip(panels, methods, strict=True):
            _draw_entropy(axes, colour_of(method, methods), found["entropy"][method])
            unused = found["methods"][method]["unused_end"]["mean"]
            axes.set_title(f"{titles[method]}\nunused {100 * unused:.1f} %", fontsize=9)
            axes.set_xlabel("entropy of a node, nats")
        panels[0].set_ylabel("share of the nodes in a bin, %")
        figure.legend(handles=_entropy_legend(), loc="outside upper left", ncols=3, frameon=False)
        return figure


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _finish_gradients(axes: Axes, title: str, across: str, ends: list[End]) -> None:
    """Give a panel of gradients its logarithmic axis, Adam's epsilon and the names of its lines."""
    axes.set_yscale("log")
    axes.axhline(ADAM_EPSILON, color=GREY, linewidth=0.9, linestyle=":", zorder=1)
    axes.annotate(
        "Adam's epsilon", (0.01, ADAM_EPSILON), xycoords=("axes fraction", "data"), xytext=(0, 3),
        textcoords="offset points", color=GREY, fontsize=8,
    )  # fmt: skip
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(across)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    left, right = axes.get_xlim()
    axes.set_xlim(left, right + 0.4 * (right - left))  # room for the labels
    label_ends(axes, ends)


def _draw_entropy(axes: Axes, colour: str, data: Mapping[str, Any]) -> None:
    """Draw the two histograms of a method as steps.

    data: `start` and `end`, shares of all nodes by bin of equal width from 0 to `largest`;
    `threshold`, the entropy above which a node is unused. A histogram of step lines stays readable
    where both overlap.
    """
    bins = len(data["start"])
    edges = [data["largest"] * i / bins for i in range(bins + 1)]
    start, end = ([100 * share for share in data[when]] for when in ("start", "end"))
    axes.stairs(start, edges, fill=True, color=BEFORE)
    axes.stairs(end, edges, color=colour, linewidth=1.6)
    axes.axvline(data["threshold"], color=GREY, linestyle=":", linewidth=1)


def _entropy_legend() -> list[Artist]:
    """Return a legend that is grey, because each panel has the colour of its own method."""
    return [
        Patch(color=BEFORE, label="before training"),
        Line2D([], [], color=GREY, linewidth=1.6, label="after training"),
        Line2D([], [], color=GREY, linestyle=":", linewidth=1, label="unused above"),
    ]
