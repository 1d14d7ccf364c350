"""The frames of the link: their layout, encoded and parsed; docs/link.md shows every byte.

A frame has two CRCs, one of its head alone, because a damaged length would otherwise make the
receiver wait for bytes that never come. An answer repeats the CRC of its request: the host knows
that what was answered is what it had sent.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from lgn_hw.link.crc import crc_of

__all__ = [
    "ANSWER",
    "COUNTERS_SIZE",
    "IDENTITY_SIZE",
    "MAX_PAYLOAD",
    "OVERHEAD",
    "PROTOCOL_VERSION",
    "REFUSED",
    "SYNC",
    "Command",
    "Frame",
    "Identity",
    "Parser",
]

PROTOCOL_VERSION = 2
SYNC = 0xA5
ANSWER, REFUSED = 0x80, 0x40  # flags of the command byte
HEAD, OVERHEAD = 7, 9  # bytes before the payload; bytes that are not payload
# The CRC's polynomial is x + 1 times one of order 32,767. So, up to 32,767 bits that it covers, its
# own included, it finds every error of one, two or three bits, and every burst of 16 bits.
MAX_PAYLOAD = 4080
LAYOUT = struct.Struct("<BHHHHIII32s")  # of an Identity
# Bytes of data in the answers to IDENTIFY, and to SELF_TEST and COUNTERS.
IDENTITY_SIZE, COUNTERS_SIZE = LAYOUT.size, 3


class Command(IntEnum):
    """What the host asks for; an answer repeats it with the flag ANSWER."""

    IDENTIFY = 1
    CLASSIFY = 2
    SELF_TEST = 3
    COUNTERS = 4


@dataclass(frozen=True)
class Frame:
    """One frame; requests and answers have the same layout.

    sequence: chosen by the host, repeated in the answer. command: a Command, in answers with the
    flag ANSWER, and with REFUSED where the request was not carried out. payload: at most 65,535
    bytes; in answers the first two are the CRC of the request (see request_crc). intact: whether
    the CRC was right, in a frame that was received.
    """

    sequence: int
    command: int
    payload: bytes = b""
    intact: bool = True

    @property
    def crc(self) -> int:
        """The CRC over sequence, command, length and payload."""
        return crc_of(self._head() + self.payload)

    @property
    def request_crc(self) -> int:
        """The CRC of the request that this frame answers, as the device has received it."""
        return int.from_bytes(self.payload[:2], "little")

    def encode(self) -> bytes:
        """Return the frame's bytes, OVERHEAD more than its payload has.

        SYNC, head, the head's CRC, payload, CRC over head and payload; numbers have the low byte
        first.
        """
        head = self._head()
        head_crc = crc_of(head)
        return (
            bytes([SYNC])
            + head
            + head_crc.to_bytes(2, "little")
            + self.payload
            + crc_of(self.payload, head_crc).to_bytes(2, "little")
        )

    def answer(self, data: bytes = b"", *, refused: bool = False) -> "Frame":
        """Return the frame that answers this one; a refusal carries no data."""
        flags = ANSWER | REFUSED if refused else ANSWER
        crc = self.crc.to_bytes(2, "little")
        return Frame(self.sequence, self.command & 0x0F | flags, crc + (b"" if refused else data))

    def _head(self) -> bytes:
        """Return what the head's CRC covers: sequence, command and length."""
        return struct.pack("<BBH", self.sequence, self.command, len(self.payload))


