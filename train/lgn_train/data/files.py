"""The user's own data: an .npz of arrays, or a .csv with a header row."""

from pathlib import Path

from lgn_hw.errors import UsageError
from lgn_train.data.csv_file import load_csv
from lgn_train.data.dataset import Dataset
from lgn_train.data.npz_file import load_npz

__all__ = ["load_file"]


def load_file(path: Path, label: str | None = None, seed: int = 0) -> Dataset:
    """Read a data set from an .npz or .csv file; load_npz and load_csv say what they hold.

    label: the name of the label column of a .csv, the last one where not given. seed: of the
    split, where the file has no test part. Raises UsageError saying what is wrong where.
    """
    if not path.is_file():
        raise UsageError(f"There is no data file {path}")
    if path.suffix == ".npz":
        if label is not None:
            raise UsageError(f"--label names a column of a .csv; {path} holds its labels in y")
        return load_npz(path, seed)
    if path.suffix == ".csv":
        return load_csv(path, label, seed)
    raise UsageError(f"{path} must be an .npz or a .csv file")
