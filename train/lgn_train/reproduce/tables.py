"""The tables of the experiment's page, in Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

from lgn_hw.counted import counted
from lgn_train.reproduce.scale import DLGN, GUMBEL

__all__ = ["depth_table", "figures_table", "headline_table", "options_table", "plus_minus"]

Figures = Mapping[str, Any]
CLAIMS = {
    "gap_train": "gap, train mode minus discrete",
    "unused_end": "unused gates",
    "speedup_step": "speed-up to the DLGN's best circuit, in steps",
    "speedup_seconds": "speed-up to it, in wall time",
    "speedup_cpu_seconds": "speed-up to it, in CPU time",
}

# 2506.07500: CIFAR-10, 12 layers of 256 000.
PAPER_OPTIONS = {
    "initial logits": "gaussian",
    "temperature": "1",
    "optimiser": "Adam, learning rate 0.01, constant",
    "batch": "128",
    "gradient to a node's inputs": "hard, in its released code",
    "encoder": "31 thresholds per channel, 95,232 bits",
    "tau of GroupSum": "100",
    "network": "12 layers of 256,000; in the appendix 6 of 64,000",
    "steps": "10^5 to 10^6",
    "seeds": "1; in the appendix 5",
    "device": "RTX 3090 or 2080 Ti, 48 GPU-hours a run",
}


def plus_minus(figure: Figures, factor: float, form: str, unit: str) -> str:
    """Return a mean with its spread, like `41.76 ± 0.26 %`."""
    if figure["mean"] is None:
        return "never reached"
    mean = form.format(factor * figure["mean"])
    if figure["spread"] is None:
        return mean + unit
    return f"{mean} ± {form.format(factor * figure['spread']).lstrip('+')}{unit}"


def headline_table(found: Figures, paper: Figures) -> str:
    """Return the three numbers of the paper beside ours.

    found: the figures of one data set; paper: published cells by method and row, already as text,
    so that they keep the precision they were published with. Empty unless both methods were run.
    """
    methods = found["methods"]
    if not {DLGN, GUMBEL} <= methods.keys():
        return ""
    lines = [
        "| | DLGN | Gumbel LGN | the paper's DLGN | the paper's Gumbel LGN |",
        "|---|---:|---:|---:|---:|",
    ]
    forms = {key: form for _, key, form in ROWS}
    for key, title in CLAIMS.items():
        cells = [forms[key](_at(methods[name], key)) for name in (DLGN, GUMBEL)]
        cells += [paper.get(name, {}).get(key, "") for name in (DLGN, GUMBEL)]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def figures_table(found: Figures, titles: Figures, paper: Figures) -> str:
    """Return all figures, a column per method, and of those that the paper has too."""
    methods = found["methods"]
    published = [name for name in titles if name in paper]
    # Our columns first, then those that the paper has figures for.
    head = [titles[name] for name in methods] + [f"paper: {titles[name]}" for name in published]
    lines = [f"| | {' | '.join(head)} |", "|---|" + "---:|" * len(head)]
    for title, key, form in ROWS:
        cells = [form(_at(figures, key)) for figures in methods.values()]
        cells += [paper[name].get(key, "") for name in published]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    for title, say in WORDS:
        cells = [say(figures) for figures in methods.values()] + [""] * len(published)
        lines.append(f"| {title} | {' | '.join(cells)} |")
    measured = found["measured"]
    return (
        "\n".join(lines)
        + f"\n\nAccuracies and gaps at the end are of the {found['test_samples']:,} test samples,"
        f" which are measured once; best ones, curves and times are of {measured['samples']:,}"
        f" samples of the {measured['part']} part. Measuring took {100 * found['measuring']:.1f} %"
        " of the time of training.\n"
    )


def depth_table(found: Figures, scale: Figures, titles: Figures) -> str:
    """Return gaps, accuracies and unused gates by the number of layers.

    A cell has the gap in train mode and that of the soft mixture, then accuracy and unused gates;
    an empty one is a depth that this method was not run at.
    """
    seeds = scale["experiment"]["depth_seeds"]
    methods = {name: rows for name, rows in found["depths"].items() if rows}
    lines = [
        "Gaps in points, train mode / soft mixture, the discrete accuracy, and the unused gates at"
        f" the end; {counted(seeds, 'seed')}.\n",
        f"| layers | {' | '.join(titles[name] for name in methods)} |",
        "|---:|" + "---:|" * len(methods),
    ]
    for depth in sorted({row["depth"] for rows in methods.values() for row in rows}):
        cells = []
        for rows in methods.values():
            row = next((row for row in rows if row["depth"] == depth), None)
            cells.append("" if row is None else _at_depth(row))
        lines.append(f"| {depth} | {' | '.join(cells)} |")
    return "\n".join(lines)


def options_table(results: Figures, data: str) -> str:
    """Return what was run beside what the paper ran, and where methods differ."""
    scale, found = results["scale"], results["data"][data]
    experiment, options = scale["experiment"], found["options"]
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    first = next(iter(options.values()))
    model, train, encoder = first["model"], first["train"], first["encoder"]
    here = {
        "initial logits": model.get("init", "residual"),
        "temperature": f"{model.get('temperature', 1):g}",
        "optimiser": f"Adam, learning rate {train.get('learning_rate', 0.01):g},"
        f" {train.get('schedule', 'cosine')}",
        "batch": train.get("batch_size", 128),
        "gradient to a node's inputs": f"{scale['model'].get('input_gradient', 'soft')}, for the"
        " hard methods",
        "encoder": f"{encoder.get('levels', 3)} thresholds per feature,"
        f" {found['encoder_bits']:,} bits",
        "tau of GroupSum": f"{model.get('tau', 10):g}",
        "network": f"{experiment['depth']} layers of {experiment['width']:,}",
        "steps": f"{experiment['steps']:,}, measured every {experiment['eval_steps']:,}",
        "seeds": max(figures["seeds"] for figures in found["methods"].values()),
        "device": f"{results['device']}; {results['hours']:.1f} hours for all runs of the scale;"
        f" {versions}",
    }
    lines = [f"| | here, {found['train_samples']:,} training samples | in the paper |",
             "|---|---|---|"]  # fmt: skip
    lines += [f"| {row} | {value} | {PAPER_OPTIONS[row]} |" for row, value in here.items()]
    return "\n".join([*lines, "", *_differences(options, results["titles"])]) + "\n"


def _differences(options: Figures, titles: Figures) -> list[str]:
    """Say what single methods have otherwise than the first one.

    Learning rates and the like may differ by [[change]] of the scale; what a method differs in by
    being that method (estimator, input gradient) is not said again.
    """
    first, *others = options.items()
    found = []
    for name, mine in others:
        named = [
            f"{section}.{key} = {value!r} ({options[first[0]][section].get(key)!r})"
            for section, values in mine.items()
            for key, value in values.items()
            if key not in ("estimator", "input_gradient", "layers")
            and options[first[0]][section].get(key) != value
        ]
        if named:
            found.append(f"* {titles[name]} has {', '.join(named)}.")
    if not found:
        return []
    return [f"Otherwise than the {titles[first[0]]}, whose values are in brackets:", "", *found]


def _at_depth(row: Figures) -> str:
    """Return a cell of the table of depths, fractions as percent and gaps with their sign."""
    train, soft, discrete, unused = (
        100 * row[key]["mean"] for key in ("gap_train", "gap_soft", "discrete", "unused_end")
    )
    return f"{train:+.2f} / {soft:+.2f}; {discrete:.2f} %; {unused:.2f} %"


def _at(figures: Figures, key: str) -> Any:
    """Return a figure, or one of the two groups by clock, as in `speedup_seconds`."""
    group, _, clock = key.partition("_")
    return figures[group][clock] if group in ("speedup", "reached") else figures[key]


def _form(form: str, unit: str, factor: float = 1) -> Callable[[Figures], str]:
    """Return what writes a figure in a row's way: its format, unit and factor (100 for percent)."""
    return lambda figure: plus_minus(figure, factor, form, unit)


