"""The cases of a streaming core: pauses at both ends, wrong lengths, and reset.

Run by lgn_sim.runner inside the simulator. Each case adds what it found to the job's results.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import cocotb
import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.hdl.streaming.cycles import FRAMES
from lgn_hw.hdl.streaming.header import StreamHeader
from lgn_hw.samples import spread
from lgn_sim.bench import BrokenRule, Transfer, compare, never
from lgn_sim.cases.parent import end_with_parent
from lgn_sim.cases.recorder import recorder
from lgn_sim.frame_bench import FrameBench, FrameModel
from lgn_sim.job import CaseResult, Job

__all__ = [
    "backpressure",
    "flowing",
    "idle",
    "idle_and_backpressure",
    "ready_held_low",
    "reset_in_mid_frame",
    "wrong_lengths",
]

end_with_parent()
job = Job.from_environment(StreamHeader.from_json)
header, pixels = job.header, job.header.rows * job.header.columns
model = FrameModel(Classifier.load(job.classifier), header)
with np.load(job.vectors) as arrays:
    vectors: NDArray[np.int64] = arrays["codes"]
few_vectors = spread(vectors, job.few)
_case = recorder(job.results)


async def _transfer(
    bench: FrameBench, frames: Sequence[Sequence[int]], *, idle: bool, backpressure: bool
) -> tuple[list[Transfer], list[Transfer]]:
    """Send frames and receive as many results; return the pixels and the results."""
    words = model.transfers(frames)
    return await bench.exchange(words, len(frames), job.seed, idle=idle, backpressure=backpressure)


def _result(name: str, codes: NDArray[np.int64], received: Sequence[Transfer]) -> CaseResult:
    """Compare what was received with the model."""
    mismatches, first = compare(model.results(codes), [r.word for r in received], model)
    return CaseResult(name, len(received), mismatches, first)


async def _ends(bench: FrameBench) -> None:
    """See that nothing more comes."""
    if not await bench.sink.is_empty(bench.quiet):
        raise BrokenRule("More results came than frames were sent")


async def _stream(dut: Any, name: str, *, idle: bool, backpressure: bool) -> CaseResult:
    bench = FrameBench(dut, header)
    await bench.start()
    frames = model.frames(few_vectors)
    _, received = await _transfer(bench, frames, idle=idle, backpressure=backpressure)
    await _ends(bench)
    return _result(name, few_vectors, received)


def _measured(what: str, found: int, declared: int) -> int:
    """Return what was measured, which must be what the core declares."""
    if found != declared:
        raise BrokenRule(f"{what} must be {declared} cycles, not {found}")
    return found


@_case
async def flowing(dut: Any) -> CaseResult:
    """Send every frame without a pause, from rest: its times are those declared."""
    bench = FrameBench(dut, header)
    await bench.start()
    sent, received = await _transfer(bench, model.frames(vectors), idle=False, backpressure=False)
    result = _result("flowing", vectors, received)
    first, last, came = sent[0].taken, sent[pixels - 1].taken, received[0].offered
    latency = _measured("Latency from the last pixel", came - last, header.latency)
    _measured("Time from the first pixel to the result", came - first, header.frame)
    interval = None
    if len(vectors) >= FRAMES:  # after so many it is computed
        starts = [transfer.taken for transfer in sent[:: len(sent) // len(vectors)]]
        interval = _measured(
            "Time from a frame to the next",
            starts[FRAMES - 1] - starts[FRAMES - 2],
            header.interval,
        )
    return CaseResult(
        result.name,
        result.vectors,
        result.mismatches,
        result.first,
        latency_cycles=latency,
        interval_cycles=interval,
        throughput=None if interval is None else round(1 / interval, 9),
    )


@_case
async def idle(dut: Any) -> CaseResult:
    """Pause before pixels."""
    return await _stream(dut, "idle", idle=True, backpressure=False)


@_case
async def backpressure(dut: Any) -> CaseResult:
    """Pause before results are taken."""
    return await _stream(dut, "backpressure", idle=False, backpressure=True)


@_case
async def idle_and_backpressure(dut: Any) -> CaseResult:
    """Pause at both ends."""
    return await _stream(dut, "idle_and_backpressure", idle=True, backpressure=True)


@_case
async def ready_held_low(dut: Any) -> CaseResult:
    """Take nothing until pixels wait: valid must rise without ready, and nothing may be lost."""
    bench = FrameBench(dut, header)
    await bench.start()
    frames = model.frames(few_vectors)
    source = cocotb.start_soon(bench.source.send(model.transfers(frames), never()))
    await bench.wait(3 * bench.quiet)
    if str(dut.o_result__valid.value) != "1":
        raise BrokenRule("o_result.valid must not wait for o_result.ready")
    received = await bench.sink.receive(len(frames), never())
    await source
    return _result("ready_held_low", few_vectors, received)


@_case
async def wrong_lengths(dut: Any) -> CaseResult:
    """Cut frames and let them go on, between others: they are told, and shift nothing."""
    bench = FrameBench(dut, header)
    await bench.start()
    rng, frames = Random(job.seed), model.frames(few_vectors)
    expected = model.results(few_vectors)
    cut = []
    for number in range(0, len(frames), 2):
        frame = frames[number]
        if number % 4 == 0 and pixels > 1:
            cut.append(number)
            frames[number] = frame[: rng.randrange(1, pixels)]
        else:  # what goes on is classified by its first pixels
            frames[number] = frame + frame[: rng.randrange(1, pixels + 1)]
            expected[number] |= model.error
    _, received = await _transfer(bench, frames, idle=True, backpressure=True)
    await _ends(bench)
    got = [transfer.word for transfer in received]
    for number in cut:  # any class is right
        word = got[number]
        expected[number] = word if isinstance(word, int) and word & model.error else model.error
    mismatches, first = compare(expected, got, model)
    return CaseResult("wrong_lengths", len(received), mismatches, first)


@_case
async def reset_in_mid_frame(dut: Any) -> CaseResult:
    """Reset with frames under way: they are dropped, and the next ones are right."""
    bench = FrameBench(dut, header)
    await bench.start()
    frames = model.frames(few_vectors)
    source = cocotb.start_soon(bench.source.send(model.transfers(frames), never()))
    await bench.wait(header.interval + header.interval // 2 + 1)
    source.cancel()
    await bench.reset()
    if not await bench.sink.is_empty(bench.quiet):
        raise BrokenRule("A result came out after reset that went in before it")
    _, received = await _transfer(bench, frames, idle=True, backpressure=True)
    return _result("reset_in_mid_frame", few_vectors, received)
