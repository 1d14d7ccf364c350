"""What the sub-commands share: consoles, the --json option, and how results are shown and kept.

Results go to standard output and everything else to standard error, so that `lgn ... --json > file`
holds one JSON object, whatever was noticed on the way.
"""

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.status import Status
from rich.table import Table
from rich.text import Text

from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.files.atomic import write_text
from lgn_hw.files.own_file import replace_file
from lgn_hw.formats.lgn import MAGIC, dumps

__all__ = [
    "JsonOption",
    "LabelOption",
    "check_classifier_path",
    "check_file",
    "errors",
    "finite",
    "notice",
    "out",
    "print_json",
    "print_notices",
    "save_classifier",
    "save_json",
    "save_text",
    "say",
    "show",
    "status",
    "write_json",
]

WIDEST = 10_000  # columns, in which nothing has to be folded


def _console(**options: Any) -> Console:
    """Return a console that prints text as it is: a class or a folder may be named `[/b]`."""
    if (
        os.environ.get("COLUMNS", "").strip() == "0"
    ):  # of shells that do not know; Rich prints nothing
        options["width"] = 80
    return Console(markup=False, highlight=False, emoji=False, **options)


out = _console()  # results
errors = _console(stderr=True)  # progress and problems

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object instead of text.", show_default=False)
]


LabelOption = Annotated[
    str | None, typer.Option("--label", help="The label column of a table; that of training.")
]


def finite(value: float | None) -> float | None:
    """Check a number among the options: "nan" and "inf" are numbers to Python and in no range."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"it must be a finite number, not {value}")
    return value


def say(*lines: str) -> None:
    """Print lines of results; none is folded or cut."""
    for line in lines:
        out.print(line, soft_wrap=True)


def show(table: RenderableType) -> None:
    """Print a table or panel, wider than the terminal where a word would be cut or folded."""
    if isinstance(table, Table):
        # Rich folds a word that is wider than its column: a digest or a path that is broken into
        # lines can no longer be copied.
        for column in table.columns:
            column.min_width = max(map(_longest_word, [column.header, *column.cells]))
    # The narrowest width in which nothing is folded, measured on a console without a limit.
    least = Measurement.get(out, out.options.update(max_width=WIDEST), table).minimum
    wide = _console(width=least) if least > out.width else out
    wide.print(table, crop=False)


def _longest_word(cell: RenderableType) -> int:
    """Return the columns of the longest word of a cell, which must not be folded."""
    return max((cell_len(word) for word in str(cell).split()), default=0)


def notice(sentence: str) -> None:
    """Print on standard error what the user should know."""
    errors.print(f"note: {sentence}", soft_wrap=True)


def print_notices(sentences: Iterable[str]) -> None:
    """Print sentences to standard error, one per line."""
    for sentence in sentences:
        notice(sentence)


def status(text: str) -> Status:
    """Show what is being done while it lasts, on a terminal."""
    return errors.status(Text(text))


def print_json(data: Any) -> None:
    """Print one JSON object to standard output, without colours or line folding."""
    print(json.dumps(data, indent=2))


def write_json(path: Path, data: Any) -> None:
    """Write one JSON object to a file, whole or not at all."""
    write_text(path, json.dumps(data, indent=2) + "\n")


def save_json(path: Path, data: Any, mark: str) -> None:
    """Write one JSON object where the user wants it; a file there without `mark` is kept aside."""
    save_text(path, json.dumps(data, indent=2) + "\n", mark)


def check_file(path: Path) -> None:
    """Raise UsageError where a folder is given for a file; "." has no name to make others of."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")


def check_classifier_path(path: Path, given: Path | None = None) -> None:
    """Raise UsageError where a classifier cannot be written to a path, before it is made.

    given: the classifier that it is made of, where the new one is another function: then the old
    one must stay, as it cannot be had again.
    """
    if given is not None and path.exists() and given.exists() and path.samefile(given):
        raise UsageError(f"{path} is the classifier itself; name another file with --output")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it that ends in .lgn")
    if path.suffix.lower() != ".lgn":
        raise UsageError(f"A classifier's file must end in .lgn, not be {path}; name {path}.lgn")


def save_classifier(path: Path, classifier: Classifier) -> None:
    """Write a classifier where the user wants it; a file there that is none is kept aside."""
    kept = replace_file(path, dumps(classifier), lambda old: old.startswith(MAGIC))
    if kept is not None:
        notice(f"{path} was no classifier; it is kept as {kept}")


def save_text(path: Path, text: str, mark: str) -> None:
    """Write a file where the user wants it; one there that lacks `mark` is kept aside."""
    # A name that is no UTF-8 reaches Python with surrogates in it; they become the bytes that they
    # stand for.
    data = text.encode("utf-8", "surrogateescape")
    kept = replace_file(path, data, lambda old: mark.encode() in old)
    if kept is not None:
        notice(f"{path} was not written by lgn; it is kept as {kept}")
