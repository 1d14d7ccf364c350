"""Drive Amaranth components in Amaranth's own simulator."""

import random

from amaranth.hdl import ClockDomain, Module, Value
from amaranth.sim import Simulator

__all__ = ["Receiver", "codes_of", "pipeline_outputs", "simulate", "stream_results"]


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

    simulate(block, bench)
    return outputs


class Receiver:
    """Take results from a core, pausing at random; a result that waits must keep still.

    received: (cycle, word) of each that was taken. waiting: the word that is offered, or None.
    """

    def __init__(self, core, rng, backpressure):
        self._stream, self._rng, self._backpressure = core.o_result, rng, backpressure
        self._word = core.o_result.payload.as_value()
        self.clear()

    def clear(self):
        """Forget all results, as the core does on reset."""
        self.received, self.waiting = [], None

    def choose(self, ctx):
        """Take a result in this cycle, or pause."""
        self._ready = self._rng.random() >= self._backpressure
        ctx.set(self._stream.ready, self._ready)

    def look(self, ctx, cycle):
        """Read the stream, once everything is set for this cycle."""
        valid, word = ctx.get(self._stream.valid), int(ctx.get(self._word))
        assert self.waiting is None or (valid and word == self.waiting)
        self.waiting = word if valid and not self._ready else None
        if valid and self._ready:
            self.received.append((cycle, word))


def stream_results(core, words, *, seed=0, idle=0.0, backpressure=0.0, reset_at=None):
    """Send words through a core; return [(accepted cycles), (received cycle, result word)].

    idle, backpressure: the probabilities of a pause in a cycle. reset_at: a cycle in which the
    core is reset; the words are then sent again from the first. Checks that a waiting result
    keeps still.
    """
    rng = random.Random(seed)
    accepted, receiver = [], Receiver(core, rng, backpressure)

    async def bench(ctx):
        sent, offered, quiet, cycle = 0, False, 0, 0
        while quiet < 2 * core.latency + 4:
            offered = offered or (sent < len(words) and rng.random() >= idle)
            receiver.choose(ctx)
            ctx.set(core.i_sample.valid, offered)
            ctx.set(core.i_sample.payload, words[sent] if offered else 0)
            receiver.look(ctx, cycle)
            if offered and ctx.get(core.i_sample.ready):
                accepted.append(cycle)
                sent, offered = sent + 1, False
            quiet = 0 if sent < len(words) or receiver.waiting is not None else quiet + 1
            if cycle == reset_at:
                sent, offered = 0, False
                accepted.clear()
                receiver.clear()
                await reset(ctx)
            await ctx.tick()
            cycle += 1

    async def reset(ctx):
        ctx.set(core.i_sample.valid, 0)
        ctx.set(domain.rst, 1)
        await ctx.tick()
        ctx.set(domain.rst, 0)

    domain = ClockDomain("sync")
    simulate(core, bench, domain)
    return accepted, receiver.received


def simulate(component, bench, domain=None):
    """Run a bench beside a component, in a clock domain that the bench may reset."""
    # A domain of its own, because a block without any register would bring none.
    m = Module()
    m.domains += domain or ClockDomain("sync")
    m.submodules.dut = component
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