PERCENT, POINTS = _form("{:.2f}", " %", 100), _form("{:+.2f}", " points", 100)
TIMES = _form("{:.2f}", " x")

# The rows of the table of figures: title, key of results.summarize(), and how it is written. A key
# with a clock behind an underscore names one of a group, see _at().
ROWS = (
    ("accuracy in train mode at the end", "train_mode", PERCENT),
    ("discrete accuracy at the end", "discrete", PERCENT),
    ("discrete accuracy, best measured", "best", PERCENT),
    ("gap, train mode minus discrete", "gap_train", POINTS),
    ("gap, soft mixture minus discrete", "gap_soft", POINTS),
    ("gap, train mode, largest measured", "gap_largest", POINTS),
    ("unused gates before training", "unused_start", PERCENT),
    ("unused gates at the end", "unused_end", PERCENT),
    ("milliseconds per step", "seconds_a_step", _form("{:.1f}", "", 1000)),
    ("CPU milliseconds per step", "cpu_seconds_a_step", _form("{:.1f}", "", 1000)),
    ("steps to the DLGN's best discrete accuracy", "reached_step", _form("{:,.0f}", "")),
    ("seconds to it", "reached_seconds", _form("{:,.1f}", "")),
    ("speed-up to it in steps", "speedup_step", TIMES),
    ("speed-up to it in wall time", "speedup_seconds", TIMES),
    ("speed-up to it in CPU time", "speedup_cpu_seconds", TIMES),
)

# Rows whose cells are text and no mean with a spread.
WORDS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("seeds that reach it", lambda figures: f"{figures['seeds_reaching']} of {figures['seeds']}"),
    ("computed on", lambda figures: str(figures["path"])),
)
