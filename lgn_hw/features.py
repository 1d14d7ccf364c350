"""The integer features of a sample: names, ranges, how raw values become codes, and port bits."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.errors import ClassifierError

__all__ = ["Features"]


@dataclass(frozen=True, eq=False)
class Features:
    """Describe the integers that make up one sample.

    names: one name a feature. low, high: int64[features], the inclusive range of each.
    offset, scale: float64[features]; a raw value v becomes the integer rint((v-offset)/scale).
    A feature with offset 0 and scale 1 is an integer already and is never rounded or clipped.

    In hardware a feature occupies `width` bits, two's complement where low is negative, and the
    features of a sample are concatenated, feature 0 in the lowest bits.
    """

    names: tuple[str, ...]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    offset: NDArray[np.float64]
    scale: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(str(name) for name in self.names))
        dtypes = {"low": np.int64, "high": np.int64, "offset": np.float64, "scale": np.float64}
        for field, dtype in dtypes.items():
            array = np.array(getattr(self, field), dtype=dtype)
            if array.shape != (len(self.names),):
                raise ClassifierError(
                    f"{field} must have one value for each of {len(self.names)} features,"
                    f" not shape {array.shape}"
                )
            array.flags.writeable = False
            object.__setattr__(self, field, array)
        self._check()

    @classmethod
    def integers(cls, low: ArrayLike, high: ArrayLike, names: Iterable[str] = ()) -> "Features":
        """Describe features that are integers already, in the inclusive ranges low to high."""
        low, high = np.broadcast_arrays(np.atleast_1d(low), np.atleast_1d(high))
        names = tuple(names) or tuple(f"x{i}" for i in range(len(low)))
        return cls(names, low, high, np.zeros(len(low)), np.ones(len(low)))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def signed(self) -> NDArray[np.bool_]:
        """Return bool[features], whether each feature is two's complement in hardware."""
        return self.low < 0

    @cached_property
    def width(self) -> NDArray[np.int32]:
        """Return int32[features], the bits of each feature in hardware (at least 1)."""
        sizes = [
            max(int(hi).bit_length(), (-int(lo) - 1).bit_length()) + 1
            if lo < 0
            else max(1, int(hi).bit_length())
            for lo, hi in zip(self.low, self.high, strict=True)
        ]
        return np.array(sizes, np.int32)

    @property
    def sample_width(self) -> int:
        """The bits of one sample in hardware."""
        return int(self.width.sum())

    @property
    def is_integer(self) -> NDArray[np.bool_]:
        """Return bool[features], whether each feature is an integer already."""
        return (self.offset == 0) & (self.scale == 1)

    def quantize(self, raw: ArrayLike) -> NDArray[np.int64]:
        """Turn raw values[samples, features] into integer codes of the same shape.

        Scaled features are rounded to the nearest code and clipped to their range, as a converter
        saturates. Integer features must be integers in range. Raises ClassifierError otherwise,
        and for NaN or infinity.
        """
        values = np.asarray(raw)
        if values.dtype.kind not in "iufb":
            raise ClassifierError(f"Samples must be numbers, not {values.dtype}")
        self._check_shape(values)
        if values.dtype.kind in "iub" and self.is_integer.all():
            return self.checked(values.astype(np.int64))
        values = values.astype(np.float64)
        self._refuse(~np.isfinite(values), values, "must be a finite number")
        fractional = self.is_integer & (values != np.rint(values))
        self._refuse(fractional, values, "must be an integer")
        codes = np.rint((values - self.offset) / self.scale)
        codes = np.where(self.is_integer, codes, np.clip(codes, self.low, self.high))
        return self.checked(codes.astype(np.int64))

    def checked(self, codes: ArrayLike) -> NDArray[np.int64]:
        """Return codes[samples, features] as int64, refusing wrong dtypes, shapes and ranges."""
        return self.validated(codes).astype(np.int64)

    def validated(self, codes: ArrayLike) -> NDArray[np.integer]:
        """Return codes[samples, features] as an array of their own dtype, refusing what checked()
        refuses: images of bytes stay an eighth of the size.
        """
        array = np.asarray(codes)
        if array.dtype.kind not in "iu":
            raise ClassifierError(
                f"Samples must be integers, not {array.dtype}; quantize() converts raw values"
            )
        self._check_shape(array)
        if len(array) and self._leaves_range(array):
            outside = (array < self.low) | (array > self.high)
            feature = int(np.argwhere(outside)[0][1])
            limits = f"must be {self.low[feature]} to {self.high[feature]}"
            self._refuse(outside, array, limits)
        return array

    def pack(self, codes: ArrayLike) -> list[int]:
        """Return each sample of codes[samples, features] as the integer on the hardware's port."""
        array = self.checked(codes)
        columns = [
            ((array[:, feature, None] >> np.arange(width)) & 1).astype(np.uint8)
            for feature, width in enumerate(self.width)
        ]
        octets = np.packbits(np.concatenate(columns, axis=1), axis=1, bitorder="little")
        return [int.from_bytes(row.tobytes(), "little") for row in octets]

    def _check(self) -> None:
        for feature, name in enumerate(self.names):
            low, high = self.low[feature], self.high[feature]
            if low >= high:
                raise ClassifierError(
                    f"Feature {name!r} must have low below high, not {low} to {high}"
                )
            if not (np.isfinite(self.offset[feature]) and 0 < self.scale[feature] < np.inf):
                raise ClassifierError(
                    f"Feature {name!r} must have a finite offset and a positive scale,"
                    f" not {self.offset[feature]} and {self.scale[feature]}"
                )

    def _leaves_range(self, array: NDArray[np.integer]) -> bool:
        low, high = array.min(axis=0), array.max(axis=0)
        return bool((low < self.low).any() or (high > self.high).any())

    def _check_shape(self, values: NDArray[np.generic]) -> None:
        if values.ndim != 2 or values.shape[1] != len(self):
            raise ClassifierError(
                f"Samples must have shape (samples, {len(self)}), not {values.shape}"
            )

    def _refuse(self, wrong: NDArray[np.bool_], values: NDArray[np.generic], rule: str) -> None:
        if wrong.any():
            sample, feature = (int(i) for i in np.argwhere(wrong)[0])
            raise ClassifierError(
                f"Sample {sample}, feature {self.names[feature]!r} {rule},"
                f" not {values[sample, feature]}"
            )
