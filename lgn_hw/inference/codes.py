"""Codes as the engines' programs read them: dtypes, and where the numbers lie."""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.features import Features

__all__ = ["DTYPES", "Codes", "address"]

DTYPES = (np.dtype(np.uint8), np.dtype(np.int32), np.dtype(np.int64))  # that programs read

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))  # raw values that they convert


class Codes:
    """Turn codes of some features into arrays that a program reads as they lie."""

    def __init__(self, features: Features) -> None:
        self.features, self._count = features, len(features)
        self._are_integers = bool(features.is_integer.all())
        low, high = features.low, features.high
        limits = [(np.iinfo(dtype), dtype) for dtype in DTYPES]
        # Those whose range includes that of all features; int64 always does.
        self.dtypes = tuple(
            d for i, d in limits if not len(low) or (i.min <= low.min() and high.max() <= i.max)
        )

    def matrix(self, raw: Any) -> NDArray[Any]:
        """Return raw values as Features.matrix does, at once where they have that shape."""
        if isinstance(raw, np.ndarray) and raw.ndim == 2 and raw.shape[1] == self._count:
            return raw
        return self.features.matrix(raw)

    def takes_raw(self, raw: NDArray[Any]) -> bool:
        """Say whether a program reads raw values as they lie: floats where codes fit int32, and
        integers of a dtype that it reads where every feature is one.
        """
        if raw.ndim != 2 or raw.shape[1] != self._count or not raw.flags.c_contiguous:
            return False
        if raw.dtype in FLOATS:
            return np.dtype(np.int32) in self.dtypes
        return self._are_integers and raw.dtype in self.dtypes

    def readable(self, codes: ArrayLike) -> NDArray[np.integer]:
        """Return codes[samples, features] in one of the dtypes, without a copy where they are.

        Raises ClassifierError on a wrong shape or dtype; not always for what is out of range.
        """
        # The way of one sample, for which each microsecond counts.
        if (
            isinstance(codes, np.ndarray)
            and codes.dtype in self.dtypes
            and codes.ndim == 2
            and codes.shape[1] == self._count
            and codes.flags.c_contiguous
        ):
            return codes
        array = np.asarray(codes)
        if array.dtype.kind not in "iu" or array.shape[1:] != (len(self.features),):
            array = self.features.validated(codes)  # which may refuse it
        if array.dtype in self.dtypes and array.flags.c_contiguous:
            return array
        if array.dtype == np.uint64:  # may not fit int64
            self.features.validated(array)
        return np.ascontiguousarray(array, np.int64)


def address(array: NDArray[np.generic]) -> int:
    """Return where an array's numbers lie."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # read-only, or empty; the way below takes a microsecond longer
        return int(array.__array_interface__["data"][0])
