"""Cases of the AXI wrapper, run by cocotb inside the simulator; see test_hdl_wrappers.py.

The job is a JSON file named by LGN_AXI_JOB: samples and expected words, header, data_bits.
"""

import json
import os
import random
from itertools import chain, count, repeat
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from lgn_hw.hdl.header import CoreHeader
from lgn_hw.hdl.wrappers import REGISTERS, wrapper_latency

__all__ = ["CASES", "JOB_VARIABLE"]

JOB_VARIABLE = "LGN_AXI_JOB"
LIMIT = {"timeout_time": 200, "timeout_unit": "us"}  # of simulated time: 20 000 cycles
CASES = (
    "packets", "malformed", "registers", "stalls", "restart", "restart_in_a_packet", "latency",
)  # fmt: skip

if JOB_VARIABLE in os.environ:
    job = json.loads(Path(os.environ[JOB_VARIABLE]).read_text())
    header = CoreHeader(**job["header"])
    lanes = job["data_bits"] // 8
    sample_bytes, result_bytes = -(-header.sample_bits // 8), -(-header.result_bits // 8)
    samples = [word.to_bytes(sample_bytes, "little") for word in job["samples"]]
    expected = [word.to_bytes(result_bytes, "little") for word in job["expected"]]


class Bench:
    """A source, a sink and a master around the wrapper, and a watch over its master stream."""

    def __init__(self, dut):
        self.dut = dut
        signals = dut.aclk, dut.aresetn
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), *signals, False)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), *signals, False)
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), *signals, False)

    async def start(self):
        Clock(self.dut.aclk, 10, "ns").start()
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 3)
        self.dut.aresetn.value = 1
        await RisingEdge(self.dut.aclk)
        cocotb.start_soon(self._watch())

    async def results(self, amount):
        """Receive packets; without the bytes whose TKEEP is 0, so that their length tells it."""
        return [bytes((await self.sink.recv()).tdata) for _ in range(amount)]

    async def register(self, name, offset=0):
        return int.from_bytes((await self.master.read(REGISTERS[name] + offset, 4)).data, "little")

    async def restart(self):
        await self.master.write(REGISTERS["control"], (1).to_bytes(4, "little"))

    async def quiet(self):
        await ClockCycles(self.dut.aclk, 4 * header.latency + 20)
        return self.sink.empty()

    async def _watch(self):
        """A beat that waits must keep still."""
        waiting, dut = None, self.dut
        while True:
            await FallingEdge(dut.aclk)
            names = ("tdata", "tkeep", "tlast")
            beat = tuple(str(getattr(dut, f"m_axis_{name}").value) for name in names)
            offered = str(dut.m_axis_tvalid.value) == "1"
            assert waiting is None or (offered and beat == waiting), (waiting, offered, beat)
            waiting = beat if offered and str(dut.m_axis_tready.value) == "0" else None


def pauses(seed, share):
    rng = random.Random(seed)
    return (rng.random() < share for _ in count())


@cocotb.test(**LIMIT)
async def packets(dut):
    """Every sample is one packet, every result one, in order, under random stalls at both ends."""
    bench = Bench(dut)
    await bench.start()
    for into, out in ((0, 0), (0.4, 0), (0, 0.6), (0.3, 0.4)):
        bench.source.set_pause_generator(pauses(1, into))
        bench.sink.set_pause_generator(pauses(2, out))
        for sample in samples:
            await bench.source.send(sample)
        assert await bench.results(len(samples)) == expected
        assert await bench.quiet()
    assert await bench.register("samples") == await bench.register("results") == 4 * len(samples)
    assert await bench.register("malformed") == 0


