"""Frames survive their way through noise, and damage never makes another frame of one."""

import itertools
import random

import pytest
from amaranth.lib.crc.catalog import CRC16_IBM_3740
from hypothesis import given
from hypothesis import strategies as st
from messages import telling

from lgn_hw.link.crc import crc_of, crc_step
from lgn_hw.link.frame import (
    ANSWER,
    MAX_PAYLOAD,
    OVERHEAD,
    REFUSED,
    SYNC,
    Command,
    Frame,
    Identity,
    Parser,
)

frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=40))


@given(st.binary(max_size=30))
def test_crc_is_that_of_the_catalogue_and_of_the_step(data):
    crc = 0xFFFF
    for byte in data:
        crc = crc_step(crc, byte)
    assert crc == crc_of(data) == CRC16_IBM_3740(8).compute(data)


def test_frame_has_the_bytes_of_the_documentation():
    assert Frame(7, Command.COUNTERS).encode().hex(" ") == "a5 07 04 00 00 2d 09 2d 09"
    encoded = Frame(1, Command.CLASSIFY, b"\x12\x34").encode()
    assert encoded[:5] + encoded[7:9] == b"\xa5\x01\x02\x02\x00\x12\x34"
    assert len(encoded) == OVERHEAD + 2


@given(st.lists(frames, max_size=4), st.randoms(use_true_random=False))
def test_parser_finds_frames_however_the_bytes_are_cut(sent, rng):
    data = b"".join(frame.encode() for frame in sent)
    parser, received = Parser(40), []
    while data:
        size = rng.randint(1, len(data))
        received += parser.feed(data[:size])
        data = data[size:]
    assert received == sent
    assert parser.damaged == 0


@given(st.binary(max_size=60), frames)
def test_parser_finds_a_frame_after_noise_and_filling(noise, frame):
    parser = Parser(40)
    noisy = parser.feed(noise + bytes(40 + OVERHEAD))
    assert not any(found.intact for found in noisy) or SYNC in noise
    assert parser.feed(frame.encode()) == [frame]


def test_parser_does_not_believe_a_longer_frame_than_there_can_be():
    parser = Parser(4)
    assert parser.feed(Frame(1, 2, bytes(5)).encode() + Frame(1, 2, bytes(4)).encode()) == [
        Frame(1, 2, bytes(4))
    ]
    assert parser.damaged == 1


def test_parser_gives_up_a_head_and_keeps_a_body_in_which_a_byte_is_missing():
    data, parser = Frame(9, 2, b"abcd").encode(), Parser(4)
    parser.feed(data[:3])
    parser.disturb()
    assert parser.feed(data[3:]) == []
    assert parser.damaged == 1
    parser.feed(data[:8])
    parser.disturb()
    (frame,) = parser.feed(data[8:])
    assert (frame.sequence, frame.intact, parser.damaged) == (9, False, 2)
    assert parser.feed(data) == [Frame(9, 2, b"abcd")]


def test_parser_never_takes_a_frame_with_up_to_three_flipped_bits_for_another():
    frame = Frame(3, Command.CLASSIFY, b"\x00\xff\x5a")
    data = int.from_bytes(frame.encode(), "big")
    bits = 8 * (OVERHEAD + 3)
    rng = random.Random(0)
    few = [flips for count in (1, 2) for flips in itertools.combinations(range(bits), count)]
    few += [tuple(rng.sample(range(bits), 3)) for _ in range(2000)]
    for flips in few:
        damaged = data ^ sum(1 << bit for bit in flips)
        found = Parser(MAX_PAYLOAD).feed(damaged.to_bytes(OVERHEAD + 3, "big"))
        assert not any(candidate.intact for candidate in found)


def test_parser_never_takes_a_burst_of_16_bits_for_another_frame():
    frame = Frame(3, Command.CLASSIFY, bytes(range(16)))
    data = int.from_bytes(frame.encode(), "big")
    bits = 8 * (OVERHEAD + 16)
    rng = random.Random(0)
    for _ in range(3000):
        burst = rng.randrange(1, 1 << 16) << rng.randrange(bits - 16)
        found = Parser(MAX_PAYLOAD).feed((data ^ burst).to_bytes(OVERHEAD + 16, "big"))
        assert not any(candidate.intact for candidate in found)


def test_answer_carries_the_crc_of_its_request():
    request = Frame(200, Command.CLASSIFY, b"sample")
    answer = request.answer(b"\x03")
    assert (answer.sequence, answer.command) == (200, ANSWER | Command.CLASSIFY)
    assert answer.request_crc == request.crc
    assert answer.payload[2:] == b"\x03"
    refusal = request.answer(b"\x03", refused=True)
    assert (refusal.command, len(refusal.payload)) == (ANSWER | REFUSED | Command.CLASSIFY, 2)


def test_identity_survives_packing_and_rejects_another_version():
    identity = Identity(98, 41, 10, 8, 300, 12_000_000, 1_000_000, "ab" * 32)
    data = identity.pack()
    assert Identity.unpack(data) == identity
    message = "...version 1 ...version 2"
    with pytest.raises(ValueError, match=telling(message)):
        Identity.unpack(b"\x01" + data[1:])
