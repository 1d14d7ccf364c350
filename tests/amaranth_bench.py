"""Drive Amaranth components in Amaranth's own simulator."""

import random

from amaranth.hdl import ClockDomain, Module, Value
from amaranth.sim import Simulator

__all__ = ["codes_of", "pipeline_outputs", "stream_results"]


def codes_of(classifier, samples, rng):
    """Return random codes[samples, features] in the ranges of a classifier's features."""
    features = classifier.features
    return rng.integers(features.low, features.high, (samples, len(features)), endpoint=True)


def pipeline_outputs(block, port, output, words):
    """Give a word to `port` each clock cycle; return what `output` is `latency` cycles later."""
    outputs = []

    async def bench(ctx):
        for index in range(len(words) + block.latency):
            if index >= block.latency:
                outputs.append(int(ctx.get(Value.cast(output))))
            ctx.set(port, words[min(index, len(words) - 1)])
            await ctx.tick()

    _simulate(block, bench)
    return outputs


def stream_results(core, words, *, seed=0, idle=0.0, backpressure=0.0, reset_at=None):
    """Send words through a core; return [(accepted cycles), (received cycle, result word)].

    idle, backpressure: the probabilities of a pause in a cycle. reset_at: a cycle in which the
    core is reset; the words are then sent again from the first. Checks that a waiting result
    keeps still.
    """
    rng = random.Random(seed)
    accepted, received = [], []
    result = core.o_result.payload.as_value()

    async def bench(ctx):
        sent, offered, waiting, quiet, cycle = 0, False, None, 0, 0
        while quiet < 2 * core.latency + 4:
            offered = offered or (sent < len(words) and rng.random() >= idle)
            ready = rng.random() >= backpressure
            ctx.set(core.i_sample.valid, offered)
            ctx.set(core.i_sample.payload, words[sent] if offered else 0)
            ctx.set(core.o_result.ready, ready)
            valid, word = ctx.get(core.o_result.valid), int(ctx.get(result))
            assert waiting is None or (valid and word == waiting)
            waiting = word if valid and not ready else None
            if valid and ready:
                received.append((cycle, word))
            if offered and ctx.get(core.i_sample.ready):
                accepted.append(cycle)
                sent, offered = sent + 1, False
            quiet = 0 if sent < len(words) or waiting is not None else quiet + 1
            if cycle == reset_at:
                sent, offered, waiting = 0, False, None
                accepted.clear()
                received.clear()
                await reset(ctx)
            await ctx.tick()
            cycle += 1

    async def reset(ctx):
        ctx.set(core.i_sample.valid, 0)
        ctx.set(domain.rst, 1)
        await ctx.tick()
        ctx.set(domain.rst, 0)

    domain = ClockDomain("sync")
    _simulate(core, bench, domain)
    return accepted, received


def _simulate(component, bench, domain=None):
    # A domain of its own, because a block without any register would bring none.
    m = Module()
    m.domains += domain or ClockDomain("sync")
    m.submodules.dut = component
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
