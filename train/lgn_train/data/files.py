"""The user's own data: a table, or an .npz of arrays."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lgn_hw.data import Arrays, Table, is_missing, match_labels, number_classes, read_file
from lgn_hw.data.names import label_column, plain
from lgn_hw.errors import UsageError
from lgn_train.data.dataset import Dataset
from lgn_train.data.ranges import Range, stated_ranges
from lgn_train.data.tabular import Samples, make_dataset

__all__ = ["load_file"]


def load_file(
    path: Path, label: str | None = None, seed: int = 0, stated: Range | None = None
) -> Dataset:
    """Read a data set from a file that lgn_hw.data.read_file reads.

    label: the name of the label column of a table, the last one where not given. seed: of the
    split, where the file has no test part. stated: ranges of the features, as in Data.range.
    Raises UsageError saying what is wrong where: besides what read_file raises, words for
    numbers, missing labels, one class only, more classes than half of the samples.

    A fifth of the samples is held out where the file has no test part. Labels are compared as texts
    in one canonical form, so that 1 and 1.0 are one class.
    """
    data = read_file(path)
    if isinstance(data, Table):
        return _of_table(data, label, seed, stated)
    if label is not None:
        raise UsageError(f"--label names a column of a table; {path} holds its labels in y")
    return _of_arrays(data, seed, stated)


def _of_table(data: Table, label: str | None, seed: int, stated: Range | None) -> Dataset:
    """Return the data set of a table: every column but that of the labels is a feature."""
    if len(data.names) < 2:
        raise UsageError(
            f"{data.place} must have two columns or more, separated by commas, semicolons or tabs,"
            f" not {list(data.names)}"
        )
    # The label is last by default, as in most tables that are made for classification.
    last = len(data.names) - 1
    column = last if label is None else label_column(data.names, label, data.place)
    columns = [i for i in range(len(data.names)) if i != column]
    labels = data.labels(column)
    name = data.names[column]
    for row, text in enumerate(labels):
        if is_missing(text):
            raise UsageError(
                f"{data.where(row)}, column {name!r} must hold a label, not {text!r}; leave the"
                " row out, or give the class a name"
            )
    _check_count(labels, f"{data.place}, column {name!r},", "; name the label column with --label")
    y, classes = number_classes(labels)
    names = [data.names[i] for i in columns]
    x = data.matrix(columns)
    return make_dataset(
        Samples(x, y),
        None,
        names,
        classes,
        place=data.place,
        seed=seed,
        ranges=stated_ranges(stated, None, None, names, None, data.place),
        label_column=name,
        notices=data.notices,
    )


def _of_arrays(data: Arrays, seed: int, stated: Range | None) -> Dataset:
    """Return the data set of an .npz. class_names, where the file has them, fix the classes and
    their order; else the classes are the labels that occur, sorted.
    """
    if data.y is None:
        raise UsageError(f"{data.place} must hold arrays x and y; y is missing")
    for what, given in (("y", data.y), ("y_test", data.y_test or ())):
        for index, text in enumerate(given):
            if is_missing(text):
                raise UsageError(
                    f"{data.place}: {what}[{index}] must be a label, not {text!r}; leave the"
                    " sample out, or give the class a name"
                )
    _check_count(data.y, f"{data.place}, y", "; give one class number per sample")
    if data.class_names is None:
        y, classes = number_classes(data.y)
    else:
        classes = list(data.class_names)
        y = match_labels(data.y, classes)[0]
    test, notices = _test_part(data, classes)
    count = data.x.shape[1]
    names = data.feature_names or tuple(f"x{i}" for i in range(count))
    return make_dataset(
        Samples(data.x, y),
        test,
        names,
        classes,
        place=data.place,
        seed=seed,
        image_shape=data.image_shape,
        ranges=stated_ranges(stated, data.low, data.high, names, data.image_shape, data.place),
        notices=notices,
    )


def _test_part(data: Arrays, classes: Sequence[str]) -> tuple[Samples | None, tuple[str, ...]]:
    """Return the test part without the samples whose class training does not know."""
    if data.x_test is None or data.y_test is None:
        return None, ()
    numbers, unknown = match_labels(data.y_test, classes)
    known = numbers >= 0
    if not known.any():
        raise UsageError(
            f"{data.place}: no label in y_test is one of the classes in y ({plain(classes)})"
        )
    told = f"{sum(unknown.values()):,} of {len(numbers):,} test samples are left out: no training"
    told += f" sample has their labels ({plain(unknown)})"
    test = Samples(data.x_test[known], numbers[known])
    return test, (told,) if unknown else ()


def _check_count(labels: Sequence[str], place: str, remedy: str) -> None:
    """Refuse more classes than samples can support: a number to predict, or a wrong column."""
    counts = Counter(labels)
    # Two classes are always allowed: a table of three samples may have one of each.
    if len(counts) > max(2, len(labels) // 2):
        some = plain(sorted(counts)[:3])
        raise UsageError(
            f"{place} holds {len(counts)} different labels ({some}, ...) for {len(labels)} samples:"
            f" too many classes to learn, as of a measured number{remedy}"
        )
