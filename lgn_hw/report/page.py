"""The report as one HTML page: no scripts, no network, readable on a phone and on paper."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from lgn_hw.report.answers_page import answers_parts
from lgn_hw.report.charts import NARROW, WIDE, area_bars, columns, curves, paired_bars
from lgn_hw.report.pipeline_picture import pipeline_picture

__all__ = ["make_environment", "style_sheet", "to_html"]

HERE = Path(__file__).parent
# Rows of the table of inputs; an image has hundreds of pixels, which are in report.json.
MAX_INPUTS = 32
MAX_TABLES = 16  # of two-input nodes there are no more
KINDS = {"lut6": "LUT6", "lut4": "LUT4", "ff": "flip-flops"}


def to_html(report: Mapping[str, Any]) -> str:
    """Render what gather.gather returns; the same figures give the same bytes."""
    parts = answers_parts(report)
    charts = {name: Markup(chart) for name, chart in _charts(report).items()}
    return (
        make_environment()
        .get_template("report.html.jinja")
        .render(
            parts | {"charts": charts | parts["charts"]},
            report=report,
            style=style_sheet(),
            tables_note=_tables_note(report["classifier"]["different_tables"]),
            structure=_structure(report["classifier"]),
            optimized=_structure(report["optimized"]),
            inputs=report["ports"]["inputs"][:MAX_INPUTS],
            more_inputs=_more_inputs(len(report["ports"]["inputs"])),
            provenance=_provenance(report),
            interval=_interval(report["accuracy"]["accuracy"], report["accuracy"]["test_samples"]),
            kinds=KINDS,
        )
    )


def make_environment() -> jinja2.Environment:
    """Return what renders the templates of this folder: it escapes all text that is put in.

    An undefined name in a template is an error, not an empty text (StrictUndefined).
    """
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FileSystemLoader(HERE),
    )
    environment.filters |= {
        "count": lambda value: f"{value:,}",
        "percent": lambda value: f"{100 * value:.2f}\N{NO-BREAK SPACE}%",
        "points": _points,
        "si": _si,
        "interval": lambda run: _interval(run["accuracy"], run["samples"]),
    }
    return environment


def style_sheet() -> Markup:
    """Return the style that all pages of this folder have."""
    return Markup((HERE / "report.css").read_text(encoding="utf-8"))


def _more_inputs(count: int) -> str:
    """Say how many features the page's table leaves out; nothing where it has all."""
    more = count - MAX_INPUTS
    return f"{more:,} more features are in report.json." if more > 0 else ""


def _charts(report: Mapping[str, Any]) -> dict[str, str]:
    """Return all charts of the page as SVG, by name.

    What was not run has no chart; the template leaves its section out.
    """
    charts = _structure_charts(report)
    if report["curves"] is not None:
        charts |= _training_charts(report["curves"], report["curves_part"])
    if report["estimate"] is not None:
        charts |= _area_charts(report["estimate"])
    if report["streaming"] is not None:
        drawn = report["streaming"]["core"], report["streaming"]["area"]
        charts["pipeline_wide"] = pipeline_picture(*drawn)
        charts["pipeline_narrow"] = pipeline_picture(*drawn, narrow=True)
    return charts


def _training_charts(data: Mapping[str, list[float]], part: str) -> dict[str, str]:
    """Draw loss and accuracies over the epochs."""

    def percent(name: str) -> list[float]:
        return [100 * value for value in data[name]]

    return {
        "loss": curves(
            data["epoch"],
            {f"{data['loss'][-1]:.3g}": (data["loss"], "first")},
            describe="Training loss over epochs",
            # A loss of 0, as of a net that knows its samples by heart, has no logarithm.
            logarithmic=min(data["loss"]) > 0,
        ),
        "accuracies": curves(
            data["epoch"],
            {
                "train mode": (percent("train_mode_accuracy"), "second"),
                "soft": (percent("soft_accuracy"), "third"),
                "discrete": (percent("discrete_accuracy"), "first"),
            },
            describe=f"{part.capitalize()} accuracy over epochs, in percent",
        ),
        "gaps": curves(
            data["epoch"],
            {
                "train mode": (percent("gap_train"), "second"),
                "soft": (percent("gap_soft"), "third"),
            },
            describe="Accuracy gaps to the discrete network over epochs, in percentage points",
            zero=True,
        ),
    }


