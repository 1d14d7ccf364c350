"""Requests and answers over a line that may lose, change or add bytes.

Every request may be asked twice, because a device answers without remembering: that makes loss and
damage a matter of waiting and asking again. Two requests are under way at most, so that the line is
busy while the device computes.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lgn_hw.errors import LgnError
from lgn_hw.link import ANSWER, MAX_PAYLOAD, OVERHEAD, Command, Frame, Parser

__all__ = ["LinkError", "LinkClient", "Transport"]

MAX_ANSWER = 512  # longer than any answer's payload
FILLING = bytes(MAX_PAYLOAD + 16)  # ends whatever frame the device is waiting for
WINDOW = 2  # requests under way: one being answered, one being sent
CRC_BYTES = 2  # of the request, before the data of an answer
MARGIN = 1.05  # both clocks may be 2 % off


class LinkError(LgnError):
    """A device that does not answer, answers wrongly for too long, or is gone.

    answered: the data of the requests that were answered before, in order.
    """

    exit_code = 4

    def __init__(self, message: str, answered: Sequence[bytes] = ()) -> None:
        super().__init__(message)
        self.answered = list(answered)


class Transport(Protocol):
    """A line to a device. Both methods raise OSError where it is gone."""

    def write(self, data: bytes) -> None:
        """Send all bytes."""

    def read(self, timeout: float) -> bytes:
        """Return what has arrived; wait at most so many seconds for the first byte."""


@dataclass
class _Pending:
    """A request without an answer yet: its place among the requests, and what must come back."""

    index: int
    frame: Frame
    answer_size: int


class LinkClient:
    """Ask a device, and ask again where an answer is missing, damaged or a refusal.

    name: of the device, for messages. timeout: seconds without an answer, beside the time that
    the bytes take at `baud`, after which it is asked again. retries: how often in a row without
    an answer before it is given up.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        name: str = "the device",
        baud: int = 1_000_000,
        timeout: float = 0.5,
        retries: int = 5,
    ) -> None:
        self.transport, self.name, self.baud = transport, name, baud
        self.timeout, self.retries = timeout, retries
        self.repeated = 0  # how many requests had to be asked again
        self._sequence = 0
        self._parser = Parser(MAX_ANSWER)

    def ask(self, command: Command, size: int) -> bytes:
        """Return the data of the answer to a request without payload; raises LinkError.

        size: of the data.
        """
        return self._ask_all(command, [b""], [size], None)[0]

    def classify(
        self,
        payloads: Sequence[bytes],
        samples: Sequence[int],
        progress: Callable[[int], None] | None = None,
    ) -> list[bytes]:
        """Return the classes of each payload, which has so many samples, one byte per sample.

        progress: is told how many samples have been answered. Raises LinkError, which has the
        classes of the first payloads.
        """
        return self._ask_all(Command.CLASSIFY, payloads, samples, progress)

    def _ask_all(
        self,
        command: Command,
        payloads: Sequence[bytes],
        sizes: Sequence[int],
        progress: Callable[[int], None] | None,
    ) -> list[bytes]:
        """Send a window of requests, and take their answers."""
        answered: list[bytes] = []
        pending: deque[_Pending] = deque()
        # Only failures in a row count: a line that loses a frame now and then is no reason to stop.
        failures = 0
        try:
            while len(answered) < len(payloads):
                self._send(command, payloads, sizes, len(answered), pending)
                found = self._receive(pending)
                if found:
                    answered += found
                    failures = 0
                    if progress is not None:
                        progress(sum(map(len, answered)))
                    continue
                failures += 1
                if failures > self.retries:
                    raise LinkError(self._silence(failures), answered)
                self.repeated += len(pending)
                pending.clear()
                self._find_way()
        except OSError as problem:
            raise LinkError(f"{self.name} is gone ({problem})", answered) from problem
        return answered

    def _send(
        self,
        command: Command,
        payloads: Sequence[bytes],
        sizes: Sequence[int],
        start: int,
        pending: deque[_Pending],
    ) -> None:
        """Send requests while the device can have another one under way (see docs/link.md)."""
        while (index := start + len(pending)) < len(payloads):
            length = OVERHEAD + len(payloads[index])
            if pending and (len(pending) == WINDOW or length < MARGIN * pending[-1].answer_size):
                return
            # An answer names the request by this number and by its CRC: a late answer to an earlier
            # request is told apart.
            self._sequence = (self._sequence + 1) % 256
            frame = Frame(self._sequence, command, payloads[index])
            pending.append(_Pending(index, frame, OVERHEAD + CRC_BYTES + sizes[index]))
            self.transport.write(frame.encode())

    def _receive(self, pending: deque[_Pending]) -> list[bytes]:
        """Wait for the answer to the first request; return the data of all that have come.

        Nothing is returned where it did not come, or is a refusal.
        """
        found: list[bytes] = []
        on_the_line = sum(OVERHEAD + len(p.frame.payload) + p.answer_size for p in pending)
        # A byte takes ten bits; the time for all that is on the line comes on top of the patience
        # for the device.
        deadline = time.monotonic() + self.timeout + 10 * on_the_line / self.baud
        while not found:
            left = deadline - time.monotonic()
            data = self.transport.read(left) if left > 0 else b""
            if not data:
                return []
            for frame in self._parser.feed(data):
                if not pending or not _answers(frame, pending[0]):
                    continue
                if frame.command != ANSWER | pending[0].frame.command:
                    return found  # refused
                pending.popleft()
                found.append(frame.payload[CRC_BYTES:])
        return found

    def _find_way(self) -> None:
        """Bring device and parser to a state in which the next frame is understood."""
        # Zeros are never a SYNC: a device in the middle of a frame takes them for the rest of it,
        # finds the CRC wrong, and waits for the next one.
        self.transport.write(FILLING)
        deadline = time.monotonic() + 2 * (self.timeout + 10 * len(FILLING) / self.baud)
        quiet = self.timeout + 10 * len(FILLING) / self.baud
        while time.monotonic() < deadline and self.transport.read(quiet / 4):
            pass
        self._parser = Parser(MAX_ANSWER)

    def _silence(self, failures: int) -> str:
        """Say that nothing answers, and what to look at."""
        return (
            f"{self.name} gave no valid answer {failures} times; check that the bitstream is loaded"
            f" (`lgn flash`), that the port is its UART, and that the baud rate is {self.baud}"
        )


def _answers(frame: Frame, pending: _Pending) -> bool:
    """Say whether a frame is the answer to a request, or refuses it.

    A refusal may carry another CRC: that of what has arrived of the request.
    """
    request = pending.frame
    if not frame.intact or frame.sequence != request.sequence:
        return False
    if frame.command != ANSWER | request.command:
        return frame.command & ANSWER > 0
    whole = len(frame.payload) == pending.answer_size - OVERHEAD
    return whole and frame.request_crc == request.crc
