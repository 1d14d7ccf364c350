"""Tables in .csv files: encoding, separator, header and rows.

Python's csv module reads the cells; what it leaves open is decided here: the encoding, the
separator, where the header is, and what a row of another length means.
"""

import csv
import io
import re
from itertools import pairwise
from pathlib import Path

from lgn_hw.data.names import tidy
from lgn_hw.data.numbers import is_decimal_comma
from lgn_hw.data.table import Table
from lgn_hw.errors import UsageError

__all__ = ["read_csv"]

SEPARATORS = ",;\t|"
STATED = re.compile(r'"?sep=([,;\t|])"?[ \t]*[\r\n]')  # a line that Excel reads and writes
SEPARATOR_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
Rows = list[tuple[int, list[str]]]  # the number of its line, as an editor counts, and its cells


def read_csv(path: Path) -> Table:
    """Read a .csv with a header row, in UTF-8 or, where it says so, UTF-16.

    Cells are separated by commas, semicolons, tabs or bars: as a line `sep=;` above the header
    says, else whichever the header has most of. Where it is not commas, numbers may have decimal
    commas. Blank rows, and a last column that has neither a name nor cells, are left out. Raises
    UsageError with the row of what is wrong.
    """
    text = _text(path)
    stated = STATED.match(text)
    separator = stated[1] if stated else _separator(text)
    # The line `sep=;` is no row.
    rows = _rows(path, text, separator)[1 if stated else 0 :]
    if len(rows) < 2:
        raise UsageError(f"{path} holds no samples; it needs a header row and one row per sample")
    header = [tidy(name) for name in rows[0][1]]
    _check_lengths(path, header, rows[1:], separator)
    columns = [
        list(map(str.strip, column)) for column in zip(*(r for _, r in rows[1:]), strict=True)
    ]
    notices: list[str] = []
    # Spreadsheets write a separator behind the last cell of each row.
    while len(header) > 1 and not header[-1] and not any(columns[-1]):
        header.pop(), columns.pop()
        notices = [f"{path}: rows end in a separator; the empty last column is left out"]
    # One column with decimal commas decides for the file: 3 in another column means 3 either way.
    comma = separator != "," and any(is_decimal_comma(column) for column in columns)
    if comma:
        notices.append(f"{path}: commas in numbers are read as decimal points")
    lines = [line for line, _ in rows[1:]]
    return Table(str(path), header, columns, lines, comma=comma, notices=tuple(notices))


def _text(path: Path) -> str:
    """Return the file's text; raises UsageError with the row and the byte that is none."""
    data = path.read_bytes()
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        # Excel writes UTF-16 as "Unicode text" and a byte order mark before UTF-8.
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise UsageError(
            f"{path} must be UTF-8 text, and row {line} has the byte 0x{data[problem.start]:02x}"
            " that is none; save it as 'CSV UTF-8', or convert it:"
            " iconv -f LATIN1 -t UTF-8 OLD > NEW"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(
            f"{path} is not a text table: row {line} holds a zero byte; export it again as CSV"
        )
    return text


def _separator(text: str) -> str:
    """Return the separator that the header has most of, outside of quotes; comma on a tie."""
    quoted, counts = False, dict.fromkeys(SEPARATORS, 0)
    for character in text.lstrip("\r\n"):
        if character == '"':
            quoted = not quoted
        elif character in "\r\n" and not quoted:
            break
        elif character in counts and not quoted:
            counts[character] += 1
    return max(counts, key=lambda separator: counts[separator])


def _rows(path: Path, text: str, separator: str) -> Rows:
    """Return the rows that have cells, each with the number of its first line."""
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=separator, strict=True, skipinitialspace=True)
    rows: Rows = []
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as problem:
        raise UsageError(
            f"{path}, row {line} cannot be read ({problem}); a quotation mark may be missing there"
        ) from None
    return rows


def _check_lengths(path: Path, header: list[str], rows: Rows, separator: str) -> None:
    """Raise UsageError at the first row that has more or fewer cells than the header."""
    for line, row in rows:
        if len(row) != len(header):
            few = len(row) < len(header)
            hint = "cells are missing" if few else _surplus(row, separator)
            raise UsageError(
                f"{path}, row {line} must have {len(header)} cells, as the header has, not"
                f" {len(row)}: {hint}"
            )


def _surplus(row: list[str], separator: str) -> str:
    """Guess why a row has too many cells: numbers in two cells are likely a decimal comma."""
    digits = any(a.strip().isdigit() and b.strip().isdigit() for a, b in pairwise(row))
    if separator == "," and digits:
        return "is there a decimal comma? write 5.69, or separate cells by semicolons"
    return f"it has more {SEPARATOR_NAMES[separator]} than the header; quote cells that hold one"
