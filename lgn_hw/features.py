"""The integer features of a sample: names, ranges, how raw values become codes, and port bits.

Hardware takes integers. Which integer a measured value becomes is part of the classifier, so that a
sample means the same in training, in software and on the port of a core.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.errors import ClassifierError

__all__ = ["Features", "Quantized"]

EXACT = float(1 << 53)  # floats hold every integer up to here
MAX_NAMED = 5


@dataclass(frozen=True, eq=False)
class Quantized:
    """Hold codes of raw values, and what had to be changed for them.

    codes: int64[samples, features], in range. saturated: int64[features], how many values were
    beyond the range and became its end. rounded: int64[features], how many values of integer
    features had a fraction.
    """

    features: "Features"
    codes: NDArray[np.int64]
    saturated: NDArray[np.int64]
    rounded: NDArray[np.int64]

    def notices(self, what: str = "values") -> tuple[str, ...]:
        """Return a sentence for each kind of change, counting it and naming the features."""
        kinds = (
            (self.saturated, "{were} beyond the range and taken for its end,"),
            (self.rounded, "had a fraction and {were} rounded to integers,"),
        )
        return tuple(
            f"{total:,} of {self.codes.size:,} {what} "
            f"{done.format(were='was' if total == 1 else 'were')} in {self._named(counts)}"
            for counts, done in kinds
            if (total := int(counts.sum()))
        )

    def _named(self, counts: NDArray[np.int64]) -> str:
        """Name the features that are concerned with their ranges, the first few of many."""
        from lgn_hw.data.names import plain

        touched = np.flatnonzero(counts).tolist()
        features = self.features
        told = [plain([f"{features.names[i]} ({features.limits(i)})"]) for i in touched[:MAX_NAMED]]
        more = f" and {len(touched) - MAX_NAMED} more" if len(touched) > MAX_NAMED else ""
        return ", ".join(told) + more


@dataclass(frozen=True, eq=False)
class Features:
    """Describe the integers that make up one sample.

    names: one name per feature. low, high: int64[features], the inclusive range of each.
    offset, scale: float64[features]; a raw value v becomes the integer rint((v-offset)/scale).
    A feature with offset 0 and scale 1 is an integer already.

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

    def limits(self, feature: int) -> str:
        """Return the range of a feature's raw values as text, `0 to 16`."""
        low, high = (int(end[feature]) for end in (self.low, self.high))
        if self.is_integer[feature]:
            return f"{low} to {high}"
        offset, scale = self.offset[feature], self.scale[feature]
        return f"{offset + scale * low:.6g} to {offset + scale * high:.6g}"

    def quantize(self, raw: Any) -> NDArray[np.int64]:
        """Turn raw values[samples, features] into integer codes; quantized() says what of them
        had to be changed.
        """
        return self.quantized(raw).codes

    def quantized(self, raw: Any) -> Quantized:
        """Turn raw values[samples, features] into integer codes.

        raw: an array, images too, or a DataFrame, whose columns are found by name. A scaled value
        becomes the nearest code; a value of an integer feature is that integer, and rounded where
        it has a fraction. Values beyond a feature's range become its end, as a converter
        saturates: no threshold of an encoder lies there, so the bits are those of the value
        itself. Raises ClassifierError for NaN, infinity, other kinds and shapes, and for floats
        beyond 2^53 where the range of integers goes that far; UsageError for columns that are
        missing.
        """
        values = self.matrix(raw)
        if values.dtype.kind not in "iufb":
            raise ClassifierError(f"Samples must be numbers, not {values.dtype}")
        # bool arrays come as kind b and count as integers 0 and 1.
        self._check_shape(values)
        whole = self.is_integer
        if values.dtype.kind != "f" and whole.all():
            return self._of_integers(values)
        if values.dtype.kind == "f" or not whole.any():
            return self._of_floats(values.astype(np.float64))
        # Integer and scaled features mixed: each kind is converted as if it were alone, and put
        # back in its columns.
        codes = np.empty(values.shape, np.int64)
        changed = np.zeros((2, len(self)), np.int64)
        for part, of in ((whole, Features._of_integers), (~whole, Features._of_floats)):
            found = of(self._only(part), values[:, part])
            codes[:, part] = found.codes
            changed[:, part] = found.saturated, found.rounded
        return Quantized(self, codes, changed[0], changed[1])

    def checked(self, codes: ArrayLike) -> NDArray[np.int64]:
        """Return codes[samples, features] as int64, refusing wrong dtypes, shapes and ranges."""
        return self.validated(codes).astype(np.int64)

    def validated(self, codes: ArrayLike) -> NDArray[np.integer]:
        """Return codes[samples, features] as an array of their own dtype, refusing what checked()
        refuses: images of bytes stay an eighth of the size.
        """
        array = self.matrix(codes)
        if array.dtype.kind not in "iu":
            raise ClassifierError(
                f"Samples must be integers, not {array.dtype}; quantize() converts raw values"
            )
        self._check_shape(array)
        if len(array) and self._leaves_range(array):
            outside = (array < self.low) | (array > self.high)
            sample, feature = (int(i) for i in np.argwhere(outside)[0])
            raise self.out_of_range(sample, feature, array[sample, feature])
        return array

    def out_of_range(self, sample: int, feature: int, code: int) -> ClassifierError:
        """Return what is raised for a code that its feature does not have."""
        return ClassifierError(
            f"Sample {sample}, feature {self.names[feature]!r} must be {self.low[feature]} to"
            f" {self.high[feature]}, not {code}"
        )

    def pack(self, codes: ArrayLike) -> list[int]:
        """Return each sample of codes[samples, features] as the integer on the hardware's port."""
        array = self.checked(codes)
        # The bits of each feature, lowest first, feature 0 in front: two's complement where codes
        # are negative.
        columns = [
            ((array[:, feature, None] >> np.arange(width)) & 1).astype(np.uint8)
            for feature, width in enumerate(self.width)
        ]
        octets = np.packbits(np.concatenate(columns, axis=1), axis=1, bitorder="little")
        return [int.from_bytes(row.tobytes(), "little") for row in octets]

    def matrix(self, data: Any) -> NDArray[Any]:
        """Return an array[samples, features] of an array, of images or of a DataFrame, whose
        columns are found by name; what is in it is not looked at.
        """
        from lgn_hw.data.frame import is_frame, table_of
        from lgn_hw.data.names import find_columns

        if is_frame(data):
            table = table_of(data)
            return table.matrix(find_columns(table.names, self.names, table.place))
        try:
            array = np.asarray(data)
        except ValueError as problem:
            raise ClassifierError(f"Samples must be rows of equal length: {problem}") from None
        if array.ndim > 2 and np.prod(array.shape[1:]) == len(self):
            return array.reshape(len(array), -1)
        return array

    def _only(self, part: NDArray[np.bool_]) -> "Features":
        """Return some of the features, in their order."""
        names = tuple(np.array(self.names, object)[part])
        return Features(names, self.low[part], self.high[part], self.offset[part], self.scale[part])

    def _of_integers(self, values: NDArray[Any]) -> Quantized:
        """Saturate integers, exactly; every feature is one."""
        # Numbers beyond int64 are beyond every range anyway; they must not wrap to negative ones.
        if values.dtype == np.uint64:
            values = np.minimum(values, np.uint64(np.iinfo(np.int64).max))
        values = values.astype(np.int64)
        codes = np.clip(values, self.low, self.high)
        return Quantized(self, codes, (codes != values).sum(axis=0), np.zeros(len(self), np.int64))

    def _of_floats(self, values: NDArray[Any]) -> Quantized:
        """Quantise floats, of integer and of scaled features; raises ClassifierError for NaN and
        infinity.
        """
        values = values.astype(np.float64)
        self._refuse(~np.isfinite(values), values, "must be a finite number")
        whole = self.is_integer
        wide = whole & ((self.low < -EXACT) | (self.high > EXACT))
        self._refuse(
            wide & (np.abs(values) > EXACT), values, "must be an integer, beyond 2^53, not a float"
        )
        with np.errstate(over="ignore"):  # what is beyond all floats is beyond the range
            exact = (values - self.offset) / self.scale
        # rint rounds halves to even, whoever converts.
        codes = np.clip(np.rint(exact), self.low, self.high).astype(np.int64)
        # What rounds to the end of the range was not beyond it.
        beyond = (exact < self.low - 0.5) | (exact > self.high + 0.5)
        fractional = whole & (values != np.rint(values))
        return Quantized(self, codes, beyond.sum(axis=0), fractional.sum(axis=0))

    def _check(self) -> None:
        """Raise ClassifierError at the first feature whose range cannot be."""
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
        """Say whether any code is out of range: by the extremes, which is one pass over the
        array.
        """
        low, high = array.min(axis=0), array.max(axis=0)
        return bool((low < self.low).any() or (high > self.high).any())

    def _check_shape(self, values: NDArray[np.generic]) -> None:
        """Raise ClassifierError unless values are samples of these features."""
        if values.ndim != 2 or values.shape[1] != len(self):
            raise ClassifierError(
                f"Samples must have shape (samples, {len(self)}), not {values.shape}"
            )

    def _refuse(self, wrong: NDArray[np.bool_], values: NDArray[np.generic], rule: str) -> None:
        """Raise ClassifierError at the first value that is wrong, naming sample and feature."""
        if wrong.any():
            sample, feature = (int(i) for i in np.argwhere(wrong)[0])
            raise ClassifierError(
                f"Sample {sample}, feature {self.names[feature]!r} {rule},"
                f" not {values[sample, feature]}"
            )
