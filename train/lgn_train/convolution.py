"""The convolutional form of a network: kernels once, for a circuit that slides over the image."""

from collections.abc import Sequence

import numpy as np
from torch import nn

from lgn_hw.convolution.convolution import Convolution
from lgn_hw.convolution.kernels import Kernels
from lgn_hw.encoder import Thermometer
from lgn_hw.errors import CheckFailed
from lgn_hw.netlist import Netlist
from lgn_train.layers.bit_planes import BitPlanes
from lgn_train.layers.circuit_layer import to_numpy
from lgn_train.layers.logic_conv2d import LogicConv2d
from lgn_train.layers.or_pool2d import OrPool2d
from lgn_train.lowering import to_netlist

__all__ = ["check_structure", "convolution_of"]


def convolution_of(
    spec: Thermometer, layers: Sequence[nn.Module], classes: int
) -> Convolution | None:
    """Return the convolutional form of layers between an encoder and GroupSum.

    None where they are not BitPlanes, convolutions with or without pools, nn.Flatten, and layers on
    bits; or where the pixels of a channel differ in their thresholds or ranges, as those of encoder
    kind "quantile" do: one circuit cannot then be every pixel's.
    """
    rest = list(layers)
    if not rest or not isinstance(first := rest.pop(0), BitPlanes):
        return None
    planes = _planes(spec, first)
    kernels: list[Kernels] = []
    while rest and isinstance(layer := rest[0], LogicConv2d):
        rest, pool = rest[1:], 1
        while rest and isinstance(pooled := rest[0], OrPool2d):
            # An OR of ORs is an OR: pools in a row are one pool.
            rest, pool = rest[1:], pool * pooled.kernel_size
        kernels.append(layer.kernels(pool))
    if planes is None or not kernels or not rest or not isinstance(rest.pop(0), nn.Flatten):
        return None
    shape, channel, threshold, missing = planes
    votes = kernels[-1].num_kernels
    straight = all(isinstance(layer, nn.Flatten) for layer in rest) and votes % classes == 0
    tail = None if straight else to_netlist(_flattened(shape, kernels), rest)
    if tail is not None:
        votes = tail.num_outputs
    group = np.repeat(np.arange(classes, dtype=np.int32), votes // classes)
    return Convolution(shape, channel, threshold, missing, tuple(kernels), tail, group)


def check_structure(
    convolution: Convolution | None, encoder: Thermometer, netlist: Netlist
) -> None:
    """Raise CheckFailed where the convolutional form, at all positions, is not node for node the
    netlist that the layers were lowered to.
    """
    if convolution is None:
        return
    found = convolution.expand(encoder)
    for name in ("fanin", "table", "outputs"):
        if not np.array_equal(getattr(found, name), getattr(netlist, name)):
            raise CheckFailed(f"The convolutional form differs from the netlist in its {name}")


Planes = tuple[tuple[int, int, int], np.ndarray, np.ndarray, np.ndarray]


def _planes(spec: Thermometer, layer: BitPlanes) -> Planes | None:
    """Return the image's shape, the planes' channels and thresholds, and the places without a bit;
    None where the pixels of a channel are not alike.
    """
    source = to_numpy(layer.source)
    planes, rows, columns = source.shape
    pixels = rows * columns
    channels = len(spec.features) // pixels
    flat = source.reshape(planes, pixels)
    low, high = (end.reshape(channels, pixels) for end in (spec.features.low, spec.features.high))
    if (low != low[:, :1]).any() or (high != high[:, :1]).any():
        return None
    channel, threshold = np.zeros(planes, np.int32), np.full(planes, low[0, 0])
    for plane, bits in enumerate(flat):
        # -1 marks a pixel without a bit on this plane: the encoder left its threshold out.
        bits = bits[bits >= 0]
        if len(bits):
            channel[plane] = spec.feature[bits[0]] // pixels
            threshold[plane] = spec.threshold[bits[0]]
        if (spec.threshold[bits] != spec.threshold[bits[:1]]).any():
            return None
    return (channels, rows, columns), channel, threshold, np.flatnonzero(flat.reshape(-1) < 0)


def _flattened(shape: tuple[int, int, int], kernels: Sequence[Kernels]) -> int:
    """Return how many bits the last maps have."""
    rows, columns = shape[1:]
    for layer in kernels:
        rows, columns = layer.output_size(rows, columns)
    return kernels[-1].num_kernels * rows * columns
