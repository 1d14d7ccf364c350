"""The page of the experiment, in Markdown, from the figures of every scale that was run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lgn_hw.files.own_file import kept_notice, replace_file
from lgn_train.reproduce.drawing import save_plot
from lgn_train.reproduce.plots import accuracy_plot, depth_plot, gap_plot
from lgn_train.reproduce.plots_nodes import entropy_plot, gradient_plot, unused_plot
from lgn_train.reproduce.results import FORMAT
from lgn_train.reproduce.tables import depth_table, figures_table, headline_table, options_table
from lgn_train.reproduce.words import in_words

__all__ = ["write_page"]

PLOTS = {
    "accuracy": accuracy_plot,
    "gap": gap_plot,
    "gradient": gradient_plot,
    "unused": unused_plot,
    "entropy": entropy_plot,
    "depth": depth_plot,
}
ALTERNATIVES = {
    "accuracy": "Accuracy against training time, a line per method, a dot where it reaches the"
    " DLGN's best circuit",
    "gap": "Both gaps against the steps of training",
    "gradient": "Median gradients of the logits, by layer and over training, against Adam's"
    " epsilon",
    "unused": "Unused gates of each layer over the steps of training, a panel per method",
    "depth": "Both gaps against the number of layers",
    "entropy": "Histograms of the nodes' entropies before and after training, a panel per method",
}

INTRODUCTION = """# The experiment of "Mind the Gap", repeated

A network of soft gates (DLGN, [2210.08277](https://arxiv.org/abs/2210.08277)) loses accuracy when
its gates are made hard, the *discretization gap*. "Mind the Gap"
([2506.07500](https://arxiv.org/abs/2506.07500)) trains with sampled hard gates instead (Gumbel
LGN). Here both, and two later methods, Hard-ST and CAGE
([2603.14157](https://arxiv.org/abs/2603.14157)), start from the same logits and wiring, seed by
seed, and are trained by the same recipe.

*Discrete* accuracy is that of the circuit: every node its likeliest gate. *Train mode* is that of a
training step's forward pass: the mixture of gates for the DLGN, sampled gates for the Gumbel LGN;
its gap is the one that the paper reports. *Soft mixture* weighs all gates by their probability, for
every method. An *unused* gate has a distribution over the 16 gates that is as undecided as those of
the average node before training. Seconds are of training, without measuring; where a machine does
other work beside, CPU time is the fairer clock. Figures are the mean over the seeds, ± the standard
deviation.

Why there is a gap at all: a gradient that passes soft gates with random logits shrinks about
fivefold per layer. Adam divides it by its running size plus an epsilon of 1e-8; where the gradient
is far below that, the logits do not move. Such layers stay unused, and what later layers learn on
top of undecided mixtures is lost when gates become hard. Through sampled gates the gradient keeps
its size. A net of four layers has no such layer, and no gap to remove; twelve layers have.

This page is written by the commands below, from the JSON files in [{folder}]({folder}).
"""


HEADING = INTRODUCTION.partition("\n")[0].encode()  # of a page that may be replaced


def write_page(page: Path, results: Mapping[str, Any]) -> list[str]:
    """Write a scale's figures and plots into the folder of the page's name, and the page anew.

    Figures of an earlier format there are left as they are, and are not on the page. Returns what
    the user is told of files of others, which are kept under another name.
    """
    folder = page.with_suffix("")
    name = results["scale"]["name"]
    data = (json.dumps(results, indent=1) + "\n").encode()
    figures = folder / f"{name}.json"
    told = kept_notice(figures, replace_file(figures, data, lambda old: FORMAT.encode() in old))
    for data, found in results["data"].items():
        for plot in _plots_of(found):
            figure = PLOTS[plot](found, results["titles"])
            told += save_plot(figure, folder / f"{name}-{data}-{plot}.svg")
    sections = [INTRODUCTION.format(folder=folder.name)]
    # The page is of every scale that was ever run beside it, not only of this call's.
    for path in sorted(folder.glob("*.json")):
        stored = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(stored, dict) and stored.get("format") == FORMAT:
            sections.append(_section(stored, folder.name))
    text = "\n".join(sections)
    kept = replace_file(page, text.encode(), lambda old: old.startswith(HEADING))
    return told + kept_notice(page, kept)


def _plots_of(found: Mapping[str, Any]) -> list[str]:
    """Return the names of the plots that the figures suffice for: a scale without a sweep of depths
    has no plot of them.
    """
    return [plot for plot in PLOTS if plot != "depth" or any(found["depths"].values())]


def _section(results: Mapping[str, Any], folder: str) -> str:
    """Return the Markdown of one scale: its command, what is unfinished, and each data set."""
    parts = [f"## Scale `{results['scale']['name']}`\n\n    {results['command']}\n"]
    parts += [_unfinished(results)]
    parts += [_data_section(results, name, folder) for name in results["data"]]
    return "\n".join(part for part in parts if part)


def _data_section(results: Mapping[str, Any], data: str, folder: str) -> str:
    """Return the Markdown of one data set of a scale.

    folder: the images' folder as the page links to it, relative to the page. Empty parts (a table
    that needs both methods, a sweep that was not run) leave no heading behind.
    """
    found, titles = results["data"][data], results["titles"]
    scale = results["scale"]
    images = {
        plot: f"![{ALTERNATIVES[plot]}]({folder}/{scale['name']}-{data}-{plot}.svg)\n"
        for plot in _plots_of(found)
    }
    paper = scale["paper"].get(data, {})
    parts = [
        f"### {data}, {scale['experiment']['depth']} x {scale['experiment']['width']:,}\n",
        headline_table(found, paper),
        in_words(found),
        images["accuracy"],
        images["gap"],
        figures_table(found, titles, paper),
        f"#### Gradients and unused gates, on {data}\n",
        images["gradient"],
        images["unused"],
        images["entropy"],
    ]
    if "depth" in images:
        parts += [
            f"#### Depth, on {data}\n\n{depth_table(found, scale, titles)}\n",
            images["depth"],
        ]
    parts += [f"#### Options, on {data}\n\n{options_table(results, data)}"]
    return "\n".join(part for part in parts if part)


def _unfinished(results: Mapping[str, Any]) -> str:
    """Say which runs stopped before their end, so that no reader takes their figures for final
    ones.
    """
    if not results["unfinished"]:
        return ""
    runs = "".join(f"* {run}\n" for run in results["unfinished"])
    return (
        "These runs are not at their end, and count as far as they came, where their method has"
        f" none that is:\n\n{runs}"
    )