def _structure_charts(report: Mapping[str, Any]) -> dict[str, str]:
    """Draw nodes by level and by truth table."""
    classifier, tables = report["classifier"], report["nodes_by_table"][:MAX_TABLES]
    levels = {"inputs": classifier["encoder_bits_used"]}
    levels |= {str(i): nodes for i, nodes in enumerate(classifier["nodes_by_level"], 1)}
    return {
        "tables": paired_bars(
            {table["name"]: (table["nodes"], table["optimized_nodes"]) for table in tables},
            describe="Nodes by truth table, before and after optimisation",
        ),
        "levels": columns(
            levels, describe="Nodes on each level", axis="level", first_style="encoder"
        ),
    }


def _area_charts(estimate: Mapping[str, Any]) -> dict[str, str]:
    """Draw the cells of each part."""
    rows = {
        title: {part: count for part, count in estimate[kind].items() if part != "total"}
        for kind, title in KINDS.items()
    }
    describe = f"Cells by part, stage {estimate['stage']}"
    return {
        "area_wide": area_bars(rows, width=WIDE, describe=describe),
        "area_narrow": area_bars(rows, width=NARROW, describe=describe),
    }


def _tables_note(kinds: int) -> str:
    """Say how many tables the chart leaves out."""
    if kinds > MAX_TABLES:
        return f"the {MAX_TABLES} most frequent of {kinds:,}"
    return "inputs a and b"


def _structure(classifier: Mapping[str, Any]) -> dict[str, str]:
    """Return the rows of the table of the classifier's structure."""
    votes = classifier["votes"]
    fewest, most = min(votes), max(votes)
    return {
        "features": f"{classifier['features']:,}",
        "bits of a sample": f"{classifier['sample_bits']:,}",
        "encoder bits": f"{classifier['encoder_bits']:,}",
        "encoder bits that are read": f"{classifier['encoder_bits_used']:,}",
        "nodes": f"{classifier['nodes']:,}",
        "levels": f"{classifier['levels']:,}",
        "classes": f"{len(votes):,}",
        "votes for a class": f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}",
        "temperature of the logits": f"{classifier['tau']:g}",
    }


def _provenance(report: Mapping[str, Any]) -> dict[str, str]:
    """Flatten what the classifier says of its making; accuracies have their own table."""
    facts = {"classifier": report["digest"]}
    for name, value in report["provenance"].items():
        if name in report["accuracy"]:
            continue
        plain = value if isinstance(value, Mapping) else {}
        nested = {key: part for key, part in plain.items() if isinstance(part, Mapping)}
        facts[name.replace("_", " ")] = _settings(
            {key: part for key, part in plain.items() if key not in nested} or value
        )
        facts |= {f"{name}: {key}": _settings(part) for key, part in nested.items()}
    if report["accuracy"]["train_samples"]:
        counts = (report["accuracy"][f"{part}_samples"] for part in ("train", "test"))
        facts["samples"] = "{:,} for training, {:,} for the test".format(*counts)
    if report["estimate"] is not None:
        facts["mapped by"] = report["estimate"]["tool"]
    return facts


def _settings(value: Any) -> str:
    """Write a section of the recipe in one line."""
    if not isinstance(value, Mapping):
        return str(value)
    return ", ".join(f"{key} = {_brief(part)}" for key, part in value.items() if part is not None)


def _brief(value: Any) -> str:
    """Count what would fill the page, as the blocks of votes that passes.vote_sums lists."""
    nested = isinstance(value, list) and any(isinstance(item, list) for item in value)
    return f"{len(value):,} entries" if nested else str(value)


def _interval(share: float | None, count: int | None) -> tuple[float, float] | None:
    """Return Wilson's 95 % interval of the accuracy, where the number of samples is known."""
    if share is None or not count:
        return None
    # Wilson and not the normal interval: at shares near 1 that one reaches beyond 100 %.
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return middle - half, middle + half


def _points(value: float) -> str:
    """Write a difference of two shares in percentage points."""
    text = f"{100 * value:+.2f}".replace("-", "\N{MINUS SIGN}")
    # A minus before zero would look like a loss.
    return "0.00" if text[1:] == "0.00" else text


def _si(value: float) -> str:
    """Write a large number with three digits and its prefix: `245 M`."""
    for power, prefix in ((9, "G"), (6, "M"), (3, "k")):
        if value >= 10**power:
            return f"{value / 10**power:.3g}\N{NO-BREAK SPACE}{prefix}"
    return f"{value:.3g}\N{NO-BREAK SPACE}"