class Parser:
    """Find the frames in a stream of bytes that may be damaged, as the gateware does.

    max_payload: a longer frame is not believed. damaged: how many heads and frames had a wrong
    CRC. Bytes that belong to no frame are skipped; a head that is not believed is skipped whole.
    """

    def __init__(self, max_payload: int) -> None:
        self.max_payload = max_payload
        self.damaged = 0
        self._taken = bytearray()  # from SYNC on; empty while none was seen
        self._disturbed = False

    def feed(self, data: bytes) -> list[Frame]:
        """Take some bytes; return the frames that they complete, those with a wrong CRC too.

        data: bytes as they come, in pieces of any size. Frames with a wrong CRC are among those
        returned (intact is False), because a device answers them with a refusal.
        """
        return list(self.frames_in(data))

    def frames_in(self, data: bytes) -> Iterator[Frame]:
        """Do as feed, but take no bytes behind a frame before the next one is asked for."""
        position = 0
        while position < len(data):
            if not self._taken:
                # Between frames, everything up to a SYNC is noise.
                position = data.find(SYNC, position)
                if position < 0:
                    return
            piece = data[position : position + self._missing()]
            position += len(piece)
            self._taken += piece
            if not self._missing():
                yield self._frame()

    def disturb(self) -> None:
        """Take note that a byte was received without a stop bit, and is missing.

        A head under way is given up. A frame whose head was right goes on, and is not intact.
        """
        if 0 < len(self._taken) < HEAD:
            self._taken.clear()
            self.damaged += 1
        self._disturbed = bool(self._taken)

    def _missing(self) -> int:
        """Return how many bytes the head or, once that is right, the frame lacks."""
        if len(self._taken) < HEAD:
            return HEAD - len(self._taken)
        if len(self._taken) == HEAD and not self._head_is_right():
            # What belongs to a damaged head is given up whole, as the gateware does: the two must
            # agree on every stream of bytes.
            self._taken.clear()
            self.damaged += 1
            # The byte after the damaged head may be a SYNC: nothing that follows has been taken.
            return HEAD
        return OVERHEAD + self._length() - len(self._taken)

    def _head_is_right(self) -> bool:
        """Say whether the bytes so far are a head with its CRC.

        A length above max_payload counts as wrong although its CRC is right.
        """
        crc = crc_of(bytes(self._taken[1:5])).to_bytes(2, "little")
        return self._taken[5:7] == crc and self._length() <= self.max_payload

    def _length(self) -> int:
        """Return the length that the head says."""
        return int.from_bytes(self._taken[3:5], "little")

    def _frame(self) -> Frame:
        """Return the frame that was taken, intact or not, and begin the next one."""
        taken, disturbed = bytes(self._taken), self._disturbed
        self._taken.clear()
        self._disturbed = False
        frame = Frame(taken[1], taken[2], taken[7:-2])
        intact = not disturbed and frame.crc.to_bytes(2, "little") == taken[-2:]
        self.damaged += not intact
        return frame if intact else Frame(taken[1], taken[2], taken[7:-2], intact=False)


@dataclass(frozen=True)
class Identity:
    """What a device says of itself; the data of the answer to IDENTIFY.

    sample_bytes: of a packed sample. max_samples: in one frame. vectors: of the self-test.
    cycles: clock cycles that the core takes for a sample. digest: of the classifier, in
    hexadecimal. clock_hz, baud: as built.
    """

    sample_bytes: int
    max_samples: int
    classes: int
    vectors: int
    cycles: int
    clock_hz: int
    baud: int
    digest: str

    @property
    def link_rate(self) -> float:
        """How many samples per second the link carries, in the longest frames."""
        return self.baud / 10 / (self.sample_bytes + OVERHEAD / self.max_samples)

    def pack(self) -> bytes:
        """Return the SIZE bytes that the device sends."""
        numbers = (self.sample_bytes, self.max_samples, self.classes, self.vectors)
        rates = (self.cycles, self.clock_hz, self.baud)
        return LAYOUT.pack(PROTOCOL_VERSION, *numbers, *rates, bytes.fromhex(self.digest))

    @staticmethod
    def unpack(data: bytes) -> "Identity":
        """Read what pack() gave; raises ValueError where it is of another version.

        data: of an answer to IDENTIFY, without the request's CRC in front.
        """
        if not data or data[0] != PROTOCOL_VERSION or len(data) != LAYOUT.size:
            raise ValueError(
                f"The device speaks version {data[0] if data else '?'} of the link, and this"
                f" lgn-hw speaks version {PROTOCOL_VERSION}"
            )
        _, *numbers, digest = LAYOUT.unpack(data)
        values = (*numbers, digest.hex())
        return Identity(*values)
