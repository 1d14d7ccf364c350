"""BitPlanes: an encoder's bits as an image of planes, one for each channel and threshold."""

from dataclasses import replace
from typing import final

import numpy as np
import torch
from torch import Tensor

from lgn_hw.encoder import Thermometer
from lgn_train.layers.circuit_layer import (
    CONSTANT_0,
    CircuitLayer,
    ImageSize,
    Nets,
    NodeBuilder,
    require_shape,
    to_numpy,
)
from lgn_train.packed.bits import PackedBits
from lgn_train.wiring.geometry import Geometry

__all__ = ["BitPlanes"]

MISSING = -1


@final
class BitPlanes(CircuitLayer):
    """Arrange float[batch, bits] as float[batch, planes, rows, columns], without changing a value.

    spec: the encoder of the ThermometerLayer before. image_shape: (channels, rows, columns) of its
    features. A pixel that lacks a plane's threshold, which the encoder left out because it told no
    training samples apart, is 0 there. `source` is int64[planes, rows, columns], the bit at each
    place, or -1. Raises ValueError where the encoder has two bits for one place.
    """

    source: Tensor

    def __init__(self, spec: Thermometer, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        geometry = Geometry.of_encoder(spec, image_shape)
        self.num_bits = spec.num_bits
        self.shape = (geometry.planes, geometry.rows, geometry.columns)
        source = torch.full(self.shape, MISSING)
        # One assignment for all bits; two at one place would leave fewer places filled than there
        # are bits.
        place = (geometry.plane, geometry.row.long(), geometry.column.long())
        source[place] = torch.arange(spec.num_bits)
        if int((source != MISSING).sum()) != spec.num_bits:
            raise ValueError("The encoder must not have two bits with one feature and threshold")
        # Not in the state: it follows from the encoder, which is saved with the run.
        self.register_buffer("source", source, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the image of bits[batch, bits]; raises ValueError on another shape."""
        if x.ndim != 2 or x.shape[1] != self.num_bits:
            raise ValueError(f"x must have shape (batch, {self.num_bits}), not {tuple(x.shape)}")
        index = self.source.reshape(-1) % (self.num_bits + 1)  # MISSING, -1, is the last
        if isinstance(x, PackedBits) and not x.graph.stages and x.graph.source is None:
            return PackedBits(replace(x.graph, rows=_picked(x.graph.rows, index)), self.shape)
        return _picked(x.t(), index).t().view(len(x), *self.shape)

    def lower(self, builder: NodeBuilder, nets: Nets) -> Nets:
        """Return the bits as an image; no node is added."""
        require_shape(nets.shape == (self.num_bits,), f"{self.num_bits} bits", nets)
        return np.append(nets, np.int32(CONSTANT_0))[to_numpy(self.source)]

    def widest(self, size: ImageSize) -> tuple[int, ImageSize]:
        return 0, self.shape[1:]

    def extra_repr(self) -> str:
        return "{} bits, {} planes of {} x {}".format(self.num_bits, *self.shape)


def _picked(rows: Tensor, index: Tensor) -> Tensor:
    """Return the rows of an index in which the number of rows stands for a row of zeros."""
    return torch.cat([rows, rows.new_zeros(1, rows.shape[1])]).index_select(0, index)
