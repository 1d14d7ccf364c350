"""`lgn report`: every figure of a classifier on one HTML page, and as JSON."""

from pathlib import Path
from typing import Annotated

import typer

from lgn_cli.console import JsonOption, out, print_json, write_json

__all__ = ["report"]


def report(
    run: Annotated[Path, typer.Argument(help="A run folder, or a classifier, a .lgn file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The page; report.html in the run folder by default."),
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
    from lgn_hw.formats.atomic import write_text
    from lgn_hw.report.gather import classifier_file, gather
    from lgn_hw.report.page import to_html

    data = gather(run)
    path = output or classifier_file(run).parent / "report.html"
    write_text(path, to_html(data))
    write_json(path.with_suffix(".json"), data)
    if json:
        print_json(data)
    else:
        out.print(f"{path} and {path.with_suffix('.json').name}", markup=False, soft_wrap=True)
