"""Cells of text to columns of numbers: what is a number, and what to say of what is none.

A column is joined and matched as one text: that is one call of a regular expression in C instead of
one per cell. Only a column that is no number throughout is looked at cell by cell, for the message.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.data.labels import is_missing
from lgn_hw.errors import UsageError

__all__ = ["EXACT", "MISSING_REMEDY", "is_decimal_comma", "parse_numbers"]

EXACT = 1 << 53  # floats hold every integer up to here
MAX_DIGITS = 400  # of one number; Python reads no more than 4300
SEPARATOR = "\0"  # no cell holds one
# Possessive, so that a long cell that is no number costs its length once.
INTEGER = r"[+-]?+[0-9]++"
DECIMAL = r"[+-]?+(?:[0-9]++(?:{point}[0-9]*+)?+|{point}[0-9]++)(?:[eE][+-]?+[0-9]++)?+"
INTEGERS = re.compile(f"(?:{INTEGER}{SEPARATOR})*+")
DECIMALS = re.compile(f"(?:{DECIMAL.format(point='[.]')}{SEPARATOR})*+")
COMMAS = re.compile(f"(?:{DECIMAL.format(point=',')}{SEPARATOR})*+")
ONE_DECIMAL = re.compile(DECIMAL.format(point="[.]"))
THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[,'\u00a0\u202f ][0-9]{3})+(?:\.[0-9]+)?")
TRUTH = {"true": True, "false": False}
MISSING_REMEDY = "fill it in, or leave the row out"


def parse_numbers(
    cells: Sequence[str], where: Callable[[int], str], *, comma: bool = False
) -> NDArray[Any]:
    """Return int64, float64 or bool[cells] of trimmed cells: whole numbers, numbers, or TRUE and
    FALSE throughout.

    where: the place of a cell, for messages. comma: the decimal point is a comma. Raises
    UsageError naming the first cell that is no finite number, or no int64.
    """
    joined = SEPARATOR.join([*cells, ""])
    if comma:
        if "." in joined and COMMAS.fullmatch(joined) is None:
            _refuse_points(cells, where)
        joined = joined.replace(",", ".")
        cells = [cell.replace(",", ".") for cell in cells]
    if INTEGERS.fullmatch(joined):
        return _integers(cells, where)
    if DECIMALS.fullmatch(joined):
        return _decimals(cells, where)
    words = [cell.lower() for cell in cells]
    if set(words) <= TRUTH.keys():
        return np.array([TRUTH[word] for word in words])
    # A column of TRUE and FALSE with a missing cell: the missing one is the fault to name, not the
    # words.
    truths = all(word in TRUTH or is_missing(word) for word in words)
    for index, cell in enumerate(cells):
        if not (ONE_DECIMAL.fullmatch(cell) or (truths and words[index] in TRUTH)):
            raise UsageError(f"{where(index)} {_complaint(cell)}")
    raise AssertionError("a column of numbers is one of the above")


def is_decimal_comma(cells: Sequence[str]) -> bool:
    """Return whether cells are numbers with decimal commas, one of them at least."""
    joined = SEPARATOR.join([*cells, ""])
    return "," in joined and COMMAS.fullmatch(joined) is not None


def _integers(cells: Sequence[str], where: Callable[[int], str]) -> NDArray[np.int64]:
    """Return whole numbers as int64; raises UsageError at the first that does not fit."""
    try:
        return np.array(list(map(int, cells)), np.int64)
    except (OverflowError, ValueError):
        index = next(i for i, cell in enumerate(cells) if _beyond_int64(cell))
        raise UsageError(
            f"{where(index)} must fit 64 bits with a sign, not {_short(cells[index])!r};"
            " subtract an offset, or divide by a unit"
        ) from None


def _beyond_int64(cell: str) -> bool:
    """Say whether a whole number does not fit 64 bits; a very long one is not even converted."""
    return len(cell) > MAX_DIGITS or not -(1 << 63) <= int(cell) < 1 << 63


def _decimals(cells: Sequence[str], where: Callable[[int], str]) -> NDArray[np.float64]:
    """Return numbers as float64; raises UsageError at an infinite one, and at a whole number that a
    float does not hold exactly.
    """
    values = np.array(list(map(float, cells)), np.float64)
    if not np.isfinite(values).all():
        index = int(np.argmin(np.isfinite(values)))
        raise UsageError(f"{where(index)} must be a finite number, not {_short(cells[index])!r}")
    # A float that is no integer cannot be that large: such cells are identifiers or stamps.
    large = np.flatnonzero(np.abs(values) >= EXACT)
    for index in large.tolist():
        if cells[index].lstrip("+-").isdigit() and int(float(cells[index])) != int(cells[index]):
            raise UsageError(
                f"{where(index)} is {_short(cells[index])!r} in a column of fractions, where"
                " integers beyond 2^53 are not exact; subtract an offset, or round the column"
            )
    return values


def _refuse_points(cells: Sequence[str], where: Callable[[int], str]) -> None:
    """Raise UsageError at the first cell with a decimal point in a file of decimal commas."""
    for index, cell in enumerate(cells):
        if "." in cell:
            raise UsageError(
                f"{where(index)} has a decimal point, {_short(cell)!r}, and other cells of the"
                " file have decimal commas; write all of them in one way"
            )


def _complaint(cell: str) -> str:
    """Say what is wrong with a cell that is no number."""
    if is_missing(cell) or cell.lower() == "none":
        return f"is missing: it must be a number, not {cell!r}; {MISSING_REMEDY}"
    if cell.lower() in ("inf", "+inf", "-inf", "infinity", "-infinity", "+infinity"):
        return f"must be a finite number, not {cell!r}"
    if cell.lower() in TRUTH:
        return f"must be a number, as others of its column are, not {cell!r}; write 1 and 0"
    if THOUSANDS.fullmatch(cell):
        return f"must be a number, not {cell!r}; write it without separators of thousands"
    if any(character.isdigit() for character in cell):
        return f"must be a number, not {_short(cell)!r}; write it like 1234.5"
    return (
        f"must be a number, not {_short(cell)!r}; turn words into columns of 0 and 1, one for"
        " each value (pandas: get_dummies)"
    )


def _short(cell: str) -> str:
    """Cut a long cell for an error."""
    return cell if len(cell) <= 60 else cell[:57] + "..."
