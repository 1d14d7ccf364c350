"""The UART receives what was sent, also off-rate and with glitches, and counts broken bytes."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator
from link_bench import levels_of, received_by
from messages import telling

from lgn_hw.errors import UsageError
from lgn_hw.link.baud import BaudRate
from lgn_hw.link.gateware.uart import Receiver, Transmitter

BYTES = bytes([0x00, 0xFF, 0x55, 0xA5, 0x01, 0x80, *random.Random(0).randbytes(20)])


@pytest.mark.parametrize(
    ("clock_hz", "baud", "clocks", "percent"),
    [
        (12_000_000, 1_000_000, 12, 0.0),
        (12_000_000, 115_200, 104, 0.16),
        (27_000_000, 3_000_000, 9, 0),
    ],
)
def test_baud_rate_is_the_nearest_division(clock_hz, baud, clocks, percent):
    rate = BaudRate(clock_hz, baud)
    assert rate.clocks_per_bit == clocks
    assert round(100 * rate.error, 2) == percent


@pytest.mark.parametrize(
    ("clock_hz", "baud", "message"),
    [
        (
            12_000_000, 2_650_000,
            "... 2650000 ... -9.4 % off ... 12 MHz, ... 2 % ...; choose 2400000 or a lower one",
        ),
        (
            12_000_000, 6_000_000,
            "... 1 to 3000000 ... 12 MHz, ...not 6000000",
        ),
        (12_000_000, 0, "... 1 to 3000000 ... 12 MHz, ...not 0"),
    ],
)  # fmt: skip
def test_baud_rate_rejects_what_the_clock_cannot_give(clock_hz, baud, message):
    with pytest.raises(UsageError, match=telling(message)):
        BaudRate(clock_hz, baud)


@pytest.mark.parametrize("clocks_per_bit", [4, 5, 8, 12, 25])
def test_receiver_takes_bytes_back_to_back(clocks_per_bit):
    received = received_by(Receiver(clocks_per_bit), levels_of(BYTES, clocks_per_bit))
    assert bytes(received) == BYTES


@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_receiver_takes_a_sender_that_is_three_percent_off(factor):
    assert bytes(received_by(Receiver(12), levels_of(BYTES, 12 * factor))) == BYTES


def test_receiver_outvotes_a_glitch_in_every_bit():
    levels = levels_of(BYTES, 16)
    for middle in range(8, len(levels), 16):
        levels[middle] ^= 1
    assert bytes(received_by(Receiver(16), levels)) == BYTES


def test_receiver_ignores_a_glitch_on_the_idle_line():
    assert received_by(Receiver(16), [0, 0, 0] + [1] * 40 + levels_of(b"x", 16)) == [ord("x")]


def test_receiver_reports_a_missing_stop_bit_once_and_goes_on():
    broken = levels_of(b"\xff", 12)[:-12] + [0] * 12 + [1] * 24
    assert received_by(Receiver(12), broken + levels_of(b"ok", 12)) == [None, *b"ok"]
    a_break = [0] * 500 + [1] * 24
    assert received_by(Receiver(12), a_break + levels_of(b"ok", 12)) == [None, *b"ok"]


@pytest.mark.parametrize("clocks_per_bit", [4, 12])
def test_transmitter_is_understood_by_the_receiver(clocks_per_bit):
    m, received, todo = Module(), [], list(BYTES)
    m.submodules.sender = sender = Transmitter(clocks_per_bit)
    m.submodules.receiver = receiver = Receiver(clocks_per_bit)
    m.d.comb += receiver.i_rx.eq(sender.o_tx)

    async def bench(ctx):
        for _ in range((len(BYTES) + 2) * (10 * clocks_per_bit + 1)):
            ctx.set(sender.i_bytes.valid, bool(todo))
            ctx.set(sender.i_bytes.payload, todo[0] if todo else 0)
            if todo and ctx.get(sender.i_bytes.ready):
                todo.pop(0)
            await ctx.tick()
            if ctx.get(receiver.o_valid):
                received.append(ctx.get(receiver.o_byte))

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert bytes(received) == BYTES
