"""A table: columns with names, as a .csv, a .parquet or a DataFrame holds them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.data.labels import canonical
from lgn_hw.data.names import check_names
from lgn_hw.data.numbers import EXACT, MISSING_REMEDY, is_decimal_comma, parse_numbers
from lgn_hw.errors import UsageError

__all__ = ["Table"]

Cells = Sequence[str] | NDArray[Any]


@dataclass(frozen=True, eq=False)
class Table:
    """Hold columns by name; cells become numbers, or labels, when they are asked for.

    place: the file, for messages. columns: trimmed text, or arrays of numbers and truth values.
    rows: what the place of each sample is called, "row 7". comma: whether text has decimal commas.
    notices: what the user should know, one sentence each.

    Raises UsageError where the names are no header: numbers, missing ones, two alike.
    """

    place: str
    names: Sequence[str]
    columns: Sequence[Cells]
    rows: Sequence[int]
    row_word: str = "row"
    comma: bool = False
    notices: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        check_names(self.names, self.place)

    def __len__(self) -> int:
        return len(self.rows)

    def numbers(self, column: int) -> NDArray[Any]:
        """Return a column as int64, float64 or bool[samples]; raises UsageError naming the row and
        the column of what is no finite number.
        """
        cells = self.columns[column]
        if not isinstance(cells, np.ndarray):
            comma = self.comma and (is_decimal_comma(cells) or any("." in cell for cell in cells))
            return parse_numbers(cells, lambda row: self._cell(row, column), comma=comma)
        return self._checked(cells, column)

    def matrix(self, columns: Sequence[int]) -> NDArray[Any]:
        """Return int64 or float64[samples, columns]; integers are exact.

        Raises UsageError as numbers() does, and where integers beyond 2^53 stand beside columns
        of fractions.
        """
        arrays = [self.numbers(column) for column in columns]
        # Whole numbers stay whole: a float would lose those beyond 2^53.
        if all(array.dtype.kind in "ib" for array in arrays):
            return np.stack([array.astype(np.int64) for array in arrays], axis=1)
        for array, column in zip(arrays, columns, strict=True):
            if array.dtype.kind == "i" and (beyond := (array > EXACT) | (array < -EXACT)).any():
                row = int(np.argmax(beyond))
                raise UsageError(
                    f"{self._cell(row, column)} is {array[row]}, beyond 2^53, in a table that also"
                    " has columns of fractions: it would not be exact; subtract an offset, or"
                    " divide by a unit"
                )
        return np.stack([array.astype(np.float64) for array in arrays], axis=1)

    def labels(self, column: int) -> list[str]:
        """Return a column as labels in one spelling; missing ones as they stand there."""
        cells = self.columns[column]
        if isinstance(cells, np.ndarray):
            return [canonical(str(value)) for value in cells]
        if self.comma and is_decimal_comma(cells):
            cells = [cell.replace(",", ".") for cell in cells]
        return [canonical(cell) for cell in cells]

    def where(self, row: int) -> str:
        """Return the place of a sample, for messages."""
        return f"{self.place}, {self.row_word} {self.rows[row]}"

    def _cell(self, row: int, column: int) -> str:
        """Name a cell for an error: its line and its column."""
        return f"{self.where(row)}, column {self.names[column]!r}"

    def _checked(self, cells: NDArray[Any], column: int) -> NDArray[Any]:
        """Return an array of numbers as int64, float64 or bool."""
        if cells.dtype.kind == "b":
            return cells
        # float32 becomes float64 exactly, so that thresholds are compared with what was given.
        if cells.dtype.kind == "f":
            values = cells.astype(np.float64)
            wrong = ~np.isfinite(values)
            if wrong.any():
                row = int(np.argmax(wrong))
                rule = (
                    f"is missing: it must be a number, not nan; {MISSING_REMEDY}"
                    if np.isnan(values[row])
                    else f"must be a finite number, not {values[row]}"
                )
                raise UsageError(f"{self._cell(row, column)} {rule}")
            return values
        # Only uint64 can be: numpy compares it with the bound without a wrap.
        beyond = cells > np.iinfo(np.int64).max
        if beyond.any():
            row = int(np.argmax(beyond))
            raise UsageError(
                f"{self._cell(row, column)} must fit 64 bits with a sign, not {cells[row]};"
                " subtract an offset, or divide by a unit"
            )
        return cells.astype(np.int64)
