"""Tables of other libraries: DataFrames of pandas, Polars and Arrow, and .parquet files.

narwhals reads the frames of every library without any of them being a dependency.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.data.names import listed, plain, tidy
from lgn_hw.data.table import Table
from lgn_hw.errors import ToolNotFound, UsageError

__all__ = ["cells_of_frame", "is_frame", "read_parquet", "table_of"]


def is_frame(data: Any) -> bool:
    """Return whether data has named columns, without importing what could say so for sure."""
    named = hasattr(data, "columns") or hasattr(data, "column_names")
    return named and not isinstance(data, np.ndarray)


def table_of(frame: Any, place: str = "The table") -> Table:
    """Return the columns of a DataFrame by name. Raises UsageError on columns of dates, and what
    Table raises.
    """
    # Imported late: whoever reads .csv files need not wait for it.
    import narwhals as nw

    try:
        data = nw.from_native(frame, eager_only=True)
        names = [tidy(str(name)) for name in data.columns]
    except (TypeError, ValueError, nw.exceptions.NarwhalsError) as problem:
        raise UsageError(f"{place} cannot be read as a table: {plain([str(problem)])}") from None
    if all(name.isdigit() for name in names):
        raise UsageError(
            f"{place} has numbers for names ({listed(names)}); name its columns, or give it"
            " without names: frame.to_numpy()"
        )
    columns = [_cells(data.get_column(name), place) for name in data.columns]
    return Table(place, names, columns, range(len(data)))


def cells_of_frame(frame: Any) -> dict[str, NDArray[Any]]:
    """Return the columns of a DataFrame by name, missing values among them: as float64 with NaN, or
    as objects with None. Truth values are numbers. Raises UsageError on columns of dates.
    """
    import narwhals as nw

    data = nw.from_native(frame, eager_only=True)
    return {str(name): _open_cells(data.get_column(name)) for name in data.columns}


def read_parquet(path: Path) -> Table:
    """Read a .parquet file. Raises ToolNotFound without pyarrow, UsageError where it is none."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ToolNotFound(
            "Reading .parquet needs pyarrow, which is missing; install it:"
            " pip install 'lgn-hw[tables]'"
        ) from None
    try:
        table = parquet.read_table(path)
    except (pyarrow.ArrowException, OSError, ValueError) as problem:
        raise UsageError(
            f"{path} is no .parquet file that can be read: {plain([str(problem)])}"
        ) from None
    if not table.num_rows:
        raise UsageError(f"{path} holds no samples")
    return table_of(table, str(path))


def _open_cells(column: Any) -> NDArray[Any]:
    """Return a column as numbers, or as objects."""
    import narwhals as nw

    _refuse_dates(column, "The table")
    given = column.to_list()
    if column.dtype.is_numeric() or column.dtype == nw.Boolean:
        return np.array([np.nan if cell is None else float(cell) for cell in given], np.float64)
    cells = np.empty(len(given), object)
    # Assigned to an array of objects: np.array would make a string of each.
    cells[:] = given
    return cells


def _refuse_dates(column: Any, place: str) -> None:
    """Raise UsageError for stamps: which unit they count from when is for the user to say."""
    if column.dtype.is_temporal():
        raise UsageError(
            f"{place}, column {column.name!r} must hold numbers, not {column.dtype}; make integers"
            " of the stamps, less their smallest"
        )


def _cells(column: Any, place: str) -> list[str] | NDArray[Any]:
    """Return a column as text or as numbers; what is missing becomes an empty cell, or NaN."""
    import narwhals as nw

    _refuse_dates(column, place)
    dtype = column.dtype
    if dtype.is_numeric() and not dtype.is_decimal():
        # numpy has no missing integers: pandas and narwhals would make floats of all of them.
        if dtype.is_integer() and column.null_count():
            row = int(np.argmax(column.is_null().to_numpy()))
            raise UsageError(
                f"{place}, row {row}, column {column.name!r} is missing; fill it in, or leave the"
                " row out"
            )
        array: NDArray[Any] = np.asarray(column.to_numpy())
        return array.astype(np.float64) if array.dtype.kind not in "iuf" else array
    if dtype == nw.Boolean and not column.null_count():
        return np.asarray(column.to_numpy()).astype(bool)
    return ["" if value is None else _text(value) for value in column.to_list()]


def _text(value: Any) -> str:
    """Return a cell as text; NaN among objects is a cell that is missing."""
    return "" if isinstance(value, float) and np.isnan(value) else str(value).strip()
