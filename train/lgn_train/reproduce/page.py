"""The page of the experiment, in Markdown, from the figures of every scale that was run."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lgn_hw.files.own_file import replace_file
from lgn_train.reproduce.plots import accuracy_plot, depth_plot, entropy_plot, save_plot
from lgn_train.reproduce.scale import DLGN, NAMES

__all__ = ["write_page"]

PLOTS = {"accuracy": accuracy_plot, "depth": depth_plot, "entropy": entropy_plot}

INTRODUCTION = """# The experiment of "Mind the Gap", repeated

A network of soft gates (DLGN, [2210.08277](https://arxiv.org/abs/2210.08277)) loses accuracy when
its gates are made hard, the *discretization gap*. "Mind the Gap"
([2506.07500](https://arxiv.org/abs/2506.07500)) trains with sampled hard gates instead (Gumbel
LGN). Here both, and two later methods, Hard-ST and CAGE
([2603.14157](https://arxiv.org/abs/2603.14157)), start from the same logits and wiring, seed by
seed, and are trained by the same recipe.

Accuracies are of test samples. *Discrete* is that of the circuit: every node its likeliest gate.
*Train mode* is that of a training step's forward pass: the mixture of gates for the DLGN, sampled
gates for the Gumbel LGN; its gap is the one that the paper reports. *Soft mixture* weighs all gates
by their probability, for every method. An *unused* gate has a distribution over the 16 gates that
is as undecided as those of the average node before training. Seconds are of training, without
measuring. Figures are the mean over the seeds, ± the standard deviation.

This page is written by the command below, from the JSON files in [{folder}]({folder}).
"""

HEADING = INTRODUCTION.partition("\n")[0].encode()  # of a page that may be replaced

# 2506.07500: CIFAR-10, 12 layers of 256 000; "about" where the figure is read off a plot.
PAPER_OPTIONS = {
    "data": "CIFAR-10",
    "layers": "12 of 256,000 nodes",
    "encoder": "31 thresholds a channel, 95,232 bits",
    "initial logits": "gaussian",
    "tau of GroupSum": "100",
    "temperature": "1",
    "optimiser": "Adam, learning rate 0.01, constant",
    "batch": "128",
    "gradient to a node's inputs": "hard, in its released code",
    "steps": "10^5 to 10^6",
    "seeds": "1",
    "device": "RTX 3090 or 2080 Ti, 48 GPU-hours a run",
}
PAPER_FIGURES = {
    "discrete": ("about 56 %", "about 57.5 %"),
    "gap_train": ("about 3 points", "about 0.06 points"),
    "unused_end": ("49.81 %", "0.00 %"),
    "speedup_step": ("1 x", "4.75 x"),
    "speedup_seconds": ("1 x", "4.5 x"),
}


def write_page(page: Path, results: Mapping[str, Any]) -> None:
    """Write a scale's figures and plots into the folder of the page's name, and the page anew."""
    folder = page.with_suffix("")
    name = results["scale"]["name"]
    data = (json.dumps(results, indent=1) + "\n").encode()
    replace_file(folder / f"{name}.json", data, lambda old: b'"scale"' in old)
    for plot, draw in PLOTS.items():
        save_plot(draw(results), folder / f"{name}-{plot}.svg")
    sections = [INTRODUCTION.format(folder=folder.name)]
    for path in sorted(folder.glob("*.json")):
        figures = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(figures, dict) and "scale" in figures:  # the folder may hold others
            sections.append(_section(figures, folder.name))
    text = "\n".join(sections)
    replace_file(page, text.encode(), lambda old: old.startswith(HEADING))


def _section(results: Mapping[str, Any], folder: str) -> str:
    name = results["scale"]["name"]
    images = {plot: f"![{ALTERNATIVES[plot]}]({folder}/{name}-{plot}.svg)" for plot in PLOTS}
    parts = [
        f"## Scale `{name}`\n\n    {results['command']}\n",
        _options(results),
        _departures(results["scale"]),
        _unfinished(results),
        _figures(results),
        _in_words(results),
        images["accuracy"] + "\n",
        f"### Depth\n\n{_depths(results)}\n\n{images['depth']}\n",
        f"### What the nodes decided\n\n{images['entropy']}\n",
    ]
    return "\n".join(part for part in parts if part)


ALTERNATIVES = {
    "accuracy": "Test accuracy against training time, a line for each method",
    "depth": "Both gaps against the number of layers",
    "entropy": "Histograms of the nodes' entropies before and after training, a panel a method",
}


def _options(results: Mapping[str, Any]) -> str:
    scale = results["scale"]
    experiment, model, train = scale["experiment"], scale["model"], scale["train"]
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    here = {
        "data": scale["data"]["source"],
        "layers": f"{experiment['depth']} of {experiment['width']:,} nodes",
        "encoder": f"{scale['encoder']['levels']} thresholds a feature,"
        f" {results['encoder_bits']:,} bits",
        "initial logits": model.get("init"),
        "tau of GroupSum": f"{model.get('tau'):g}",
        "temperature": f"{model.get('temperature', 1):g}",
        "optimiser": f"Adam, learning rate {train['learning_rate']:g}, {train['schedule']}",
        "batch": train["batch_size"],
        "gradient to a node's inputs": f"{model['input_gradient']}, for the hard methods",
        "steps": f"{experiment['steps']:,}, measured every {experiment['eval_steps']:,}",
        "seeds": experiment["seeds"],
        "device": f"{results['device']}; {results['hours']:.1f} hours for all runs; {versions}",
    }
    lines = ["| | here | in the paper |", "|---|---|---|"]
    lines += [f"| {row} | {here[row]} | {paper} |" for row, paper in PAPER_OPTIONS.items()]
    return "\n".join(lines) + "\n"


def _departures(scale: Mapping[str, Any]) -> str:
    """Name what of the recipe is not the paper's, apart from the size."""
    pairs = {
        "the learning rate": (scale["train"]["learning_rate"], 0.01),
        "the gradient to a node's inputs": (scale["model"]["input_gradient"], "hard"),
    }
    named = [
        f"{what}, {ours} for {paper}" for what, (ours, paper) in pairs.items() if ours != paper
    ]
    return f"Not the paper's: {'; '.join(named)}.\n" if named else ""


def _unfinished(results: Mapping[str, Any]) -> str:
    if not results["unfinished"]:
        return ""
    runs = "".join(f"* {run}\n" for run in results["unfinished"])
    return f"These runs were stopped before their end, and count as far as they came:\n\n{runs}"


def _percent(figure: Mapping[str, Any]) -> str:
    return _plus_minus(figure, 100, "{:.2f}", " %")


def _points(figure: Mapping[str, Any]) -> str:
    return _plus_minus(figure, 100, "{:+.2f}", " points")


def _times(figure: Mapping[str, Any]) -> str:
    return _plus_minus(figure, 1, "{:.2f}", " x")


def _plus_minus(figure: Mapping[str, Any], factor: float, form: str, unit: str) -> str:
    if figure["mean"] is None:
        return "never reached"
    mean = form.format(factor * figure["mean"])
    if figure["spread"] is None:
        return mean + unit
    return f"{mean} ± {form.format(factor * figure['spread']).lstrip('+')}{unit}"


def _plain(form: str, unit: str, factor: float = 1) -> Callable[[Mapping[str, Any]], str]:
    return lambda figure: _plus_minus(figure, factor, form, unit)


def _figures(results: Mapping[str, Any]) -> str:
    methods = results["methods"]
    head = [*(NAMES[name] for name in methods), "paper: DLGN", "paper: Gumbel LGN"]
    lines = [f"| | {' | '.join(head)} |", "|---|" + "---:|" * len(head)]
    for title, key, form in ROWS:
        cells = [form(_at(figures, key)) for figures in methods.values()]
        lines.append(f"| {title} | {' | '.join([*cells, *PAPER_FIGURES.get(key, ('', ''))])} |")
    for title, say in WORDS:
        cells = [say(figures) for figures in methods.values()]
        lines.append(f"| {title} | {' | '.join([*cells, '', ''])} |")
    return "\n".join(lines) + "\n"


def _at(figures: Mapping[str, Any], key: str) -> Any:
    """Return a figure, or one of the two groups by clock, as in `speedup_seconds`."""
    group, _, clock = key.partition("_")
    return figures[group][clock] if group in ("speedup", "reached") else figures[key]


ROWS = (
    ("discrete accuracy at the end", "discrete", _percent),
    ("discrete accuracy, best measured", "best", _percent),
    ("gap, train mode minus discrete", "gap_train", _points),
    ("gap, soft mixture minus discrete", "gap_soft", _points),
    ("unused gates before training", "unused_start", _percent),
    ("unused gates at the end", "unused_end", _percent),
    ("milliseconds a step", "seconds_a_step", _plain("{:.1f}", "", 1000)),
    ("steps to the DLGN's best discrete accuracy", "reached_step", _plain("{:,.0f}", "")),
    ("seconds to it", "reached_seconds", _plain("{:,.1f}", "")),
    ("speed-up to it in steps", "speedup_step", _times),
    ("speed-up to it in wall time", "speedup_seconds", _times),
    ("speed-up to it in CPU time", "speedup_cpu_seconds", _times),
)

WORDS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("seeds that reach it", lambda figures: f"{figures['seeds_reaching']} of {figures['seeds']}"),
    ("computed on", lambda figures: str(figures["path"])),
)


def _in_words(results: Mapping[str, Any]) -> str:
    methods = results["methods"]
    if "gumbel_st" not in methods:
        return ""
    gaps = [methods[name]["gap_train"] for name in (DLGN, "gumbel_st")]
    soft, gumbel = (abs(gap["mean"]) for gap in gaps)
    if not soft:
        return "The DLGN has no gap here.\n"
    change = f"{100 * abs(1 - gumbel / soft):.0f} % {'less' if gumbel <= soft else 'more'}"
    spreads = [gap["spread"] for gap in gaps]  # None of a single seed
    close = None in spreads or abs(soft - gumbel) <= sum(spreads)
    caution = "; but the two differ by no more than they vary, or may vary, from seed to seed"
    return (
        f"The size of the Gumbel LGN's gap is {100 * gumbel:.2f} points, of the DLGN's"
        f" {100 * soft:.2f}: {change} (the paper: 98 % less)"
        f"{caution if close else ''}. Figures at the end are of"
        f" {results['test_samples']:,} samples, curves and best ones of the first"
        f" {results['scale']['experiment']['eval_samples']:,}.\n"
    )


def _depths(results: Mapping[str, Any]) -> str:
    depths = results["scale"]["experiment"]["depths"]
    seeds = results["scale"]["experiment"]["depth_seeds"]
    lines = [
        f"Gaps in points, train mode / soft mixture, and the discrete accuracy; {seeds} seed"
        f"{'s' if seeds > 1 else ''}.\n",
        f"| layers | {' | '.join(NAMES[name] for name in results['depths'])} |",
        "|---:|" + "---:|" * len(results["depths"]),
    ]
    for depth in sorted(depths):
        cells = []
        for rows in results["depths"].values():
            row = next((row for row in rows if row["depth"] == depth), None)
            cells.append("" if row is None else _gaps(row))
        lines.append(f"| {depth} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _gaps(row: Mapping[str, Any]) -> str:
    train, soft, discrete = (
        100 * row[key]["mean"] for key in ("gap_train", "gap_soft", "discrete")
    )
    return f"{train:+.2f} / {soft:+.2f}; {discrete:.2f} %"
