"""`lgn report`: every figure of a classifier on one HTML page, and as JSON.

It computes nothing new: each figure comes from a file that another command left beside the
classifier.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from lgn_cli.console import JsonOption, LabelOption, print_json, save_json, save_text, say, status
from lgn_hw.errors import UsageError

__all__ = ["report"]

MARK = '<meta name="generator" content="lgn-hw'  # of a page that may be replaced


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="A run folder, or a classifier, a .lgn file; several are compared.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="The page, a file that ends in .html, its folder, or - for standard output;"
            " report.html in the run folder if not given, comparison.html here for several.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Samples, .npz or .csv, for what is said of single classes, samples and inputs;"
            " if not given, those that the run was tested on."
        ),
    ] = None,
    label: LabelOption = None,
    image: Annotated[
        str | None,
        typer.Option(
            help="The pixels' shape, 28x28 or 3x32x32, or none for a table; by the features' names"
            " if not given."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write one self-contained HTML page, and the same figures as JSON beside it.

    Accuracy and gaps, gates, the circuit as a drawing, what the inputs matter, the confusion
    matrix and samples with wrong answers, area by part, clock, verification, provenance. Every
    count and frequency names its stage; what was not run is said to be so. The page needs no
    network and no script, and prints well. Of several runs it shows accuracy against LUTs, latency
    and clock.

    Examples:

        lgn report build/digits

        lgn report build/digits/digits.lgn --data build/digits/test.npz -o digits.html --json

        lgn report build/digits build/mnist/mnist.lgn -o both.html
    """
    from lgn_hw.hdl.streaming.stages import describe_stages
    from lgn_hw.report.compare import COMPARISON, compare
    from lgn_hw.report.compare_page import comparison_to_html
    from lgn_hw.report.gather import FORMAT, classifier_file, gather
    from lgn_hw.report.page import to_html

    several = len(runs) > 1
    beside = Path() if several else classifier_file(runs[0]).parent
    # Where the page goes is settled before minutes of reading and drawing.
    path = _page(output, beside, "comparison.html" if several else "report.html")
    if path is None and json:
        raise UsageError("--output - prints the page; --json prints figures; give one of them")
    if several and image is not None:
        raise UsageError("--image is for the report of one run; of several no image is drawn")
    with status("reading runs" if several else "reading the run"):
        if several:
            figures, form = compare(runs, data, label=label), COMPARISON
            page = comparison_to_html(figures)
        else:
            figures, form = (
                gather(runs[0], data, label=label, image=image, pipeline=describe_stages),
                FORMAT,
            )
            page = to_html(figures)
    if path is None:
        print(page, end="")
        return
    save_text(path, page, MARK)
    save_json(path.with_suffix(".json"), figures, form)
    if json:
        print_json(figures)
    else:
        say(f"{path} and {path.with_suffix('.json').name}")


def _page(output: str | None, beside: Path, name: str) -> Path | None:
    """Return the page's file, or None for standard output."""
    if output in ("-", "/dev/stdout"):
        return None
    path = beside if output is None else Path(output)
    if path.is_dir() or (output or "").endswith(os.sep) or output is None:
        return path / name
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(
            f"A report is written to a file that ends in .html, or to a folder, not to {path};"
            f" name {path.with_suffix('.html')}, or for a folder {path}{os.sep}"
        )
    return path
