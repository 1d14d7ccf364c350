"""Columns of numbers and labels to a data set: codes, ranges and class numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError
from lgn_hw.features import Features
from lgn_train.data.dataset import Dataset
from lgn_train.data.split import stratified_split

__all__ = ["FLOAT_CODES", "TEST_FRACTION", "Samples", "make_dataset", "number_classes"]

FLOAT_CODES = 256  # a column that is not of integers becomes a code of 8 bits
TEST_FRACTION = 0.2


@dataclass(frozen=True, eq=False)
class Samples:
    """Raw values: x[samples, features] integers or floats; y[samples], class numbers."""

    x: NDArray[np.generic]
    y: NDArray[np.int64]


def make_dataset(
    given: Samples,
    test: Samples | None,
    names: Sequence[str],
    classes: Sequence[str],
    *,
    place: str,
    seed: int,
    image_shape: tuple[int, int, int] | None = None,
) -> Dataset:
    """Quantise raw samples and split off a test part where none is given.

    A column of whole numbers stays as it is, with the range of its training part, and test
    values outside are clipped with a notice; any other column becomes codes 0 to 255 of its
    training range. `place` is the file, for messages; image_shape as in Dataset. Raises
    UsageError where there is one class only.
    """
    _check_classes(given.y if test is None else np.concatenate([given.y, test.y]), classes, place)
    train = given
    if test is None:
        train, test = _split(given, seed)
    features = _features(train.x, names)
    x_test, notices = _clipped(features, test.x.astype(np.float64))
    return Dataset(
        features,
        features.quantize(train.x),
        train.y,
        features.quantize(x_test),
        test.y,
        tuple(classes),
        notices,
        image_shape,
    )


def number_classes(labels: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Return class numbers[samples] and class names; numbers keep their order, else by name."""
    try:
        names = sorted(set(labels), key=float)
    except ValueError:
        names = sorted(set(labels))
    number = {name: index for index, name in enumerate(names)}
    return np.array([number[label] for label in labels], np.int64), names


def _check_classes(y: NDArray[np.int64], classes: Sequence[str], place: str) -> None:
    sizes = np.bincount(y, minlength=len(classes))
    if (sizes > 0).sum() < 2:
        only = classes[int(sizes.argmax())]
        raise UsageError(f"{place} has one class only, {only!r}; training needs two or more")


def _split(given: Samples, seed: int) -> tuple[Samples, Samples]:
    test_samples = max(1, round(len(given.y) * TEST_FRACTION))
    train, test = stratified_split(given.y, test_samples, seed)
    return Samples(given.x[train], given.y[train]), Samples(given.x[test], given.y[test])


def _features(x: NDArray[np.generic], names: Sequence[str]) -> Features:
    values = x.astype(np.float64)
    low, high = values.min(axis=0), values.max(axis=0)
    # A constant column keeps a range, as Features asks for, and gets no threshold.
    high = np.where(high > low, high, low + 1)
    whole = (values == np.rint(values)).all(axis=0)
    return Features(
        tuple(names),
        np.where(whole, low, 0).astype(np.int64),
        np.where(whole, high, FLOAT_CODES - 1).astype(np.int64),
        np.where(whole, 0.0, low),
        np.where(whole, 1.0, _scale(low, high)),
    )


def _scale(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    scale = (high - low) / (FLOAT_CODES - 1)
    # Offset 0 and scale 1 would say that the column holds integers; one ulp more changes no code.
    return np.where((low == 0) & (scale == 1), np.nextafter(1.0, 2.0), scale)


def _clipped(
    features: Features, x: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Clip integer features to their training range, as scaled ones are; say which were."""
    # Half a unit is less than any integer can be outside; a fraction is a column of floats whose
    # training part happens to be whole, and is rounded.
    whole = features.is_integer
    inside = np.where(whole, np.clip(np.rint(x), features.low, features.high), x)
    touched = [features.names[i] for i in np.flatnonzero((inside != x).any(axis=0))]
    if not touched:
        return inside, ()
    return inside, (
        f"test values were fitted to the range of the training part in {', '.join(touched)}",
    )
