"""The one door to data files: by the end of their names."""

from pathlib import Path

from lgn_hw.data.arrays import Arrays, read_npz
from lgn_hw.data.csv_file import read_csv
from lgn_hw.data.table import Table
from lgn_hw.errors import UsageError

__all__ = ["KINDS", "read_file"]

KINDS = (".npz", ".csv", ".tsv", ".parquet")


def read_file(path: Path) -> Table | Arrays:
    """Read an .npz, a .csv or .tsv, or a .parquet (which needs pyarrow).

    Every command reads data files here, so that a file means one thing. Raises UsageError saying
    what is wrong where.
    """
    if not path.exists():
        raise UsageError(f"There is no data file {path}")
    if not path.is_file():
        raise UsageError(f"{path} is not a file; name an .npz or .csv file in it")
    # By the name, not by the content: a file that is called .csv and is none should be refused as
    # such.
    kind = path.suffix.lower()
    if kind == ".npz":
        return read_npz(path)
    if kind in (".csv", ".tsv"):
        return read_csv(path)
    if kind == ".parquet":
        from lgn_hw.data.frame import read_parquet

        return read_parquet(path)
    raise UsageError(f"{path} must be an .npz, .csv, .tsv or .parquet file")
