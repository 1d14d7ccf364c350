"""Where the values between layers lie: a place in the image each, and a plane."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lgn_hw.encoder import Thermometer
from lgn_train import rng
from lgn_train.rng import Stream

__all__ = ["Geometry"]

# The plastic number, x**3 = x + 1: multiples of 1/x and 1/x**2 fill a square evenly. This is the
# R2 sequence (Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
PLASTIC = 1.324717957244746


@dataclass(frozen=True, eq=False)
class Geometry:
    """Hold the place and the plane of each of n values of an image.

    rows, columns: of the image, in pixels. row, column: float64[n], the place; the middle of the
    first pixel is at 0.5, 0.5. plane: int64[n], what the value is of that place: one number for
    each channel and threshold.
    """

    rows: int
    columns: int
    row: Tensor
    column: Tensor
    plane: Tensor

    def __len__(self) -> int:
        return len(self.row)

    @property
    def planes(self) -> int:
        return int(self.plane.max()) + 1

    @property
    def extent(self) -> int:
        """The longer side of the image."""
        return max(self.rows, self.columns)

    @classmethod
    def of_image(cls, channels: int, rows: int, columns: int) -> "Geometry":
        """Return the geometry of values ordered by channel, row, column; a plane a channel."""
        plane, row, column = torch.meshgrid(
            *(torch.arange(n) for n in (channels, rows, columns)), indexing="ij"
        )
        row, column = row.reshape(-1).double() + 0.5, column.reshape(-1).double() + 0.5
        return cls(rows, columns, row, column, plane.reshape(-1))

    @classmethod
    def of_encoder(cls, spec: Thermometer, image_shape: tuple[int, int, int]) -> "Geometry":
        """Return the geometry of an encoder's bits; a plane a channel and threshold.

        image_shape: (channels, rows, columns); the features must be ordered so. Raises ValueError
        where they are not as many.
        """
        channels, rows, columns = image_shape
        if math.prod(image_shape) != len(spec.features):
            raise ValueError(
                f"image_shape must have {len(spec.features)} pixels, as many as the encoder has"
                f" features, not {channels} x {rows} x {columns}"
            )
        channel, pixel = np.divmod(spec.feature.astype(np.int64), rows * columns)
        level = np.zeros(spec.num_bits, np.int64)
        for one in range(channels):
            bits = channel == one
            level[bits] = _levels(spec.feature[bits], spec.threshold[bits])
        plane = torch.from_numpy(channel * (level.max() + 1) + level)
        row, column = (torch.from_numpy(part + 0.5) for part in np.divmod(pixel, columns))
        return cls(rows, columns, row, column, plane)

    def spread(self, nodes: int, seed: int) -> "Geometry":
        """Return places for nodes on this image, all in plane 0.

        They follow a sequence that fills the image evenly, so every run of neighbouring nodes,
        each group of GroupSum for one, covers all of it. The seed shifts them together.
        """
        start = rng.uniform(seed, 0, Stream.PLACES, 2).double()
        steps = torch.arange(nodes, dtype=torch.float64)
        row = (start[0] + steps / PLASTIC) % 1 * self.rows
        column = (start[1] + steps / PLASTIC**2) % 1 * self.columns
        return Geometry(self.rows, self.columns, row, column, torch.zeros(nodes, dtype=torch.int64))


def _levels(feature: NDArray[np.integer], threshold: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the thresholds of one channel: by value where its pixels share them, which keeps
    what a plane means at pixels that lack some, else by rank within the pixel.
    """
    _, first, counts = np.unique(feature, return_index=True, return_counts=True)
    values, by_value = np.unique(threshold, return_inverse=True)
    if len(values) <= counts.max(initial=0):
        return by_value
    return np.arange(len(feature)) - np.repeat(first, counts)
