"""The cases of the core's streams: idle or not, backpressure or not, and reset.

Run by lgn_sim.runner inside the simulator. Each case adds what it found to the job's results.
"""

from collections.abc import Sequence
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge
from numpy.typing import NDArray

from lgn_hw.circuit.header import CoreHeader
from lgn_hw.classifier import Classifier
from lgn_hw.samples import spread
from lgn_sim.bench import Bench, BrokenRule, Model, Transfer, compare, never
from lgn_sim.cases.parent import end_with_parent
from lgn_sim.cases.recorder import recorder
from lgn_sim.job import CaseResult, Job

__all__ = [
    "backpressure",
    "flowing",
    "idle",
    "idle_and_backpressure",
    "ready_held_low",
    "reset_in_mid_stream",
]

end_with_parent()
job = Job.from_environment(CoreHeader.from_json)
model = Model(Classifier.load(job.classifier), job.header)
with np.load(job.vectors) as arrays:
    vectors: NDArray[np.int64] = arrays["codes"]
# Spread evenly, so that every kind of vector is among the few too.
few_vectors = spread(vectors, job.few)
_case = recorder(job.results)


async def _transfer(
    bench: Bench, codes: NDArray[np.int64], *, idle: bool, backpressure: bool
) -> tuple[list[Transfer], list[Transfer]]:
    """Send samples and receive as many results; return both."""
    words = model.samples(codes)
    return await bench.exchange(words, len(codes), job.seed, idle=idle, backpressure=backpressure)


def _result(name: str, codes: NDArray[np.int64], received: Sequence[Transfer]) -> CaseResult:
    """Compare what was received with the model."""
    mismatches, first = compare(model.results(codes), [r.word for r in received], model)
    return CaseResult(name, len(received), mismatches, first)


async def _stream(dut: Any, name: str, *, idle: bool, backpressure: bool) -> CaseResult:
    bench = Bench(dut)
    await bench.start()
    sent, received = await _transfer(bench, few_vectors, idle=idle, backpressure=backpressure)
    result = _result(name, few_vectors, received)
    if not backpressure:
        _check_latency(sent, received)
    # A result that came twice would come within one latency; two leave a margin.
    if not await bench.sink.is_empty(2 * job.header.latency):
        raise BrokenRule("More results came than samples were sent")
    return result


def _check_latency(sent: Sequence[Transfer], received: Sequence[Transfer]) -> int:
    """Return the latency in cycles, which must be the declared one for every sample."""
    pairs = zip(sent, received, strict=True)
    measured = sorted({result.offered - sample.taken for sample, result in pairs})
    if measured != [job.header.latency]:
        raise BrokenRule(f"Latency must be {job.header.latency} cycles, not {measured}")
    return measured[0]


def _throughput(transfers: Sequence[Transfer]) -> float:
    """Return results per clock cycle, from the first to the last."""
    return len(transfers) / (transfers[-1].taken - transfers[0].taken + 1)


@_case
async def flowing(dut: Any) -> CaseResult:
    """Send every vector without a pause: one per cycle, each with the declared latency."""
    bench = Bench(dut)
    await bench.start()
    sent, received = await _transfer(bench, vectors, idle=False, backpressure=False)
    result = _result("flowing", vectors, received)
    throughput = min(_throughput(sent), _throughput(received))
    problem = None if throughput == 1 else f"Throughput must be 1 a cycle, not {throughput}"
    latency = _check_latency(sent, received)
    return CaseResult(
        result.name,
        result.vectors,
        result.mismatches,
        result.first,
        problem,
        latency_cycles=latency,
        throughput=throughput,
    )


@_case
async def idle(dut: Any) -> CaseResult:
    """Pause before samples."""
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
    """Take nothing for long: valid must rise without ready, and nothing may be lost."""
    bench = Bench(dut)
    await bench.start()
    # More samples than the pipeline holds, so that it stalls while it is full.
    codes = few_vectors[: job.header.latency + 3]
    source = cocotb.start_soon(bench.source.send(model.samples(codes), never()))
    for _ in range(2 * job.header.latency + 3):
        await RisingEdge(dut.clk)
    if str(dut.o_result__valid.value) != "1":
        raise BrokenRule("o_result.valid must not wait for o_result.ready")
    received = await bench.sink.receive(len(codes), never())
    await source
    return _result("ready_held_low", codes, received)


@_case
async def reset_in_mid_stream(dut: Any) -> CaseResult:
    """Reset with samples in flight: they are dropped, and the next ones are right."""
    bench = Bench(dut)
    await bench.start()
    source = cocotb.start_soon(bench.source.send(model.samples(few_vectors), never()))
    # Long enough that every stage holds a sample when reset comes.
    for _ in range(job.header.latency + 1):
        await RisingEdge(dut.clk)
    source.cancel()
    await bench.reset()
    if not await bench.sink.is_empty(2 * job.header.latency):
        raise BrokenRule("A result came out after reset that went in before it")
    _, received = await _transfer(bench, few_vectors, idle=True, backpressure=True)
    return _result("reset_in_mid_stream", few_vectors, received)
