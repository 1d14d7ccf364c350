"""`lgn report`: every figure of a classifier on one HTML page, and as JSON.

It computes nothing new: each figure comes from a file that another command left beside the
classifier.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from lgn_cli.console import JsonOption, print_json, save_json, save_text, say
from lgn_hw.errors import UsageError

__all__ = ["report"]

MARK = '<meta name="generator" content="lgn-hw'  # of a page that may be replaced


def report(
    run: Annotated[Path, typer.Argument(help="A run folder, or a classifier, a .lgn file.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="The page, a file that ends in .html, its folder, or - for standard output;"
            " report.html in the run folder if not given.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write one self-contained HTML page, and the same figures as JSON beside it.

    Accuracy and gaps, gates, area by part, clock, verification, provenance, and pictures of
    them. Every count and frequency names its stage; what was not run is said to be so. The page
    needs no network and no script, and prints well.

    Examples:

        lgn report build/digits

        lgn report build/digits/digits.lgn -o digits.html --json
    """
    from lgn_hw.report.gather import FORMAT, classifier_file, gather
    from lgn_hw.report.page import to_html

    path = _page(output, classifier_file(run).parent)
    if path is None and json:
        raise UsageError("--output - prints the page; --json prints figures; give one of them")
    data = gather(run)
    if path is None:
        print(to_html(data), end="")
        return
    save_text(path, to_html(data), MARK)
    save_json(path.with_suffix(".json"), data, FORMAT)
    if json:
        print_json(data)
    else:
        say(f"{path} and {path.with_suffix('.json').name}")


def _page(output: str | None, beside: Path) -> Path | None:
    """Return the page's file, or None for standard output."""
    if output in ("-", "/dev/stdout"):
        return None
    path = beside if output is None else Path(output)
    if path.is_dir() or (output or "").endswith(os.sep) or output is None:
        return path / "report.html"
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(
            f"A report is written to a file that ends in .html, or to a folder, not to {path};"
            f" name {path.with_suffix('.html')}, or for a folder {path}{os.sep}"
        )
    return path
