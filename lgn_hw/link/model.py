"""A device in software: the answer to every request, byte for byte that of the gateware.

The host's code, the simulated board and the tests of the gateware talk to this model, so that a
board that disagrees with it is seen at the first sample.
"""

from dataclasses import replace

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.encoder import Thermometer
from lgn_hw.features import Features
from lgn_hw.link.frame import MAX_PAYLOAD, Command, Frame, Parser
from lgn_hw.link.plan import LinkPlan

__all__ = ["DeviceModel"]

LIMIT = 255  # at which a counter stays


class DeviceModel:
    """Answer requests as device.LinkDevice does when it is never hurried.

    failures: of the self-test; 0 in software.
    """

    failures = 0

    def __init__(self, plan: LinkPlan) -> None:
        self.plan = plan
        self.framing_errors = 0
        self._parser = Parser(MAX_PAYLOAD)
        self._classifier = _any_code(plan.format.narrowed(plan.classifier))

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the host; return what the device sends."""
        frames = self._parser.frames_in(data)
        return b"".join(self._answer(frame).encode() for frame in frames)

    def disturb(self) -> None:
        """Receive a byte without a stop bit."""
        self.framing_errors += 1
        self._parser.disturb()

    @property
    def counters(self) -> bytes:
        """Damaged frames, framing errors and failures of the self-test, each at most 255."""
        counts = (self._parser.damaged, self.framing_errors, self.failures)
        return bytes(min(LIMIT, count) for count in counts)

    def _answer(self, frame: Frame) -> Frame:
        """Return the answer to a request; a damaged or unknown one is refused."""
        if not frame.intact:
            return frame.answer(refused=True)
        if frame.command == Command.IDENTIFY:
            return frame.answer(self.plan.identity.pack())
        if frame.command == Command.CLASSIFY:
            return self._classify(frame)
        if frame.command in (Command.SELF_TEST, Command.COUNTERS):
            return frame.answer(self.counters)
        return frame.answer(refused=True)

    def _classify(self, frame: Frame) -> Frame:
        """Return the classes of a frame of samples; a wrong length is refused."""
        size = self.plan.sample_bytes
        if len(frame.payload) % size or len(frame.payload) > size * self.plan.max_samples:
            return frame.answer(refused=True)
        return frame.answer(self._classes(frame.payload))

    def _classes(self, payload: bytes) -> bytes:
        """Unpack the carried features of each sample, and classify them."""
        octets = np.frombuffer(payload, np.uint8).reshape(-1, self.plan.sample_bytes)
        bits = np.unpackbits(octets, axis=1, bitorder="little").astype(np.int64)
        features, codes, start = self._classifier.features, [], 0
        for width, signed in zip(features.width.tolist(), features.signed, strict=True):
            weights = 1 << np.arange(width)
            weights[-1] *= -1 if signed else 1
            codes.append(bits[:, start : start + width] @ weights)
            start += width
        return self._classifier.predict(np.stack(codes, axis=1)).astype(np.uint8).tobytes()


def _any_code(classifier: Classifier) -> Classifier:
    """Return the classifier for all codes that its bits can carry, as the hardware takes them."""
    width, signed = classifier.features.width.astype(np.int64), classifier.features.signed
    low = np.where(signed, -(1 << (width - 1)), 0)
    features = Features.integers(low, low + (1 << width) - 1)
    encoder = Thermometer(features, classifier.encoder.feature, classifier.encoder.threshold)
    return replace(classifier, encoder=encoder)
