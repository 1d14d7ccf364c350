"""Columns of words to columns of 0 and 1."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["one_hot"]


def one_hot(cells: Sequence[str], values: Sequence[str]) -> NDArray[np.int64]:
    """Return int64[cells, values]: 1 in the column of a cell's value.

    A cell that is none of the values, a missing one for example, sets no column.

    cells: texts. values: distinct texts, in the order of the columns.
    """
    return (np.array(cells)[:, None] == np.array(values)[None, :]).astype(np.int64)
