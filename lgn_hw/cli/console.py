"""What the sub-commands share: consoles, the --json option, and how numbers are printed."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console

__all__ = ["JsonOption", "errors", "out", "print_json"]

out = Console(highlight=False)  # results
errors = Console(stderr=True, highlight=False)  # progress and problems

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object instead of text.", show_default=False)
]


def print_json(data: Any) -> None:
    """Print one JSON object to standard output, without colours or line folding."""
    print(json.dumps(data, indent=2))