@cocotb.test(**LIMIT)
async def malformed(dut):
    """Packets that are too short, too long or lack bytes are counted, and give no result."""
    bench = Bench(dut)
    await bench.start()
    bench.source.set_pause_generator(pauses(3, 0.3))
    bench.sink.set_pause_generator(pauses(4, 0.3))
    rng, wrong, right = random.Random(0), 0, []
    beats = -(-sample_bytes // lanes)
    for sample, result in zip(samples, expected, strict=True):
        kind = rng.choice(["right", "short", "long", "lacking", "padded"])
        packet = AxiStreamFrame(sample)
        if kind == "short":
            packet = AxiStreamFrame(sample[: rng.randrange(1, sample_bytes)])
        if kind == "long":
            packet = AxiStreamFrame(sample + bytes(lanes * (beats + rng.randrange(3))))
        if kind == "lacking":
            keep = [1] * sample_bytes
            keep[rng.randrange(sample_bytes)] = 0
            packet = AxiStreamFrame(sample, tkeep=keep)
        if kind == "padded":
            packet = AxiStreamFrame(sample.ljust(beats * lanes, b"\xff"))
        if kind in ("right", "padded"):
            right.append(result)
        else:
            wrong += 1
        await bench.source.send(packet)
    assert await bench.results(len(right)) == right
    assert await bench.quiet()
    assert wrong > 3
    assert await bench.register("malformed") == wrong
    assert await bench.register("samples") == len(right)


@cocotb.test(**LIMIT)
async def registers(dut):
    """Constants are as declared; what is not there or cannot be written answers SLVERR."""
    bench = Bench(dut)
    await bench.start()
    bench.master.write_if.aw_channel.set_pause_generator(pauses(5, 0.5))
    bench.master.write_if.w_channel.set_pause_generator(pauses(6, 0.5))
    bench.master.read_if.r_channel.set_pause_generator(pauses(7, 0.5))
    assert (await bench.master.read(REGISTERS["id"], 4)).data == b"LGN1"
    shape = ("latency", "sample_bits", "result_bits", "classes", "data_bits")
    values = [await bench.register(name) for name in shape]
    assert values == [
        header.latency, header.sample_bits, header.result_bits, header.classes, 8 * lanes,
    ]  # fmt: skip
    words = [await bench.register("digest", 4 * i) for i in range(8)]
    assert b"".join(w.to_bytes(4, "little") for w in words)[::-1].hex() == header.digest
    assert (await bench.master.read(0x50, 4)).resp == AxiResp.SLVERR
    assert (await bench.master.write(REGISTERS["id"], b"nope")).resp == AxiResp.SLVERR
    assert (await bench.master.write(REGISTERS["control"], bytes(4))).resp == AxiResp.OKAY
    assert (await bench.master.read(REGISTERS["id"], 4)).data == b"LGN1"
    assert await bench.register("control") == 0


@cocotb.test(**LIMIT)
async def stalls(dut):
    """While results are not taken, samples wait and the wait is counted; nothing is lost."""
    bench = Bench(dut)
    await bench.start()
    bench.sink.pause = True
    for sample in samples:
        await bench.source.send(sample)
    await ClockCycles(dut.aclk, 300)
    assert 100 < await bench.register("stalls") < 400
    assert 0 < await bench.register("samples") < len(samples)
    bench.sink.pause = False
    assert await bench.results(len(samples)) == expected


@cocotb.test(**LIMIT)
async def restart(dut):
    """A restart drops what is under way but for a result that is offered; the next is right."""
    bench = Bench(dut)
    await bench.start()
    bench.sink.pause = True
    for sample in samples[:4]:
        await bench.source.send(sample)
    await ClockCycles(dut.aclk, 60)
    assert await bench.register("samples") == 4
    await bench.restart()
    bench.sink.pause = False
    assert await bench.results(1) == expected[:1]
    assert await bench.quiet()
    assert (await bench.register("samples"), await bench.register("results")) == (0, 1)


@cocotb.test(**LIMIT)
async def restart_in_a_packet(dut):
    """A restart passes over the rest of a packet that has begun."""
    bench = Bench(dut)
    await bench.start()
    bench.source.set_pause_generator(chain([False], repeat(True)))
    await bench.source.send(bytes(lanes) + samples[0])
    await ClockCycles(dut.aclk, 10)
    await bench.restart()
    bench.source.clear_pause_generator()
    bench.source.pause = False
    for sample in samples:
        await bench.source.send(sample)
    assert await bench.results(len(samples)) == expected
    assert await bench.quiet()
    assert await bench.register("samples") == await bench.register("results") == len(samples)
    assert await bench.register("malformed") == 0


@cocotb.test(**LIMIT)
async def latency(dut):
    """From the acceptance of the first beat to the offer of the result's first."""
    bench = Bench(dut)
    await bench.start()
    await bench.source.send(samples[0])
    cycle, began = 0, None
    while True:
        await FallingEdge(dut.aclk)
        if began is None and str(dut.s_axis_tvalid.value) == str(dut.s_axis_tready.value) == "1":
            began = cycle
        if str(dut.m_axis_tvalid.value) == "1":
            break
        cycle += 1
    assert cycle - began == wrapper_latency(header, "axi", 8 * lanes)
