"""A data set as training takes it."""

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lgn_hw.features import Features

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Hold integer codes[samples, features] in the features' ranges, and class numbers[samples].

    classes: one name per class, in the order of the numbers. notices: what the user should know
    about how the data were read, one sentence each. image_shape: (channels, rows, columns) where
    a sample is an image; its features are then ordered by channel, row, column. x_validation,
    y_validation: what was held out of the training part to choose by, or None.
    label_column: its name, where the samples come from a table. weight_train: float64[samples], how
    much each training sample counts in the loss, not negative; None where all count alike.

    Raises ValueError on arrays that do not fit each other, and ClassifierError where a code is
    beyond its feature's range: whatever reads a data set may rely on both.
    """

    features: Features
    x_train: NDArray[np.integer]
    y_train: NDArray[np.integer]
    x_test: NDArray[np.integer]
    y_test: NDArray[np.integer]
    classes: tuple[str, ...]
    notices: tuple[str, ...] = field(default=())
    image_shape: tuple[int, int, int] | None = None
    label_column: str | None = None
    x_validation: NDArray[np.integer] | None = None
    y_validation: NDArray[np.integer] | None = None
    weight_train: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for x, y in self._parts():
            # Here and once: the encoder, training and the export take codes as they are.
            self.features.validated(x)
            if y.shape != (len(x),):
                raise ValueError(f"y must have shape ({len(x)},), not {y.shape}")
            if not len(x):
                raise ValueError("A data set needs training and test samples")
            if y.min() < 0 or y.max() >= len(self.classes):
                raise ValueError(
                    f"y must hold 0 to {len(self.classes) - 1}, not {y.min()} to {y.max()}"
                )
        weights = self.weight_train
        if weights is not None and (weights.shape != self.y_train.shape or weights.min() < 0):
            raise ValueError(
                f"weight_train must hold {len(self.y_train)} numbers, 0 or more, not"
                f" {len(weights)} with the lowest {weights.min()}"
            )
        if self.image_shape is not None and math.prod(self.image_shape) != len(self.features):
            raise ValueError(
                f"image_shape must have {len(self.features)} pixels, as many as there are"
                f" features, not {' x '.join(map(str, self.image_shape))}"
            )

    @property
    def measured(self) -> tuple[str, NDArray[np.integer], NDArray[np.integer]]:
        """The part that is measured while training lasts: its name, codes and class numbers."""
        if self.x_validation is None or self.y_validation is None:
            return "test", self.x_test, self.y_test
        return "validation", self.x_validation, self.y_validation

    def _parts(self) -> list[tuple[NDArray[np.integer], NDArray[np.integer]]]:
        """Return codes and labels of each part that there is: training, test, validation."""
        parts = [(self.x_train, self.y_train), (self.x_test, self.y_test)]
        if self.x_validation is not None and self.y_validation is not None:
            parts.append((self.x_validation, self.y_validation))
        return parts

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all samples and labels: training resumes on the same data only."""
        found = hashlib.sha256()
        for array in (array for part in self._parts() for array in part):
            # Byte order, width and shape belong to the digest: the same bytes can be other samples.
            portable = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            found.update(f"{portable.dtype.str}{portable.shape}".encode())
            found.update(portable.data)
        return found.hexdigest()
