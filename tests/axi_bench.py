"""Cases of the AXI wrapper, run by cocotb inside the simulator; see test_hdl_wrappers.py.

The job is a JSON file named by LGN_AXI_JOB: samples and expected words, header, data_bits.
"""

import json
import os
import random
from itertools import chain, count, pairwise, repeat
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

import lgn_hw
from lgn_hw.circuit.header import CoreHeader
from lgn_hw.hdl.wrappers import REGISTERS, wrapper_latency

__all__ = ["CASES", "JOB_VARIABLE"]

JOB_VARIABLE = "LGN_AXI_JOB"
LIMIT = {"timeout_time": 200, "timeout_unit": "us"}  # of simulated time: 20 000 cycles
CASES = (
    "packets", "rate", "malformed", "registers", "other_addresses", "strobes", "stalls",
    "ready_path", "restart", "restart_when_full", "restart_at_any_beat", "restart_in_a_packet",
    "restart_in_a_long_packet", "latency",
)  # fmt: skip

if JOB_VARIABLE in os.environ:
    job = json.loads(Path(os.environ[JOB_VARIABLE]).read_text())
    header = CoreHeader.from_json(job["header"])
    lanes = job["data_bits"] // 8
    sample_bytes, result_bytes = -(-header.sample_bits // 8), -(-header.result_bits // 8)
    samples = [word.to_bytes(sample_bytes, "little") for word in job["samples"]]
    expected = [word.to_bytes(result_bytes, "little") for word in job["expected"]]


class Bench:
    """A source, a sink and a master around the wrapper, and a watch over its streams.

    stalled: the cycles in which a beat of a sample waited. ends: those in which results ended.
    """

    def __init__(self, dut):
        self.dut = dut
        self.stalled, self.ends, self.cycle = 0, [], 0
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
            taken = str(dut.m_axis_tready.value) == "1"
            waiting = beat if offered and not taken else None
            self.stalled += (str(dut.s_axis_tvalid.value), str(dut.s_axis_tready.value)) == (
                "1",
                "0",
            )
            if offered and taken and str(dut.m_axis_tlast.value) == "1":
                self.ends.append(self.cycle)
            self.cycle += 1


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
    assert await bench.register("stalls") == bench.stalled > 0


@cocotb.test(**LIMIT)
async def rate(dut):
    """Results come as fast as the longer of the two packets lets them."""
    bench = Bench(dut)
    await bench.start()
    for sample in samples:
        await bench.source.send(sample)
    assert await bench.results(len(samples)) == expected
    period = max(-(-size // lanes) for size in (sample_bytes, result_bytes))
    assert {b - a for a, b in pairwise(bench.ends)} == {period}


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
    major, minor, patch = (int(part) for part in lgn_hw.__version__.split(".")[:3])
    assert await bench.register("version") == major << 16 | minor << 8 | patch
    # Eight reads under way at once.
    digest = (await bench.master.read(REGISTERS["digest"], 32)).data
    assert digest[::-1].hex() == header.digest


@cocotb.test(**LIMIT)
async def other_addresses(dut):
    """Every other address answers SLVERR and does nothing, written or read."""
    bench = Bench(dut)
    await bench.start()
    await bench.source.send(samples[0])
    assert await bench.results(1) == expected[:1]
    known = {*REGISTERS.values(), *range(0x20, 0x40, 4)}
    for address in range(0, 256, 4):
        wrong = address not in known
        read = await bench.master.read(address, 4)
        assert (read.resp == AxiResp.SLVERR) == wrong, hex(address)
        assert not (wrong and any(read.data)), hex(address)
        if address != REGISTERS["control"]:
            written = await bench.master.write(address, (1).to_bytes(4, "little"))
            assert written.resp == AxiResp.SLVERR, hex(address)
    assert (await bench.master.write(REGISTERS["control"], bytes(4))).resp == AxiResp.OKAY
    assert await bench.register("samples") == await bench.register("results") == 1


@cocotb.test(**LIMIT)
async def strobes(dut):
    """A restart needs the strobe of its byte; an answer waits until it is taken."""
    bench = Bench(dut)
    await bench.start()
    await bench.source.send(samples[0])
    assert await bench.results(1) == expected[:1]
    bench.master.write_if.b_channel.pause = True
    await FallingEdge(dut.aclk)
    dut.s_axi_bready.value = 0
    for strobe, address_first, left in ((0b1110, False, 1), (0b1110, True, 1), (0b0001, True, 0)):
        await _write_raw(dut, REGISTERS["control"], 1, strobe, address_first)
        for _ in range(4):
            assert (str(dut.s_axi_bvalid.value), str(dut.s_axi_bresp.value)) == ("1", "00")
            await FallingEdge(dut.aclk)
        dut.s_axi_bready.value = 1
        await FallingEdge(dut.aclk)
        dut.s_axi_bready.value = 0
        assert str(dut.s_axi_bvalid.value) == "0"
        assert await bench.register("samples") == left


async def _write_raw(dut, address, data, strobe, address_first):
    """Write with any strobes, which the master does not offer; no answer before both are there."""
    await FallingEdge(dut.aclk)
    dut.s_axi_wdata.value, dut.s_axi_wstrb.value, dut.s_axi_awaddr.value = data, strobe, address
    valid = [dut.s_axi_wvalid, dut.s_axi_awvalid]
    for channel in reversed(valid) if address_first else valid:
        assert str(dut.s_axi_bvalid.value) == "0"
        channel.value = 1
        await FallingEdge(dut.aclk)
        channel.value = 0
        await FallingEdge(dut.aclk)


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
    assert await bench.register("stalls") == bench.stalled


@cocotb.test(**LIMIT)
async def ready_path(dut):
    """No path leads from m_axis_tready to s_axis_tready without a register, full or not."""
    bench = Bench(dut)
    await bench.start()
    bench.sink.pause = True
    for sample in samples:
        await bench.source.send(sample)
    for _ in range(200):
        await FallingEdge(dut.aclk)
        before = str(dut.s_axis_tready.value)
        dut.m_axis_tready.value = 1
        await Timer(1, "ns")
        assert str(dut.s_axis_tready.value) == before
        dut.m_axis_tready.value = 0
        await Timer(1, "ns")


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
async def restart_when_full(dut):
    """What is held anywhere is dropped, but for the offered result; what follows is right."""
    bench = Bench(dut)
    await bench.start()
    bench.sink.pause = True
    for sample in samples:
        await bench.source.send(sample)
    await ClockCycles(dut.aclk, 300)
    beats = -(-sample_bytes // lanes)
    # One sample waits for the core, and the last beat of the next one for that one's place.
    gone = await bench.register("samples") + 1 + (beats > 1)
    await bench.restart()
    bench.sink.pause = False
    right = expected[:1] + expected[gone:]
    assert await bench.results(len(right)) == right
    assert await bench.quiet()
    assert await bench.register("samples") == len(right) - 1
    assert await bench.register("results") == len(right)
    assert await bench.register("malformed") == 0


@cocotb.test(**LIMIT)
async def restart_in_a_long_packet(dut):
    """A packet that is passed over already, being too long, is so to its end."""
    bench = Bench(dut)
    await bench.start()
    beats = -(-sample_bytes // lanes)
    await bench.source.send(bytes(lanes * (beats + 200)) + samples[0])
    await ClockCycles(dut.aclk, beats + 50)
    assert await bench.register("malformed") == 1
    await bench.restart()  # while its beats come, and while they do not
    bench.source.pause = True
    await ClockCycles(dut.aclk, 10)
    await bench.restart()
    bench.source.pause = False
    await bench.source.send(samples[1])
    assert await bench.results(1) == expected[1:2]
    assert await bench.quiet()
    assert await bench.register("malformed") == 0


@cocotb.test(**LIMIT)
async def restart_at_any_beat(dut):
    """Of packets that flow some are dropped, one after the other, and none is cut in two."""
    bench = Bench(dut)
    await bench.start()
    beats = -(-sample_bytes // lanes)
    for delay in range(beats + 1):
        for sample in samples[:20]:
            await bench.source.send(sample)
        await ClockCycles(dut.aclk, delay)
        await bench.restart()
        await bench.source.wait()
        await ClockCycles(dut.aclk, 4 * header.latency + 20)
        found = [bytes(bench.sink.recv_nowait().tdata) for _ in range(bench.sink.count())]
        cuts = [found[:n] == expected[:n] and found[n:] == expected[20 - len(found) + n : 20]
                for n in range(len(found) + 1)]  # fmt: skip
        assert any(cuts), (delay, found)
        assert len(found) > 5
        assert await bench.register("malformed") == 0


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
