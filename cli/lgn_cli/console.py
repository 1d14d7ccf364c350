"""What the sub-commands share: consoles, the --json option, and how JSON is written."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lgn_hw.formats.atomic import write_text

__all__ = [
    "JsonOption",
    "LabelOption",
    "errors",
    "out",
    "print_json",
    "print_notices",
    "write_json",
]

out = Console(highlight=False)  # results
errors = Console(stderr=True, highlight=False)  # progress and problems

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object instead of text.", show_default=False)
]


LabelOption = Annotated[
    str | None, typer.Option("--label", help="The label column of a table; that of training.")
]


def print_notices(notices: Iterable[str]) -> None:
    """Print sentences to standard error, one a line."""
    for notice in notices:
        errors.print(f"note: {notice}", markup=False, soft_wrap=True)


def print_json(data: Any) -> None:
    """Print one JSON object to standard output, without colours or line folding."""
    print(json.dumps(data, indent=2))


def write_json(path: Path, data: Any) -> None:
    """Write one JSON object to a file, whole or not at all."""
    write_text(path, json.dumps(data, indent=2) + "\n")
