"""The convolutional form of a classifier: planes of bits, kernels once, and what follows them."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lgn_hw.convolution.arrays import frozen
from lgn_hw.convolution.kernels import Kernels
from lgn_hw.encoder import Thermometer
from lgn_hw.errors import ClassifierError
from lgn_hw.features import Features
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.node_builder import CONSTANT_0, Nets, NodeBuilder

__all__ = ["Convolution"]


@dataclass(frozen=True, eq=False)
class Convolution:
    """Say once for all positions what a classifier's netlist says position by position.

    shape: (channels, rows, columns) of the image whose pixels are the features, in that order.
    channel: int32[planes] and threshold: int64[planes]: bit p of a pixel is whether its code in
    channel[p] is above threshold[p]. missing: int64[any], ascending: the places
    (plane * rows + row) * columns + column at which the bit is 0 instead. layers: the convolutions,
    each with its pool; the first reads the planes, each other one the kernels before it.

    tail: a netlist from the last maps, flattened by channel, row and column, to votes; None where
    the last maps are the votes. group: int32, the class of each vote of the tail, or else of each
    kernel of the last convolution, at all its positions.

    It describes the same scores as the classifier's netlist, whose nodes may be others: passes
    change those and leave this. Raises ClassifierError where the parts do not fit together.
    """

    shape: tuple[int, int, int]
    channel: NDArray[np.int32]
    threshold: NDArray[np.int64]
    missing: NDArray[np.int64]
    layers: tuple[Kernels, ...]
    tail: Netlist | None
    group: NDArray[np.int32]

    def __post_init__(self) -> None:
        shape = tuple(self.shape)
        whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in shape)
        if len(shape) != 3 or not whole:
            raise ClassifierError(
                f"shape must be channels, rows and columns, each 1 or more, not {self.shape}"
            )
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "layers", tuple(self.layers))
        for name, dtype in (
            ("channel", np.int32), ("threshold", np.int64), ("missing", np.int64),
            ("group", np.int32),
        ):  # fmt: skip
            object.__setattr__(self, name, frozen(name, getattr(self, name), dtype))
        self._check()

    @property
    def num_planes(self) -> int:
        """How many bits of a pixel the first convolution reads from."""
        return len(self.channel)

    @cached_property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """The channels, rows and columns that each convolution reads, and those that are left."""
        shapes = [(self.num_planes, *self.shape[1:])]
        for layer in self.layers:
            layer.check_channels(shapes[-1][0])
            shapes.append((layer.num_kernels, *layer.output_size(*shapes[-1][1:])))
        return tuple(shapes)

    @property
    def vote_group(self) -> NDArray[np.int32]:
        """Return the class of each vote of the netlist that expand() gives."""
        if self.tail is not None:
            return self.group
        return np.repeat(self.group, self.shapes[-1][1] * self.shapes[-1][2])

    def check_features(self, features: Features, classes: int) -> None:
        """Raise ClassifierError where it is no image of these features, or votes for other classes.

        The pixels of a channel must have one range: they take turns on one port.
        """
        if math.prod(self.shape) != len(features):
            raise ClassifierError(
                f"An image of {' x '.join(map(str, self.shape))} needs"
                f" {math.prod(self.shape)} features, not {len(features)}"
            )
        low, high = (end.reshape(self.shape[0], -1) for end in (features.low, features.high))
        if (low != low[:, :1]).any() or (high != high[:, :1]).any():
            raise ClassifierError("The pixels of a channel must have one range of codes")
        below = self.threshold < low[self.channel, 0]
        if (below | (self.threshold >= high[self.channel, 0])).any():
            raise ClassifierError("A plane's threshold must lie in its channel's range of codes")
        wrong = (self.group < 0) | (self.group >= classes)
        if wrong.any():
            vote = int(np.argmax(wrong))
            raise ClassifierError(
                f"Vote {vote} of the convolution must be for one of the classes 0 to {classes - 1},"
                f" not {self.group[vote]}"
            )

    def encoder(self, features: Features) -> Thermometer:
        """Return the encoder of all bits that are not missing, by pixel, then by plane."""
        bits = self._present()
        pixels = self.shape[1] * self.shape[2]
        feature = self.channel[bits % self.num_planes] * pixels + bits // self.num_planes
        return Thermometer(features, feature, self.threshold[bits % self.num_planes])

    def expand(self, encoder: Thermometer | None = None) -> Netlist:
        """Return the flat netlist: every kernel at every position, then the tail.

        encoder: whose bits it reads: those of encoder() where not given. A bit that it lacks is
        constant 0.
        """
        builder = NodeBuilder(len(self._present()) if encoder is None else encoder.num_bits)
        nets = self._own_planes() if encoder is None else self._planes_of(encoder)
        for layer in self.layers:
            nets = layer.lower(builder, nets)
        votes = nets.reshape(-1)
        return builder.netlist(votes if self.tail is None else builder.append(self.tail, votes))

    def _present(self) -> NDArray[np.int64]:
        """Return the bits that are not missing, as pixel * planes + plane, ascending."""
        places = np.ones((self.num_planes, self.shape[1] * self.shape[2]), bool)
        places.reshape(-1)[self.missing] = False
        return np.flatnonzero(places.T)

    def _own_planes(self) -> Nets:
        """Return int32[planes, rows, columns], the nets of encoder()'s bits."""
        bits = self._present()
        # Missing bits read constant 0; NodeBuilder takes them out of the tables.
        nets = np.full(self.shape[1] * self.shape[2] * self.num_planes, CONSTANT_0, np.int32)
        nets[bits] = np.arange(FIRST_INPUT, FIRST_INPUT + len(bits))
        return nets.reshape(-1, self.num_planes).T.reshape(self.shapes[0])

    def _planes_of(self, encoder: Thermometer) -> Nets:
        """Return int32[planes, rows, columns], the nets of another encoder's bits."""
        pixels = self.shape[1] * self.shape[2]
        channel, pixel = np.divmod(encoder.feature.astype(np.int64), pixels)
        nets = np.full((self.num_planes, pixels), CONSTANT_0, np.int32)
        for plane in range(self.num_planes):
            of = channel == self.channel[plane]
            bits = np.flatnonzero(of & (encoder.threshold == self.threshold[plane]))
            nets[plane, pixel[bits]] = FIRST_INPUT + bits
        nets.reshape(-1)[self.missing] = CONSTANT_0
        return nets.reshape(self.shapes[0])

    def _check(self) -> None:
        """Raise ClassifierError at the first part that does not fit the others."""
        if not self.layers:
            raise ClassifierError("layers must be one convolution or more, not none")
        if self.channel.shape != self.threshold.shape or not len(self.channel):
            raise ClassifierError(
                "channel and threshold must have one value for each plane, at least one, not"
                f" {len(self.channel)} and {len(self.threshold)}"
            )
        wrong = (self.channel < 0) | (self.channel >= self.shape[0])
        if wrong.any():
            plane = int(np.argmax(wrong))
            raise ClassifierError(
                f"Plane {plane} must look at one of the channels 0 to {self.shape[0] - 1}, not"
                f" {self.channel[plane]}"
            )
        places = self.num_planes * self.shape[1] * self.shape[2]
        if len(self.missing) and not (
            self.missing[0] >= 0 and self.missing[-1] < places and (np.diff(self.missing) > 0).all()
        ):
            raise ClassifierError(f"missing must ascend, from 0 to {places - 1} at most")
        flattened = math.prod(self.shapes[-1])
        if self.tail is not None and self.tail.num_inputs != flattened:
            raise ClassifierError(
                f"tail must have an input for each of {flattened} bits of the last maps, not"
                f" {self.tail.num_inputs}"
            )
        votes = self.shapes[-1][0] if self.tail is None else self.tail.num_outputs
        if len(self.group) != votes:
            raise ClassifierError(
                f"group must name a class for each of {votes} votes of the convolution, not"
                f" {len(self.group)}"
            )
