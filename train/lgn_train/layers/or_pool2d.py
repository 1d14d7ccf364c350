"""OrPool2d: a pixel is 1 where any of a window is."""

import math
from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from lgn_hw.convolution.or_pool import or_pooled
from lgn_train.checks import positive_integer
from lgn_train.layers.circuit_layer import CircuitLayer, ImageSize, Nets, NodeBuilder, require_shape
from lgn_train.packed.bindings import OR_POOL
from lgn_train.packed.bits import PackedBits
from lgn_train.packed.conv_graph import ConvGraph
from lgn_train.packed.stage_graph import Stage
from lgn_train.wiring.wiring import Wiring

__all__ = ["OrPool2d"]

MAX_PINS = 8  # of a node of the packed engine; wider windows are pooled in floats


@final
class OrPool2d(CircuitLayer):
    """Take the greatest value of each window of kernel_size x kernel_size, its OR for bits.

    float[batch, channels, rows, columns] to float[batch, channels, rows / kernel_size, columns /
    kernel_size] (2411.04732). The gradient goes to the greatest value, the first by row and column
    where several are.
    """

    def __init__(self, kernel_size: int = 2) -> None:
        super().__init__()
        self.kernel_size = positive_integer("kernel_size", kernel_size)
        self._wirings: dict[tuple[int | torch.device, ...], list[Wiring]] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled image; raises ValueError where windows do not cover it exactly."""
        if x.ndim != 4:
            raise ValueError(
                f"x must have shape (batch, channels, rows, columns), not {tuple(x.shape)}"
            )
        size = self.output_size(x.shape[2], x.shape[3])
        if not isinstance(x, PackedBits) or self.kernel_size > MAX_PINS:
            return F.max_pool2d(x, self.kernel_size)
        # A convolution that computes its pool itself: its words are then counted once per window,
        # not once per position.
        if isinstance(x.given, ConvGraph) and x.given.sizes[-1] == 1:
            return PackedBits(x.given.pooled(self.kernel_size), (x.shape[1], *size))
        graph = x.graph
        for wiring in self._windows(x):
            graph = graph.then(Stage(wiring, kind=OR_POOL))
        return PackedBits(graph, (x.shape[1], *size))

    def output_size(self, rows: int, columns: int) -> tuple[int, int]:
        """Return the rows and columns that are left of an image."""
        if rows % self.kernel_size or columns % self.kernel_size:
            raise ValueError(
                f"OrPool2d needs rows and columns that are multiples of {self.kernel_size}, not"
                f" {rows} x {columns}; change the padding of the layer before, or kernel_size"
            )
        return rows // self.kernel_size, columns // self.kernel_size

    def lower(self, builder: NodeBuilder, nets: Nets) -> Nets:
        """Add a tree of ORs for each window, six values per node."""
        require_shape(nets.ndim == 3, "images", nets)
        self.output_size(*nets.shape[1:])
        return or_pooled(builder, nets, self.kernel_size)

    def widest(self, size: ImageSize) -> tuple[int, ImageSize]:
        return 0, self.output_size(*size) if all(size) else size

    def _windows(self, x: Tensor) -> list[Wiring]:
        """Return the wirings of an image's windows, made once for its shape.

        A window with more values than a node has pins is pooled along its rows, and these are
        then pooled: the first 1 of the first row that has one is the first of the window.
        """
        # A wiring is of one image size; models are mostly called with one, so that few are kept.
        key = (*x.shape[1:], x.device)
        if key not in self._wirings:
            size = self.kernel_size
            places = torch.arange(math.prod(x.shape[1:]), device=x.device).view(x.shape[1:])
            if size**2 <= MAX_PINS:
                windows = places.unfold(1, size, size).unfold(2, size, size)
                stages = [windows.reshape(-1, size * size)]
            else:
                rows = places.unfold(2, size, size)
                numbers = torch.arange(rows[..., 0].numel(), device=x.device)
                columns = numbers.view(rows.shape[:3]).unfold(1, size, size)
                stages = [rows.reshape(-1, size), columns.reshape(-1, size)]
            inputs = (places.numel(), len(stages[0]))
            self._wirings[key] = [Wiring(*pair) for pair in zip(stages, inputs, strict=False)]
        return self._wirings[key]

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}"
