"""Samples for a classifier: read from a file and matched by name, or made up for a test.

Whoever has a classifier and a file wants the columns found by name and the labels by class:
`predict`, `run`, `sim` and `export` all read samples here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.data import Arrays, Table, canonical, is_missing, match_labels, read_file
from lgn_hw.data.names import find_columns, label_column, listed
from lgn_hw.errors import LgnError, UsageError
from lgn_hw.features import Features

__all__ = ["LABEL_KEY", "Samples", "read_samples", "samples_beside", "spread", "vectors_for"]

LABEL_KEY = "label_column"  # of a classifier's provenance, where it was trained on a table
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Samples:
    """Hold samples as a classifier takes them, and what is known of their classes.

    codes: int64[samples, features]. labels: int64[samples], class numbers, -1 where the label is
    no class of the classifier; None where there are no labels. notices: what the user should
    know, one sentence each.
    """

    codes: NDArray[np.int64]
    labels: NDArray[np.int64] | None = None
    notices: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: slice) -> "Samples":
        labels = None if self.labels is None else self.labels[rows]
        return Samples(self.codes[rows], labels, self.notices)

    @property
    def labelled(self) -> int:
        """How many samples have a label that is a class."""
        return 0 if self.labels is None else int((self.labels != UNKNOWN).sum())

    def accuracy(self, chosen: NDArray[np.integer]) -> float | None:
        """Return the share of the labelled samples whose class was chosen; None without any.

        chosen: int[samples], class numbers.
        """
        if self.labels is None or not self.labelled:
            return None
        return float((chosen == self.labels)[self.labels != UNKNOWN].mean())


def read_samples(classifier: Classifier, path: Path, label: str | None = None) -> Samples:
    """Read the samples of a data file for a classifier.

    Columns of a table, and arrays with feature_names, are found by the classifier's names, in any
    order; labels are matched with class names. label: the column of labels; without it the one
    that training had, else `label`, else the last column where it holds class names and is no
    feature. Values beyond a feature's range are taken for its end. Raises UsageError where the
    file has no such samples or columns, ClassifierError where a value has no code.
    """
    data = read_file(Path(path))
    if isinstance(data, Arrays):
        if label is not None:
            raise UsageError(f"--label names a column of a table; {path} holds its labels in y")
        return _of_arrays(classifier, data)
    return _of_table(classifier, data, label)


def samples_beside(classifier: Classifier, file: Path) -> Samples | None:
    """Return the samples of the `test.npz` beside a classifier's file; None where there is none.

    Raises UsageError where they are no samples of this classifier.
    """
    path = file.parent / "test.npz"
    if not path.exists():
        return None
    try:
        return read_samples(classifier, path)
    except LgnError as problem:
        # Nobody named this file, so that the remedy for a file that was named helps nobody.
        raise UsageError(
            f"{problem}. It was read because it is beside {file}; move it or the classifier into"
            " another folder"
        ) from problem


def spread(samples: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most so many of the samples, spread evenly.

    samples: int64[samples, features], in an order that means something, as by class: the first ones
    alone would not stand for all.
    """
    if len(samples) <= most:
        return samples
    return samples[np.linspace(0, len(samples) - 1, most).astype(int)]


