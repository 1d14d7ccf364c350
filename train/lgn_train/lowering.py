"""Layers to a netlist: every node in it, in the layers' order; positions of a kernel one by one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lgn_hw.errors import ClassifierError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_train.layers import BitPlanes, LogicConv2d, LogicDense, OrPool2d

__all__ = ["to_netlist"]

Nets = NDArray[np.int32]  # the nets that carry a layer's values, in the shape of one sample
CONSTANT_0 = 0


def to_netlist(inputs: int, layers: Sequence[nn.Module]) -> Netlist:
    """Return the netlist of discrete layers on that many bits.

    layers: BitPlanes, LogicConv2d, OrPool2d, nn.Flatten and LogicDense. Raises ClassifierError
    where a layer does not fit what is before it.
    """
    builder = _Builder(inputs)
    nets = np.arange(FIRST_INPUT, FIRST_INPUT + inputs, dtype=np.int32)
    for number, layer in enumerate(layers):
        nets = _lowered(builder, f"{type(layer).__name__} {number}", layer, nets)
    if nets.ndim != 1:
        raise ClassifierError(f"The outputs must be bits, not {_shape(nets)}; add nn.Flatten")
    return builder.netlist(nets)


class _Builder:
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


def _lowered(builder: _Builder, name: str, layer: nn.Module, nets: Nets) -> Nets:
    match layer:
        case LogicDense():
            if nets.shape != (layer.in_features,):
                raise ClassifierError(
                    f"{name} reads {layer.in_features} bits, and has {_shape(nets)} before it"
                )
            return builder.add(nets[_numpy(layer.wired().indices)], _words(layer.discrete_tables()))
        case BitPlanes():
            if nets.shape != (layer.num_bits,):
                raise ClassifierError(
                    f"{name} reads {layer.num_bits} bits, and has {_shape(nets)} before it"
                )
            return np.append(nets, np.int32(CONSTANT_0))[_numpy(layer.source)]
        case LogicConv2d():
            if nets.ndim != 3 or len(nets) != layer.in_channels:
                raise ClassifierError(
                    f"{name} reads images of {layer.in_channels} channels, and has"
                    f" {_shape(nets)} before it"
                )
            return _convolved(builder, layer, nets)
        case OrPool2d():
            if nets.ndim != 3:
                raise ClassifierError(f"{name} reads images, and has {_shape(nets)} before it")
            return _pooled(builder, layer, nets)
    assert isinstance(layer, nn.Flatten), "parts_of lets no other layer pass"
    return nets.reshape(-1)


def _convolved(builder: _Builder, layer: LogicConv2d, nets: Nets) -> Nets:
    rows, columns = nets.shape[1:]
    size = layer.output_size(rows, columns)
    words = _words(layer.discrete_tables())
    values = np.append(nets.reshape(-1), np.int32(CONSTANT_0))  # last, -1: outside of the image
    for wiring, level in zip(layer.stage_wirings(rows, columns), layer.level_slices(), strict=True):
        values = builder.add(values[_numpy(wiring)], np.repeat(words[level], size[0] * size[1]))
    return values.reshape(layer.out_channels, *size)


def _pooled(builder: _Builder, layer: OrPool2d, nets: Nets) -> Nets:
    rows, columns = layer.output_size(*nets.shape[1:])
    size = layer.kernel_size
    windows = nets.reshape(len(nets), rows, size, columns, size).transpose(0, 1, 3, 2, 4)
    return _ored(builder, windows.reshape(-1, size * size)).reshape(len(nets), rows, columns)


def _ored(builder: _Builder, windows: Nets) -> Nets:
    """Return the nets of the ORs of windows[n, values], six values a node, level by level."""
    while windows.shape[1] > 1:
        parts = [windows[:, i : i + MAX_FANIN] for i in range(0, windows.shape[1], MAX_FANIN)]
        columns = [
            part[:, 0] if part.shape[1] == 1 else builder.add(part, _or_tables(*part.shape))
            for part in parts
        ]
        windows = np.stack(columns, axis=1)
    return windows[:, 0]


def _or_tables(nodes: int, fan_in: int) -> NDArray[np.uint64]:
    return np.full(nodes, (1 << (1 << fan_in)) - 2, np.uint64)


def _words(tables: Tensor) -> NDArray[np.uint64]:
    """Return uint64[nodes] of tables[nodes, entries] of bits, entry 0 in bit 0."""
    bits = _numpy(tables).astype(np.uint64)
    words: NDArray[np.uint64] = (bits << np.arange(bits.shape[1], dtype=np.uint64)).sum(
        axis=1, dtype=np.uint64
    )
    return words


def _numpy(tensor: Tensor) -> NDArray[Any]:
    return tensor.detach().cpu().numpy()


def _shape(nets: Nets) -> str:
    return str(len(nets)) if nets.ndim == 1 else f"{' x '.join(map(str, nets.shape))} images"
