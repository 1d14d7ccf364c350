"""The driver of a classifier on a board: samples in, classes out, over a serial port."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_boards.client import LinkClient, LinkError
from lgn_boards.ports import SerialTransport, serial_ports
from lgn_boards.simulated import PATIENCE, SimulatedBoard
from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.errors import UsageError
from lgn_hw.link import (
    COUNTERS_SIZE,
    IDENTITY_SIZE,
    Command,
    Identity,
    SampleFormat,
)

__all__ = ["Counters", "Device", "PredictError", "Rates"]

# A frame holds at most as many samples as take so long, so that progress and errors are prompt.
FRAME_SECONDS = 0.25


class PredictError(LinkError):
    """A batch that was not classified to its end; classes: int32 of the first samples."""

    def __init__(self, message: str, classes: NDArray[np.int32]) -> None:
        super().__init__(message)
        self.classes = classes


class Counters:
    """What a device has counted since its reset, each at most 255.

    damaged_frames: with a wrong CRC or a missing byte, or lost. framing_errors: bytes without a
    stop bit. failures: of the self-test.
    """

    def __init__(self, data: bytes) -> None:
        self.damaged_frames, self.framing_errors, self.failures = data


class Rates:
    """How fast a batch went, in samples per second: as measured, and what link and core allow.

    limit: which of the two is the lower one.
    """

    def __init__(self, samples: int, seconds: float, identity: Identity) -> None:
        self.measured = samples / seconds if seconds > 0 else 0.0
        self.link = identity.link_rate
        self.core = identity.clock_hz / identity.cycles
        self.limit = "link" if self.link < self.core else "core"


class Device:
    """A classifier on a board, or a simulated one. Use it as a context manager.

    identity: what it says of itself. rates: of the last batch, None before the first one.
    simulation: the board, where it is a simulated one.
    """

    def __init__(
        self, classifier: Classifier, client: LinkClient, close: Callable[[], None]
    ) -> None:
        """Ask for the identity; raises LinkError, and UsageError for another classifier."""
        self.classifier, self.client = classifier, client
        self.format = SampleFormat.of(classifier)
        self._close = close
        self.rates: Rates | None = None
        self.simulation: SimulatedBoard | None = None
        try:
            self.identity = Identity.unpack(client.ask(Command.IDENTIFY, IDENTITY_SIZE))
        except ValueError as problem:
            raise LinkError(f"{client.name}: {problem}") from None
        # Another classifier would answer classes all the same, which no check of frames could find.
        if self.identity.digest != classifier.digest:
            raise UsageError(
                f"{client.name} holds classifier {self.identity.digest[:16]}, not"
                f" {classifier.digest[:16]}; build and flash this one, or name its .lgn file"
            )

    @classmethod
    def open(
        cls,
        classifier: Classifier,
        port: str = "auto",
        *,
        baud: int = 1_000_000,
        timeout: float = 0.5,
    ) -> "Device":
        """Open the device on a serial port; `auto` tries every USB serial port.

        Raises LinkError where no device answers, UsageError where there is no such port or it
        holds another classifier.
        """
        if port != "auto":
            return cls._on(classifier, port, baud, timeout)
        ports = serial_ports()
        tried = []
        for name in ports:
            try:
                return cls._on(classifier, name, baud, timeout)
            except (LinkError, UsageError) as problem:
                tried.append(f"\n  {name}: {problem}")
        # Two different faults with two remedies: nothing is plugged in, or what is plugged in is
        # another device.
        if not ports:
            raise LinkError(
                "There is no USB serial port; connect the board, or name its port with --port"
            )
        raise LinkError(f"No USB serial port has this classifier:{''.join(tried)}")

    @classmethod
    def simulated(cls, classifier: Classifier, **options: Any) -> "Device":
        """Open a device that Amaranth simulates behind a pseudo-terminal: slow, and exact.

        options: those of simulated.SimulatedBoard.
        """
        board = SimulatedBoard(classifier, **options)
        try:
            device = cls._on(classifier, board.port, board.plan.rate.baud, PATIENCE, board.close)
        except BaseException:
            board.close()
            raise
        device.simulation = board
        return device

    @classmethod
    def _on(
        cls,
        classifier: Classifier,
        port: str,
        baud: int,
        timeout: float,
        close: Callable[[], None] = lambda: None,
    ) -> "Device":
        """Open one port and ask for the board's identity."""
        transport = SerialTransport(port, baud, timeout)

        def close_all() -> None:
            transport.close()
            close()

        try:
            client = LinkClient(transport, name=f"The device on {port}", baud=baud, timeout=timeout)
            return cls(classifier, client, close_all)
        except BaseException:
            transport.close()
            raise

    def predict(
        self, codes: ArrayLike, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.int32]:
        """Return int32[samples], the class of each of codes[samples, features].

        progress: is told how many samples are done. Raises ClassifierError as
        Classifier.predict does, and PredictError, which has the classes so far, where the
        device is lost.
        """
        checked = self.classifier.features.checked(codes)
        size, most = self.identity.sample_bytes, self._samples_a_frame()
        # All samples at once; frames are slices of these bytes.
        packed = self.format.pack(checked)
        payloads = [packed[i : i + most * size] for i in range(0, len(packed), most * size)]
        start = time.monotonic()
        try:
            counts = [len(payload) // size for payload in payloads]
            found = self.client.classify(payloads, counts, progress)
        except LinkError as problem:
            # Frames that were answered are kept: a long batch is not lost with its last frame.
            classes = _classes(problem.answered)
            self.rates = Rates(len(classes), time.monotonic() - start, self.identity)
            raise PredictError(
                f"{problem}; {len(classes):,} of {counted(len(checked), 'sample')} are classified",
                classes,
            ) from problem
        self.rates = Rates(len(checked), time.monotonic() - start, self.identity)
        return _classes(found)

    def self_test(self) -> Counters:
        """Run the device's self-test; raises LinkError."""
        return Counters(self.client.ask(Command.SELF_TEST, COUNTERS_SIZE))

    def counters(self) -> Counters:
        """Return what the device has counted; raises LinkError."""
        return Counters(self.client.ask(Command.COUNTERS, COUNTERS_SIZE))

    def close(self) -> None:
        """Close the port, and end a simulation."""
        self._close()

    def __enter__(self) -> "Device":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _samples_a_frame(self) -> int:
        """Return how many samples a frame holds at most, so that progress is seen."""
        # Ten bits a byte on a serial line: start, eight of data, stop.
        bytes_ = self.identity.baud / 10 * FRAME_SECONDS
        return max(1, min(self.identity.max_samples, int(bytes_ / self.identity.sample_bytes)))


def _classes(answers: list[bytes]) -> NDArray[np.int32]:
    """Return the classes of answers, a byte each."""
    return np.frombuffer(b"".join(answers), np.uint8).astype(np.int32)
