"""Samples for a classifier: read from a table, an .npz or a .csv, or made up for a test."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.features import Features

__all__ = ["read_samples", "spread", "vectors_for"]

Samples = tuple[NDArray[np.int64], NDArray[np.int64] | None]


def read_samples(classifier: Classifier, path: Path) -> Samples:
    """Return integer codes[samples, features] of a file, and class numbers where it has labels.

    An .npz holds x[samples, features] and optionally y[samples], class numbers; an array `codes`
    says that x is quantised already. A .csv has a header with the feature names; a column
    `label`, or else the last one, holds the labels where all its values are class names. Raises
    UsageError where the file has no such samples, ClassifierError where a value has no code.
    """
    if not path.exists():
        raise UsageError(f"There is no file {path}")
    if path.suffix == ".npz":
        return _read_npz(classifier, path)
    if path.suffix == ".csv":
        return _read_csv(classifier, path)
    raise UsageError(f"{path} must be an .npz or a .csv file")


def spread(samples: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most so many of the samples, spread evenly."""
    if len(samples) <= most:
        return samples
    return samples[np.linspace(0, len(samples) - 1, most).astype(int)]


def vectors_for(
    features: Features, vectors: int, seed: int, samples: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Return codes: all features lowest, all highest, random ones, and the given samples."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(features.low, features.high, (vectors, len(features)), endpoint=True)
    given = features.checked(samples) if samples is not None else drawn[:0]
    return np.concatenate([features.low[None], features.high[None], drawn, given])


def _read_npz(classifier: Classifier, path: Path) -> Samples:
    with np.load(path, allow_pickle=False) as arrays:
        if "x" not in arrays:
            raise UsageError(f"{path} must hold an array x, not only {sorted(arrays)}")
        x: NDArray[Any] = arrays["x"]
        y = arrays["y"].astype(np.int64) if "y" in arrays else None
        quantised = "codes" in arrays
    x = x.reshape(len(x), -1)
    return classifier.features.checked(x) if quantised else classifier.features.quantize(x), y


def _read_csv(classifier: Classifier, path: Path) -> Samples:
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows:
        raise UsageError(f"{path} holds no samples; it needs a header and at least one row")
    missing = [name for name in classifier.features.names if name not in rows[0]]
    if missing:
        raise UsageError(f"{path} has no column {missing[0]!r}; its columns are {list(rows[0])}")
    values = np.array([_numbers(classifier, path, i, row) for i, row in enumerate(rows)])
    return classifier.features.quantize(values), _labels(classifier, rows)


def _numbers(classifier: Classifier, path: Path, index: int, row: dict[str, str]) -> list[float]:
    values = []
    for name in classifier.features.names:
        try:
            values.append(float(row[name]))
        except (TypeError, ValueError):
            raise UsageError(
                f"{path}, row {index + 2}, column {name!r} must be a number, not {row[name]!r}"
            ) from None
    return values


def _labels(classifier: Classifier, rows: list[dict[str, str]]) -> NDArray[np.int64] | None:
    numbers = {name: number for number, name in enumerate(classifier.classes)}
    for column in ("label", list(rows[0])[-1]):
        if column in classifier.features.names:
            continue
        if all(row.get(column) in numbers for row in rows):
            return np.array([numbers[row[column]] for row in rows])
    return None
