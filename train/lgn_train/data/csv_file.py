"""Data sets in .csv files."""

import csv
import difflib
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError
from lgn_train.data.dataset import Dataset
from lgn_train.data.tabular import Samples, make_dataset, number_classes

__all__ = ["load_csv"]


def load_csv(path: Path, label: str | None = None, seed: int = 0) -> Dataset:
    """Read a .csv with a header row: numbers, and a column of labels, the last or that named.

    Raises UsageError: empty file, rows of different length, a cell that is no finite number (by
    row, as an editor counts lines, and column), no such label column, one class only.
    """
    header, rows = _rows(path)
    column = _label_column(path, header, label)
    names = [name for i, name in enumerate(header) if i != column]
    x = _numbers(path, header, rows, column)
    y, classes = number_classes(_labels(path, header[column], rows, column))
    return make_dataset(Samples(x, y), None, names, classes, place=str(path), seed=seed)


def _rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header, and each row with its line number."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            lines = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError as problem:
        raise UsageError(f"{path} must be UTF-8 text: {problem}") from problem
    if len(lines) < 2:
        raise UsageError(f"{path} holds no samples; it needs a header row and one row a sample")
    header = [name.strip() for name in lines[0][1]]
    if len(header) < 2:
        raise UsageError(f"{path} must have two columns or more, separated by commas, not {header}")
    for line, row in lines[1:]:
        if len(row) != len(header):
            raise UsageError(
                f"{path}, row {line} must have {len(header)} cells, as the header has,"
                f" not {len(row)}"
            )
    return header, lines[1:]


def _label_column(path: Path, header: list[str], label: str | None) -> int:
    if label is None:
        return len(header) - 1
    if label not in header:
        near = difflib.get_close_matches(label, header, 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(header)}"
        raise UsageError(f"{path} has no column {label!r}{hint}")
    return header.index(label)


def _labels(path: Path, name: str, rows: list[tuple[int, list[str]]], column: int) -> list[str]:
    for line, row in rows:
        if not row[column].strip():
            raise UsageError(f"{path}, row {line}, column {name!r} must hold a label")
    return [row[column].strip() for _, row in rows]


def _numbers(
    path: Path, header: list[str], rows: list[tuple[int, list[str]]], label: int
) -> NDArray[np.float64]:
    values = np.empty((len(rows), len(header) - 1))
    for index, (line, row) in enumerate(rows):
        cells = zip(header, row, strict=True)
        values[index] = [
            _number(path, line, name, cell) for i, (name, cell) in enumerate(cells) if i != label
        ]
    return values


def _number(path: Path, line: int, name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise UsageError(
            f"{path}, row {line}, column {name!r} must be a number, not {cell!r}"
        ) from None
    if not math.isfinite(value):
        raise UsageError(
            f"{path}, row {line}, column {name!r} must be a finite number, not {cell!r}"
        )
    return value
