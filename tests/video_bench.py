"""Cases of the AXI4-Stream video wrapper, run by cocotb; see test_hdl_streaming_wrapper.py.

The job is a JSON file named by LGN_VIDEO_JOB: videos, each a list of beats [pixel, TUSER, TLAST]
and the results that they give, the first one of whole frames; latency, interval, the pixels of a
frame, and result_bits.
"""

import json
import os
import random
from itertools import count
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

__all__ = ["CASES", "JOB_VARIABLE"]

JOB_VARIABLE = "LGN_VIDEO_JOB"
LIMIT = {"timeout_time": 2, "timeout_unit": "ms"}  # of simulated time
CASES = ("videos", "rate", "ready_path", "reset_within_a_frame")

if JOB_VARIABLE in os.environ:
    job = json.loads(Path(os.environ[JOB_VARIABLE]).read_text())
    result_bytes = -(-job["result_bits"] // 8)


def pauses(seed, share):
    rng = random.Random(seed)
    return (rng.random() < share for _ in count())


class Bench:
    """A source and a sink around the wrapper, and a watch over their streams.

    taken: the cycles in which a pixel was; offered: those in which a packet's first beat was first.
    """

    def __init__(self, dut):
        self.dut, self.cycle, self.taken, self.offered = dut, 0, [], []

    async def start(self):
        dut = self.dut
        for name in ("s_axis_tvalid", "s_axis_tuser", "s_axis_tlast", "m_axis_tready"):
            getattr(dut, name).value = 0
        Clock(dut.aclk, 10, "ns").start()
        cocotb.start_soon(self._watch())
        await self.reset()
        # Without the reset: what the source has not sent when one comes is sent afterwards.
        video, results = (AxiStreamBus.from_prefix(dut, name) for name in ("s_axis", "m_axis"))
        self.source = AxiStreamSource(video, dut.aclk, byte_lanes=1)
        self.sink = AxiStreamSink(results, dut.aclk)

    async def reset(self):
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 3)
        self.dut.aresetn.value = 1
        # The zeros above the first frame.
        await ClockCycles(self.dut.aclk, 2 * job["interval"] + 20)

    async def send(self, beats):
        line = []
        for beat in beats:
            line.append(beat)
            if beat[2]:
                words, users, _ = (list(part) for part in zip(*line, strict=True))
                await self.source.send(AxiStreamFrame(words, tuser=users))
                line = []
        assert not line

    async def results(self, amount):
        packets = [bytes((await self.sink.recv()).tdata) for _ in range(amount)]
        assert {len(packet) for packet in packets} <= {result_bytes}
        return [int.from_bytes(packet, "little") for packet in packets]

    async def quiet(self):
        await ClockCycles(self.dut.aclk, 3 * job["interval"])
        return self.sink.empty()

    async def _watch(self):
        """A result that waits must keep still."""
        waiting, begins, dut = None, True, self.dut
        while True:
            await FallingEdge(dut.aclk)
            self.cycle += 1
            names = ("tdata", "tkeep", "tlast")
            beat = tuple(str(getattr(dut, f"m_axis_{name}").value) for name in names)
            offered = str(dut.m_axis_tvalid.value) == "1" and str(dut.aresetn.value) == "1"
            assert waiting is None or (offered and beat == waiting), (waiting, offered, beat)
            if offered and waiting is None and begins:
                self.offered.append(self.cycle)
            taken = str(dut.m_axis_tready.value) == "1"
            waiting = beat if offered and not taken and str(dut.aresetn.value) == "1" else None
            begins = beat[2] == "1" if offered and taken else begins
            if str(dut.s_axis_tvalid.value) == str(dut.s_axis_tready.value) == "1":
                self.taken.append(self.cycle)


@cocotb.test(**LIMIT)
async def videos(dut):
    """Every frame has its result in order, wrong ones their error, under pauses at both ends."""
    bench = Bench(dut)
    await bench.start()
    for video in job["videos"]:
        for into, out in ((0, 0), (0.4, 0), (0, 0.8), (0.3, 0.5)):
            bench.source.set_pause_generator(pauses(1, into))
            bench.sink.set_pause_generator(pauses(2, out))
            await bench.reset()
            await bench.send(video["beats"])
            assert await bench.results(len(video["results"])) == video["results"], video["name"]
            assert await bench.quiet()
            assert bench.source.empty()


@cocotb.test(**LIMIT)
async def rate(dut):
    """Frames follow each other, and results their last pixels, as declared."""
    bench = Bench(dut)
    await bench.start()
    video = job["videos"][0]
    await bench.send(video["beats"])
    assert await bench.results(len(video["results"])) == video["results"]
    pixels = job["pixels"]
    assert bench.offered[0] - bench.taken[pixels - 1] == job["latency"]
    starts = bench.taken[::pixels]
    assert starts[-1] - starts[-2] == job["interval"]


@cocotb.test(**LIMIT)
async def ready_path(dut):
    """No path leads from m_axis_tready to s_axis_tready without a register, full or not."""
    bench = Bench(dut)
    await bench.start()
    bench.sink.pause = True
    for _ in range(3):
        await bench.send(job["videos"][0]["beats"])
    for _ in range(12 * job["interval"]):
        await FallingEdge(dut.aclk)
        before = str(dut.s_axis_tready.value)
        dut.m_axis_tready.value = 1
        await Timer(1, "ns")
        assert str(dut.s_axis_tready.value) == before
        dut.m_axis_tready.value = 0
        await Timer(1, "ns")
    assert before == "0"  # all is full


@cocotb.test(**LIMIT)
async def reset_within_a_frame(dut):
    """What was under way is forgotten; the rest of its frame is passed over and not told."""
    bench = Bench(dut)
    await bench.start()
    video = job["videos"][0]
    for pixels in (1, job["pixels"] // 2, job["pixels"] + 3):
        await bench.reset()
        taken = len(bench.taken)
        await bench.send(video["beats"] * 2)
        while len(bench.taken) < taken + pixels:
            await RisingEdge(dut.aclk)
        bench.source.pause = True
        while str(dut.s_axis_tvalid.value) == "1":  # what is offered stays so until it is taken
            await RisingEdge(dut.aclk)
        await RisingEdge(dut.aclk)
        begun = -(-(len(bench.taken) - taken) // job["pixels"])
        await bench.reset()
        bench.source.pause = False
        left = (video["results"] * 2)[begun:]
        bench.sink.clear()
        assert await bench.results(len(left)) == left
        assert await bench.quiet()
