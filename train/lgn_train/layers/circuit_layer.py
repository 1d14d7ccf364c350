"""What every layer that has a circuit can do: be lowered to nodes of a netlist."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lgn_hw.errors import ClassifierError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist

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

Nets = NDArray[np.int32]  # the nets that carry a layer's values, in the shape of one sample
CONSTANT_0 = 0
ImageSize = tuple[int, int]  # rows and columns; 0 where nothing says them


class NodeBuilder:
    """Nodes in the order in which they are added."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.next_net = FIRST_INPUT + inputs
        self.fanin = [np.zeros((0, MAX_FANIN), np.int32)]
        self.table = [np.zeros(0, np.uint64)]

    def add(self, pins: Nets, tables: NDArray[np.uint64]) -> Nets:
        """Add nodes that read pins[nodes, fan_in]; return the nets that carry their outputs.

        A netlist has no node whose last input is constant 0: there the lower half of the table is
        all of it, and a node that reads nothing else is a constant, net 0 or net 1.
        """
        used = pins != CONSTANT_0
        arity = np.where(used.any(axis=1), pins.shape[1] - np.argmax(used[:, ::-1], axis=1), 0)
        full = arity == MAX_FANIN
        entries = np.where(full, 0, 1 << arity).astype(np.uint64)
        tables = np.where(full, tables, tables & ((np.uint64(1) << entries) - np.uint64(1)))
        real = arity > 0
        nets = (tables & np.uint64(1)).astype(np.int32)  # of the constant ones
        nets[real] = np.arange(self.next_net, self.next_net + real.sum(), dtype=np.int32)
        padded = np.zeros((int(real.sum()), MAX_FANIN), np.int32)
        padded[:, : pins.shape[1]] = pins[real]
        self.fanin.append(padded)
        self.table.append(tables[real])
        self.next_net += len(padded)
        return nets

    def netlist(self, outputs: Nets) -> Netlist:
        return Netlist(self.inputs, np.concatenate(self.fanin), np.concatenate(self.table), outputs)


class CircuitLayer(nn.Module, ABC):
    """A layer between Thermometer and GroupSum.

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
    return tensor.detach().cpu().numpy()


def shown_shape(nets: Nets) -> str:
    return str(len(nets)) if nets.ndim == 1 else f"{' x '.join(map(str, nets.shape))} images"
