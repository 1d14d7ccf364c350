"""`lgn info`: say what is in a classifier's file."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table
from rich.text import Text

from lgn_cli.console import JsonOption, print_json, show
from lgn_hw.classifier import Classifier
from lgn_hw.passes.dead import inputs_read
from lgn_hw.ports import Field, describe_ports

__all__ = ["info"]

MAX_LINES = 10  # of features, and of classes


def info(
    classifier: Annotated[
        Path, typer.Argument(help="The classifier, a .lgn file, or the folder of its run.")
    ],
    json: JsonOption = False,
) -> None:
    """Describe a classifier: inputs, gates, levels, classes and where it came from.

    Examples:

        lgn info build/digits/digits.lgn

        lgn info build/digits/digits.lgn --json
    """
    from lgn_hw.report.gather import classifier_file

    file = classifier_file(classifier)
    data = describe(Classifier.load(file))
    if json:
        print_json(data)
        return
    table = Table(title=str(file), show_header=False)
    table.add_column()
    table.add_column(overflow="fold")  # a digest must not be cut short
    for name, value in data.items():
        if name not in ("provenance", "classes", "class_names", "inputs", "example"):
            table.add_row(name.replace("_", " "), _shown(value))
    _add_ports(table, data)
    for name, value in data["provenance"].items():
        table.add_row(name.replace("_", " "), _shown(value))
    show(table)


def _add_ports(table: Table, data: dict[str, Any]) -> None:
    """Add a row for each class and each feature, the first of many, and the worked example."""
    classes = [f"{number} {name}" for number, name in enumerate(data["classes"])]
    table.add_row("classes", Text(_first(classes)))
    table.add_row("inputs", Text(_first([Field(**field).text for field in data["inputs"]])))
    example = data["example"]
    table.add_row("example", Text(
        f"these inputs are {example['bits']}'h{example['port']},"
        f" class {example['number']} {example['name']}"
    ))  # fmt: skip


def _first(lines: list[str]) -> str:
    """Join the first lines, and say how many more there are."""
    more = [f"... and {len(lines) - MAX_LINES:,} more: --json"] if len(lines) > MAX_LINES else []
    return "\n".join([*lines[:MAX_LINES], *more])


def describe(classifier: Classifier) -> dict[str, Any]:
    """Return the figures of a classifier as JSON values.

    `levels` is the depth of the gates (Netlist.depth), before anything is mapped to LUTs;
    `encoder_bits_used` counts the bits on which an output depends.
    """
    netlist, features = classifier.netlist, classifier.features
    return {
        "digest": classifier.digest,
        "features": len(features),
        "sample_bits": features.sample_width,
        "encoder_bits": classifier.encoder.num_bits,
        "encoder_bits_used": len(inputs_read(netlist)),
        "nodes": netlist.num_nodes,
        "nodes_by_inputs": _histogram(netlist.arity),
        "levels": netlist.depth,
        "outputs": netlist.num_outputs,
        "group_sizes": list(classifier.group_sizes),
        "tau": classifier.tau,
        "classes": list(classifier.classes),
        **describe_ports(classifier),
        "provenance": dict(classifier.provenance),
    }


def _histogram(values: np.ndarray[Any, Any]) -> dict[str, int]:
    """Count the values that occur."""
    kinds, counts = np.unique(values, return_counts=True)
    return {str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)}


def _shown(value: Any) -> str:
    """Write a value of any kind in one cell."""
    if isinstance(value, dict):
        return "\n".join(f"{key} = {_shown(item)}" for key, item in value.items())
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return f"{len(value):,} entries"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value)
