"""The thermometer encoder: integer features to bits, in software and as the hardware's spec.

A thermometer code keeps the order of numbers: of two codes the greater one has all bits of the
other. One bit is one comparison with a constant, the cheapest thing that hardware can do with a
number.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.errors import ClassifierError
from lgn_hw.features import Features

__all__ = ["Thermometer"]


@dataclass(frozen=True, eq=False)
class Thermometer:
    """Turn a sample into bits: bit i is `x[feature[i]] > threshold[i]`.

    features: what a sample is made of.
    feature: int32[bits], the feature that each bit looks at.
    threshold: int64[bits], an integer t with low <= t < high of that feature, so that no bit is
    constant.

    Raises ClassifierError naming the bit that breaks a rule.
    """

    features: Features
    feature: NDArray[np.int32]
    threshold: NDArray[np.int64]

    def __post_init__(self) -> None:
        for field, dtype in (("feature", np.int32), ("threshold", np.int64)):
            given = np.asarray(getattr(self, field))
            if given.size and given.dtype.kind not in "iu":
                raise ClassifierError(f"{field} must hold integers, not {given.dtype}")
            array = np.array(given, dtype=dtype)
            # A copy that nobody can write: the digest of a classifier must stay true.
            array.flags.writeable = False
            object.__setattr__(self, field, array)
        if self.feature.ndim != 1 or self.feature.shape != self.threshold.shape:
            raise ClassifierError(
                "feature and threshold must have one value per bit,"
                f" not shapes {self.feature.shape} and {self.threshold.shape}"
            )
        self._check_bits()

    @property
    def num_bits(self) -> int:
        """How many bits a sample becomes."""
        return len(self.feature)

    def select(self, bits: ArrayLike) -> "Thermometer":
        """Return the encoder of some of its bits, by number and in their order."""
        chosen = np.asarray(bits, np.int64)
        return replace(self, feature=self.feature[chosen], threshold=self.threshold[chosen])

    def encode(self, codes: ArrayLike) -> NDArray[np.bool_]:
        """Return bool[samples, bits] of integer codes[samples, features].

        Raises ClassifierError on a wrong shape, dtype or range.
        """
        return self.features.validated(codes)[:, self.feature] > self.threshold

    def _check_bits(self) -> None:
        """Raise ClassifierError at the first bit that looks at no feature, or would be constant."""
        missing = (self.feature < 0) | (self.feature >= len(self.features))
        if missing.any():
            bit = int(np.argmax(missing))
            raise ClassifierError(
                f"Bit {bit} must look at one of the features 0 to {len(self.features) - 1},"
                f" not {self.feature[bit]}"
            )
        low, high = self.features.low[self.feature], self.features.high[self.feature]
        constant = (self.threshold < low) | (self.threshold >= high)
        if constant.any():
            bit = int(np.argmax(constant))
            raise ClassifierError(
                f"Bit {bit} would be constant: the threshold of feature"
                f" {self.features.names[self.feature[bit]]!r} must be {low[bit]} to"
                f" {high[bit] - 1}, not {self.threshold[bit]}"
            )
