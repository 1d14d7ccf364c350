"""What every layer that has a circuit can do: be lowered to nodes of a netlist."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lgn_hw.errors import ClassifierError
from lgn_hw.netlist.node_builder import CONSTANT_0, Nets, NodeBuilder

__all__ = [
    "CONSTANT_0",
    "CircuitLayer",
    "ImageSize",
    "Nets",
    "NodeBuilder",
    "require_shape",
    "shown_shape",
    "table_words_of",
    "to_numpy",
    "widest_stage",
]

ImageSize = tuple[int, int]  # rows and columns; 0 where nothing says them


class CircuitLayer(nn.Module, ABC):
    """A layer between ThermometerLayer and GroupSum.

    A new one needs `lower`, and `widest` where a layer computes more than it reads: then models
    that hold it can be exported, simulated and built. CONTRIBUTING.md has the steps.

    forced_mode: what lgn_train.mode sets; layers whose output depends on the mode read it.
    """

    forced_mode: str | None = None

    @abstractmethod
    def lower(self, builder: NodeBuilder, nets: Nets) -> Nets:
        """Add the nodes of the discrete layer that reads some nets; return the nets that it gives.

        nets: int32 in the shape of one sample: [bits], or [channels, rows, columns]. Raises
        ClassifierError where they do not fit the layer; its text goes on from the layer's name.
        """

    def progress(self) -> list[tuple[Tensor, Tensor]]:
        """Return each buffer that a training step changes, and a copy of it."""
        return []

    def widest(self, size: ImageSize) -> tuple[int, ImageSize]:
        """Return the most values of a sample that it computes at once, and the size it leaves."""
        return 0, size


def widest_stage(model: nn.Module) -> int:
    """Return the most values of one sample that a layer computes at once; 0 without layers.

    A convolution counts where BitPlanes before it says how large its image is.
    """
    widest, size = 0, (0, 0)
    for layer in model.modules():
        if isinstance(layer, CircuitLayer):
            values, size = layer.widest(size)
            widest = max(widest, values)
    return widest


def require_shape(fits: bool, wanted: str, nets: Nets) -> None:
    """Raise ClassifierError, naming what was wanted and what is there, unless it fits."""
    if not fits:
        raise ClassifierError(f"reads {wanted}, and has {shown_shape(nets)} before it")


def table_words_of(tables: Tensor) -> NDArray[np.uint64]:
    """Return uint64[nodes] of tables[nodes, entries] of bits, entry 0 in bit 0."""
    bits = to_numpy(tables).astype(np.uint64)
    words: NDArray[np.uint64] = (bits << np.arange(bits.shape[1], dtype=np.uint64)).sum(
        axis=1, dtype=np.uint64
    )
    return words


def to_numpy(tensor: Tensor) -> NDArray[Any]:
    """Return a tensor's values on the host, without a gradient."""
    return tensor.detach().cpu().numpy()


def shown_shape(nets: Nets) -> str:
    """Say how many values nets carry, as a message puts it."""
    return str(len(nets)) if nets.ndim == 1 else f"{' x '.join(map(str, nets.shape))} images"
