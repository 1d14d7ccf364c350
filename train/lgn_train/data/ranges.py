"""Ranges of features: stated, of the kind of number, or of the training part."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.data.names import listed
from lgn_hw.errors import UsageError
from lgn_hw.features import Features

__all__ = ["FLOAT_CODES", "Range", "Stated", "make_features", "stated_ranges"]

FLOAT_CODES = 256  # a column that is not of integers becomes a code of 8 bits
EXACT = 1 << 53  # floats hold every integer up to here
Shape = tuple[int, int, int]
Pair = tuple[float, float]
Range = Pair | Mapping[str, Pair]  # of all features, or of some by name
Stated = Mapping[int, tuple[int | float, int | float]]  # by feature


def stated_ranges(
    stated: Range | None,
    low: NDArray[Any] | None,
    high: NDArray[Any] | None,
    names: Sequence[str],
    image_shape: Shape | None,
    place: str,
) -> Stated:
    """Return the stated range of each feature that has one.

    low, high: of the file, one for all, one per feature or, of images, one per channel. stated: of
    the recipe, which goes before. Raises UsageError on unknown names, other shapes, and ends that
    are not low below high.
    """
    if (low is None) != (high is None):
        raise UsageError(f"{place} must hold both of feature_low and feature_high, or neither")
    found: dict[int, tuple[int | float, int | float]] = {}
    if low is not None and high is not None:
        ends = (_spread(end, names, image_shape, place) for end in (low, high))
        found |= enumerate(zip(*(end.tolist() for end in ends), strict=True))
    if isinstance(stated, Mapping) and image_shape is not None:
        raise UsageError(
            f"{place} holds images, whose pixels have one range; state it for all of them, as"
            " range = [0, 255]"
        )
    if isinstance(stated, Mapping):
        unknown = [name for name in stated if name not in names]
        if unknown:
            raise UsageError(
                f"{place} has no feature {listed(unknown)} to have a range; it has {listed(names)}"
            )
        found |= {names.index(name): pair for name, pair in stated.items()}
    elif stated is not None:
        found |= dict.fromkeys(range(len(names)), stated)
    for index, (lowest, highest) in found.items():
        if not lowest < highest:
            raise UsageError(
                f"{place}: the range of {names[index]!r} must be low below high, not {lowest} to"
                f" {highest}"
            )
    return found


def make_features(
    x: NDArray[Any], names: Sequence[str], image_shape: Shape | None, stated: Stated
) -> Features:
    """Return the features of training values x[samples, features].

    Whole numbers stay integers, any other become codes 0 to 255 of their range. The range is the
    stated one; else that of the numbers' type where it has less than 16 bits; else that of x. All
    pixels of an image's channel have one.

    A stated range wider than the values is how a model is made ready for values that training has
    not seen. Bytes keep 0 to 255 although training may have used less of it: thresholds are fitted
    to the samples anyway, and the port is a byte either way.
    """
    low, high = _limits(x, image_shape)
    whole = _whole(x, image_shape)
    for index, (lowest, highest) in stated.items():
        low[index], high[index] = lowest, highest
        whole[index] &= float(lowest).is_integer() and float(highest).is_integer()
    ends = [_ends(*of) for of in zip(low, high, whole.tolist(), strict=True)]
    return Features(tuple(names), *(np.array(column) for column in zip(*ends, strict=True)))


def _ends(low: int | float, high: int | float, whole: bool) -> tuple[int, int, float, float]:
    """Return low, high, offset and scale of a feature."""
    if whole:
        low, high = int(low), int(high)
        if low == high:  # a constant column keeps a range, and gets no threshold
            low, high = (low, high + 1) if high < np.iinfo(np.int64).max else (low - 1, high)
        return low, high, 0.0, 1.0
    if low == high:
        high = np.nextafter(low, np.inf) if np.isinf(low + 1) or low + 1 == low else low + 1
    scale = float(high) / (FLOAT_CODES - 1) - float(low) / (FLOAT_CODES - 1)
    plain = (float(high) - float(low)) / (FLOAT_CODES - 1)
    scale = max(plain if np.isfinite(plain) else scale, np.finfo(float).tiny)
    # Offset 0 and scale 1 would say that the column holds integers; one ulp more changes no code.
    scale = float(np.nextafter(1.0, 2.0)) if low == 0 and scale == 1 else float(scale)
    return 0, FLOAT_CODES - 1, float(low), scale


def _limits(x: NDArray[Any], image_shape: Shape | None) -> tuple[list[Any], list[Any]]:
    """Return the least and the greatest value of each feature, or of the kind of number; of an
    image's channel all pixels get the same.
    """
    if x.dtype.kind in "iub" and x.dtype.itemsize < 2:
        info = np.iinfo(x.dtype) if x.dtype.kind != "b" else None
        ends = (0, 1) if info is None else (int(info.min), int(info.max))
        return [ends[0]] * x.shape[1], [ends[1]] * x.shape[1]
    low, high = x.min(axis=0), x.max(axis=0)
    if image_shape is not None:
        pixels = image_shape[1] * image_shape[2]
        low = np.repeat(low.reshape(-1, pixels).min(axis=1), pixels)
        high = np.repeat(high.reshape(-1, pixels).max(axis=1), pixels)
    return low.tolist(), high.tolist()


def _whole(x: NDArray[Any], image_shape: Shape | None) -> NDArray[np.bool_]:
    """Return bool[features]: whether every value is an integer that a float can hold exactly."""
    if x.dtype.kind != "f":
        return np.ones(x.shape[1], bool)
    whole: NDArray[np.bool_] = ((x == np.rint(x)) & (np.abs(x) <= EXACT)).all(axis=0)
    if image_shape is not None:
        pixels = image_shape[1] * image_shape[2]
        whole = np.repeat(whole.reshape(-1, pixels).all(axis=1), pixels)
    return whole


def _spread(
    end: NDArray[Any], names: Sequence[str], image_shape: Shape | None, place: str
) -> NDArray[Any]:
    """Return one end for each feature.

    end: one number, one per channel of an image, or one per feature. Raises UsageError on others.
    """
    channels = 0 if image_shape is None else image_shape[0]
    if end.ndim == 0:
        return np.repeat(end, len(names))
    if len(end) == channels:
        return np.repeat(end, len(names) // channels)
    if len(end) == len(names) and not channels:
        return end
    legal = f"{channels}, one per channel" if channels else f"{len(names)}, one per feature"
    raise UsageError(
        f"{place}: feature_low and feature_high must be one number, or {legal}, not {len(end)}"
    )
