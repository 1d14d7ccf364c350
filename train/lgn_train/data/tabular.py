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
    published: bool = False,
) -> Dataset:
    """Quantise raw samples and split off a test part where none is given.

    make_features says what the codes and ranges are; values beyond them are taken for their ends,
    with a notice, as everywhere. `place` is the file, for messages; ranges: the stated ones, by
    feature; image_shape, label_column and notices as in Dataset. Samples that stand in both parts
    are counted in a notice, unless the parts are as they were published. Raises UsageError where
    there is one class only, or too few samples to split.
    """
    _check_classes(given.y if test is None else np.concatenate([given.y, test.y]), classes, place)
    train = given
    if test is None:
        _check_samples(len(given.y), len(classes), place)
        train, test = _split(given, seed)
    features = make_features(train.x, names, image_shape, ranges)
    # Ranges come from the training part alone: what the test part has beyond them is clipped, as it
    # would be in use.
    codes = [features.quantized(part.x) for part in (train, test)]
    told = [codes[0].notices("training values"), codes[1].notices("test values")]
    told.append(() if published else _shared(train, test))
    return Dataset(
        features,
        codes[0].codes,
        train.y,
        codes[1].codes,
        test.y,
        tuple(classes),
        (*notices, *told[0], *told[1], *told[2]),
        image_shape,
        label_column,
    )


def _check_classes(y: NDArray[np.int64], classes: Sequence[str], place: str) -> None:
    """Raise UsageError where only one class occurs, in whatever part."""
    # Named classes may have no samples at all, which is why occurrences count and not names.
    sizes = np.bincount(y, minlength=len(classes))
    if (sizes > 0).sum() < 2:
        only = classes[int(sizes.argmax())]
        raise UsageError(f"{place} has one class only, {only!r}; training needs two or more")


def _check_samples(samples: int, classes: int, place: str) -> None:
    """Refuse to split what would leave classes without a test sample."""
    needed = round(1 / TEST_FRACTION)
    if samples < needed * classes:
        raise UsageError(
            f"{place} has {samples} samples of {classes} classes, and needs {needed} per class, as"
            f" one in {needed} is held out for the test; give more samples, or an .npz with x_test"
            " and y_test"
        )


def _shared(train: Samples, test: Samples) -> tuple[str, ...]:
    """Say how many test samples are training samples too, values and class."""
    known = set(_rows(train))
    both = sum(row in known for row in _rows(test))
    if not both:
        return ()
    return (
        f"{both:,} of {len(test.y):,} test samples stand in the training part too, so that the"
        " accuracy is partly of samples that were learned; leave repeated rows out",
    )


def _rows(part: Samples) -> list[tuple[bytes, int]]:
    """Return each sample as bytes and label, which can be looked up in a set."""
    values = np.ascontiguousarray(part.x).reshape(len(part.y), -1)
    return [(row.tobytes(), label) for row, label in zip(values, part.y.tolist(), strict=True)]


def _split(given: Samples, seed: int) -> tuple[Samples, Samples]:
    """Hold out TEST_FRACTION of the samples, of each class alike."""
    test_samples = max(1, round(len(given.y) * TEST_FRACTION))
    train, test = stratified_split(given.y, test_samples, seed)
    return Samples(given.x[train], given.y[train]), Samples(given.x[test], given.y[test])