def vectors_for(
    features: Features, vectors: int, seed: int, samples: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Return codes: all features lowest, all highest, random ones, and the given samples.

    Returns int64[2 + vectors + samples, features]. seed: of the random ones. Raises ClassifierError
    where samples are out of range.
    """
    # The ends of the ranges are always among them: a bound that is off by one shows there.
    rng = np.random.default_rng(seed)
    drawn = rng.integers(features.low, features.high, (vectors, len(features)), endpoint=True)
    given = features.checked(samples) if samples is not None else drawn[:0]
    return np.concatenate([features.low[None], features.high[None], drawn, given])


def _of_arrays(classifier: Classifier, data: Arrays) -> Samples:
    """Return the samples of an .npz, by feature names where it has them."""
    features = classifier.features
    x = data.x
    if data.codes:
        numbers = _class_numbers(data, classifier)
        return Samples(features.checked(x), numbers, ())
    # Names x0, x1, ... were given by us where the training file had none, and say nothing.
    automatic = features.names == tuple(f"x{i}" for i in range(len(features)))
    if data.feature_names is not None and not automatic:
        x = x[:, find_columns(data.feature_names, features.names, data.place)]
    found = features.quantized(x)
    labels, notices = _matched(classifier, data.y, f"y of {data.place}")
    return Samples(found.codes, labels, (*found.notices(), *notices))


def _class_numbers(data: Arrays, classifier: Classifier) -> NDArray[np.int64] | None:
    """Return the labels of a run's test.npz, which are class numbers."""
    if data.y is None:
        return None
    # A run's own test set: its codes are those of the classifier, and nothing is quantised again.
    numbers = {str(number): number for number in range(classifier.num_classes)}
    for label in data.y:
        if label not in numbers:
            raise UsageError(
                f"{data.place} holds codes, and y must be class numbers 0 to"
                f" {classifier.num_classes - 1}, not {label!r}; is it of another classifier?"
            )
    return np.array([numbers[label] for label in data.y], np.int64)


def _of_table(classifier: Classifier, data: Table, label: str | None) -> Samples:
    """Return the samples of a table, by the names of its columns."""
    features = classifier.features
    columns = find_columns(data.names, features.names, data.place)
    found = features.quantized(data.matrix(columns))
    column, told = _label_column(classifier, data, label, columns)
    unread = [n for i, n in enumerate(data.names) if i not in {*columns, column}]
    notices = [*data.notices, *found.notices()]
    if unread:
        notices.append(f"{data.place}: columns that the classifier does not read: {listed(unread)}")
    if column is None:
        return Samples(found.codes, None, tuple(notices))
    name = f"column {data.names[column]!r} of {data.place}"
    labels, unknown = _matched(classifier, data.labels(column), name)
    notices += [f"labels are taken from {name}; --label names another"] if told else []
    return Samples(found.codes, labels, (*notices, *unknown))


def _label_column(
    classifier: Classifier, data: Table, label: str | None, features: Sequence[int]
) -> tuple[int | None, bool]:
    """Return the column of labels, None where there is none, and whether that is a guess."""
    if label is not None:
        return label_column(data.names, label, data.place), False
    # A column that training had as labels is it even where it is missing here: to guess another one
    # would give an accuracy of something else.
    known = _trained_label(classifier.provenance)
    if known is not None:
        return (data.names.index(known) if known in data.names else None), False
    if "label" in data.names and data.names.index("label") not in features:
        return data.names.index("label"), False
    last = len(data.names) - 1
    if last in features:
        return None, False
    classes = set(map(canonical, classifier.classes))
    return (last, True) if classes.intersection(data.labels(last)) else (None, False)


def _trained_label(provenance: Mapping[str, Any]) -> str | None:
    """Return the name of the label column that training had, where it is known."""
    found = provenance.get(LABEL_KEY)
    recipe = provenance.get("recipe")
    if found is None and isinstance(recipe, Mapping) and isinstance(recipe.get("data"), Mapping):
        found = recipe["data"].get("label")
    return found if isinstance(found, str) else None


def _matched(
    classifier: Classifier, labels: Sequence[str] | None, where: str
) -> tuple[NDArray[np.int64] | None, list[str]]:
    """Return class numbers of labels, and a sentence about those that are no class."""
    if labels is None:
        return None, []
    numbers, unknown = match_labels(labels, classifier.classes)
    if not unknown:
        return numbers, []
    none = sum(count for label, count in unknown.items() if is_missing(label))
    named = [label for label in unknown if not is_missing(label)]
    words = f" ({listed(named)})" if named else ""
    words += f", {none:,} of them empty" if none else ""
    count, known = sum(unknown.values()), int((numbers != UNKNOWN).sum())
    rest = f"the accuracy is of the other {known:,}" if known else "so there is no accuracy"
    classes = listed(classifier.classes)
    return numbers, [
        f"{count:,} of {len(labels):,} labels in {where} are no class of the classifier{words};"
        f" {rest}; its classes are {classes}"
    ]
