"""Columns of numbers and of words, with missing cells, to numbers that hardware takes as well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_train.data.categories import one_hot

__all__ = ["Cells", "ColumnCoder", "cells_of"]

Cells = NDArray[np.float64] | list[str | None]  # what is missing is NaN, or None


@dataclass(frozen=True, eq=False)
class _Column:
    """How one column becomes features.

    values: the words of a column of words, each a feature `name=word` of 0 and 1; None for numbers.
    fill: the number that stands for a missing one. missing: whether `name=missing` tells of it.
    """

    name: str
    values: tuple[str, ...] | None
    fill: float
    missing: bool

    @classmethod
    def fitted(cls, name: str, cells: Cells) -> "_Column":
        """Learn a column from the training part: its words, sorted, or the number that stands for a
        missing one, the lower median.
        """
        absent = _absent(cells)
        if isinstance(cells, list):
            values = tuple(sorted({cell for cell in cells if cell is not None}))
            return cls(name, values, 0.0, bool(absent.any()))
        # One that occurs, so that a column of whole numbers stays one.
        given = np.sort(cells[~absent])
        fill = float(given[(len(given) - 1) // 2]) if len(given) else 0.0
        return cls(name, None, fill, bool(absent.any()))

    @property
    def names(self) -> list[str]:
        """The features that the column becomes, the one that tells of a missing cell last."""
        words = [self.name] if self.values is None else [f"{self.name}={v}" for v in self.values]
        return words + [f"{self.name}=missing"] * self.missing

    def matrix(self, cells: Cells) -> NDArray[np.float64]:
        """Return float64[cells, features]. Raises ValueError where words stand in a column of
        numbers.
        """
        absent = _absent(cells)
        if self.values is None:
            numbers = _numbers(self.name, cells)
            parts = [np.where(absent, self.fill, numbers)[:, None]]
        else:
            parts = [one_hot(_words(cells), self.values).astype(np.float64)] if self.values else []
        parts += [absent.astype(np.float64)[:, None]] * self.missing
        return np.concatenate(parts, axis=1) if parts else np.zeros((len(cells), 0))


@dataclass(frozen=True, eq=False)
class ColumnCoder:
    """Turn columns into features: numbers stay, a word becomes a feature of 0 and 1 per value.

    Where training had missing cells, a feature `name=missing` tells of them; a missing number is
    then the median of training. A word that training did not have sets no feature. These features
    are the classifier's, so that its hardware has a port for each.
    """

    columns: tuple[_Column, ...]

    @classmethod
    def fitted(cls, columns: Mapping[str, Cells]) -> "ColumnCoder":
        """Return the coder of training columns, by name."""
        return cls(tuple(_Column.fitted(name, cells) for name, cells in columns.items()))

    @property
    def names(self) -> list[str]:
        """The features' names; two of them are never alike."""
        found: list[str] = []
        for name in (name for column in self.columns for name in column.names):
            # A column named `a=b` may meet the word b of a column a.
            while name in found:
                name += "'"
            found.append(name)
        return found

    def matrix(self, columns: Sequence[Cells]) -> NDArray[np.float64]:
        """Return float64[samples, features] of columns in the order of training.

        Raises ValueError where a column of numbers has words.
        """
        return np.concatenate(
            [column.matrix(cells) for column, cells in zip(self.columns, columns, strict=True)],
            axis=1,
        )


def cells_of(values: NDArray[Any]) -> Cells:
    """Return a column of an array: numbers, or words where it holds any.

    Raises TypeError on what is neither, ValueError on infinity.
    """
    # Objects, bytes, text and numpy's StringDType: what may hold words.
    if values.dtype.kind not in "OUST":
        return _finite(values.astype(np.float64))
    given = values.tolist()
    for cell in given:
        if not (cell is None or isinstance(cell, str | bytes | int | float | np.number)):
            raise TypeError(
                f"Each value of X must be a number or a string: argument must be a string or a"
                f" number, not {type(cell).__name__}"
            )
    if any(isinstance(cell, str | bytes) for cell in given):
        return [None if _is_absent(cell) else str(cell) for cell in given]
    return _finite(np.array([np.nan if cell is None else cell for cell in given], np.float64))


def _is_absent(cell: Any) -> bool:
    """Say whether a cell is missing: None, or NaN as pandas writes it among words."""
    return cell is None or (isinstance(cell, float) and np.isnan(cell))


def _absent(cells: Cells) -> NDArray[np.bool_]:
    """Return bool[cells]."""
    if isinstance(cells, list):
        return np.array([cell is None for cell in cells], bool)
    return np.isnan(cells)


def _finite(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers; ValueError where one is infinite, which no range of codes can hold."""
    if np.isinf(numbers).any():
        raise ValueError("Input X contains infinity; make a missing value (NaN) of it, or a limit")
    return numbers


def _words(cells: Cells) -> list[str]:
    """Return words; a missing one is no value of any column."""
    # No text that is read from a file or a frame holds a NUL, so that it matches no value.
    return ["\0" if cell is None else _word(cell) for cell in cells]


def _word(cell: Any) -> str:
    """Return a cell as text: 3.0 as "3", because a column of integers with a missing cell is read
    as floats.
    """
    number = isinstance(cell, float) and cell.is_integer()
    return str(int(cell)) if number else str(cell)


def _numbers(name: str, cells: Cells) -> NDArray[np.float64]:
    """Return float64[cells] with NaN where a cell is missing."""
    if not isinstance(cells, list):
        return cells
    try:
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    except ValueError as problem:
        raise ValueError(
            f"Column {name!r} held numbers in training; it must now too: {problem}"
        ) from None
