"""The numbers of a device: what follows from a classifier, a clock and a baud rate.

A link is slow: a byte takes many clock cycles. So votes are counted in words, one after another,
and the number of lanes is the least that keeps up.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.link.baud import BITS_PER_BYTE, BaudRate
from lgn_hw.link.frame import MAX_PAYLOAD, Identity
from lgn_hw.link.lanes import order_votes
from lgn_hw.link.samples import SampleFormat, in_pixels
from lgn_hw.netlist import Netlist
from lgn_hw.passes.optimize import optimize_classifier

__all__ = ["RESULTS", "FrameTime", "LinkPlan"]

RESULTS = 256  # the classes that memory holds for one frame
SELF_TEST_BYTES = 4096
MOST_VECTORS = 8
SLACK = 16  # clock cycles between the last byte of a sample and its class, beside the counting


class FrameTime(Protocol):
    """What the plan asks of hdl.streaming.cycles.FrameCycles, which is above it."""

    @property
    def interval(self) -> int: ...

    @property
    def latency(self) -> int: ...

    @property
    def frame(self) -> int: ...


@dataclass(frozen=True, eq=False)
class LinkPlan:
    """Size a device.

    rate: clock and baud rate. registers: as in logic.Logic; 0 is the smallest, and fast
    enough at the clocks of small boards. in_time: for a streaming core, the cycles of its frames;
    None for one that takes a sample at once.

    Raises UsageError where a sample or its class does not fit the link, or where the votes cannot
    be counted before the next sample is there.
    """

    classifier: Classifier
    rate: BaudRate
    registers: int = 0
    in_time: FrameTime | None = None

    def __post_init__(self) -> None:
        if self.sample_bytes > MAX_PAYLOAD:
            raise UsageError(
                f"A sample must have at most {MAX_PAYLOAD:,} bytes on the link, not"
                f" {self.sample_bytes:,}; use fewer or narrower features"
            )
        if self.classifier.num_classes > 256:
            raise UsageError(
                f"The link carries at most 256 classes, not {self.classifier.num_classes}"
            )
        if self.in_time is None:
            _ = self.lanes
        else:
            self._check_time(self.in_time)

    @cached_property
    def format(self) -> SampleFormat:
        """How the link carries a sample; the classifier as it is given decides it."""
        return SampleFormat.of(self.classifier)

    @cached_property
    def optimized(self) -> Classifier:
        """The classifier with what passes.optimize leaves of its gates; it has the same scores."""
        return optimize_classifier(self.classifier)[0]

    @cached_property
    def core(self) -> Classifier:
        """The classifier that is built: the optimized one, of samples as the link carries them."""
        return self.format.narrowed(self.optimized)

    @cached_property
    def votes(self) -> Netlist:
        """The netlist with its outputs in the order of the classes that they vote for.

        Those of a class are in the order of lanes.order_votes.
        """
        netlist = self.core.netlist
        by_class = np.argsort(self.classifier.group, kind="stable")
        votes = replace(netlist, outputs=netlist.outputs[by_class])
        order = order_votes(votes, self.classifier.group_sizes, self.lanes)
        return replace(votes, outputs=votes.outputs[order])

    @cached_property
    def pixels(self) -> Classifier:
        """The classifier that a streaming core is built of: of pixels as the link carries them."""
        return in_pixels(self.classifier)

    @property
    def sample_bytes(self) -> int:
        """The bytes of one sample on the link."""
        return self.format.sample_bytes

    @property
    def max_samples(self) -> int:
        """Samples in one frame.

        At most as many as there are classes stored for one frame, and as fit MAX_PAYLOAD bytes.
        """
        return min(RESULTS, MAX_PAYLOAD // self.sample_bytes)

    @property
    def cycles_per_byte(self) -> int:
        """Clock cycles that a byte takes on the line."""
        return BITS_PER_BYTE * self.rate.clocks_per_bit

    @cached_property
    def lanes(self) -> int:
        """How many votes are counted in a clock cycle: as few as keep up with the link.

        A class must be known before the next sample's last byte has been received, and before the
        CRC behind the last sample has.
        """
        budget = min(2, self.sample_bytes) * self.cycles_per_byte - SLACK
        lanes = 1
        while self.counting_cycles(lanes) > budget:
            if lanes >= max(self.classifier.group_sizes):
                raise UsageError(
                    f"Counting the votes of {self.classifier.num_classes} classes takes longer"
                    f" than {budget} clock cycles, in which the next sample can be there; choose a"
                    f" lower baud rate than {self.rate.baud}"
                )
            # Powers of two, so that words are selected by bits of a counter.
            lanes *= 2
        return lanes

    def _cycles_after_the_last_byte(self) -> int:
        """Return the clock cycles from a sample's last byte to its class."""
        if self.in_time is not None:
            return self.in_time.latency
        return self.counting_cycles(self.lanes)

    def _check_time(self, time: FrameTime) -> None:
        """Raise UsageError where the core is not ready for each byte, or a class comes too late."""
        if self.classifier.convolution is None:
            raise UsageError(
                "The classifier has no convolutional form, which a streaming core is made of; use"
                " --conv unrolled"
            )
        _, rows, columns = self.classifier.convolution.shape
        # Clock cycles between two frames in which the core takes no pixel.
        bubble = time.interval - rows * columns
        budget = min(2, self.sample_bytes) * self.cycles_per_byte - SLACK
        needed = {"a byte": bubble + SLACK, "a class": time.latency}
        for what, allowed in (("a byte", self.cycles_per_byte), ("a class", budget)):
            if needed[what] > allowed:
                raise UsageError(
                    f"The core takes {needed[what]} clock cycles for {what} at the end of a frame,"
                    f" and the link allows {allowed}; choose a lower baud rate than"
                    f" {self.rate.baud}"
                )

    def counting_cycles(self, lanes: int) -> int:
        """Return the clock cycles that a SerialArgmax of so many lanes takes."""
        words = -(-max(self.classifier.group_sizes) // lanes)
        return max(1, words) * self.classifier.num_classes

    @cached_property
    def vectors(self) -> NDArray[np.int64]:
        """Codes[vectors, features] of the self-test, always the same, of as many classes as can be.

        They are drawn around the thresholds, where a gate's input changes.
        """
        features, encoder = self.classifier.features, self.classifier.encoder
        rng = np.random.default_rng(0)
        codes = rng.integers(features.low, features.high, (256, len(features)), endpoint=True)
        for feature in range(len(features)):
            near = np.unique(encoder.threshold[encoder.feature == feature])
            if len(near):
                # x > t changes between t and t + 1: there a stuck bit shows.
                edges = np.concatenate([near, near + 1])
                codes[::2, feature] = rng.choice(edges, len(codes[::2]))
        classes = self.classifier.predict(codes)
        # One vector of each class, then a second one of each, and so on.
        # How many earlier vectors have the same class: sorting by it takes the classes by turns.
        turn = np.array([(classes[:i] == c).sum() for i, c in enumerate(classes)])
        count = max(1, min(MOST_VECTORS, SELF_TEST_BYTES // (self.sample_bytes + 1)))
        return codes[np.lexsort((classes, turn))[:count]]

    @property
    def identity(self) -> Identity:
        """What the device answers to IDENTIFY."""
        return Identity(
            sample_bytes=self.sample_bytes,
            max_samples=self.max_samples,
            classes=self.classifier.num_classes,
            vectors=len(self.vectors),
            cycles=self._cycles_after_the_last_byte() + SLACK,
            clock_hz=self.rate.clock_hz,
            baud=self.rate.baud,
            digest=self.classifier.digest,
        )

    @cached_property
    def self_test(self) -> bytes:
        """The vectors, each followed by its class."""
        classes = self.classifier.predict(self.vectors)
        size, packed = self.sample_bytes, self.format.pack(self.vectors)
        parts = [packed[i * size :][:size] + bytes([c]) for i, c in enumerate(classes)]
        return b"".join(parts)
