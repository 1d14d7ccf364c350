"""Columns of numbers and labels to a data set: codes, ranges and class numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError
from lgn_train.data.dataset import Dataset
from lgn_train.data.ranges import Stated, make_features
from lgn_train.data.split import stratified_split

__all__ = ["TEST_FRACTION", "Samples", "make_dataset"]

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
    ranges: Stated = MappingProxyType({}),
    label_column: str | None = None,
    notices: Sequence[str] = (),
) -> Dataset:
    """Quantise raw samples and split off a test part where none is given.

    make_features says what the codes and ranges are; values beyond them are taken for their ends,
    with a notice, as everywhere. `place` is the file, for messages; ranges: the stated ones, by
    feature; image_shape, label_column and notices as in Dataset. Raises UsageError where there is
    one class only.
    """
    _check_classes(given.y if test is None else np.concatenate([given.y, test.y]), classes, place)
    train = given
    if test is None:
        train, test = _split(given, seed)
    features = make_features(train.x, names, image_shape, ranges)
    codes = [features.quantized(part.x) for part in (train, test)]
    told = [codes[0].notices("training values"), codes[1].notices("test values")]
    return Dataset(
        features,
        codes[0].codes,
        train.y,
        codes[1].codes,
        test.y,
        tuple(classes),
        (*notices, *told[0], *told[1]),
        image_shape,
        label_column,
    )


def _check_classes(y: NDArray[np.int64], classes: Sequence[str], place: str) -> None:
    sizes = np.bincount(y, minlength=len(classes))
    if (sizes > 0).sum() < 2:
        only = classes[int(sizes.argmax())]
        raise UsageError(f"{place} has one class only, {only!r}; training needs two or more")


def _split(given: Samples, seed: int) -> tuple[Samples, Samples]:
    test_samples = max(1, round(len(given.y) * TEST_FRACTION))
    train, test = stratified_split(given.y, test_samples, seed)
    return Samples(given.x[train], given.y[train]), Samples(given.x[test], given.y[test])
