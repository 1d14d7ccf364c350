"""The core for bytes equals the classifier, and so do its parts."""

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.sim import Simulator
from amaranth_bench import codes_of
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import classifiers, random_classifier

from lgn_hw.link import BaudRate, LinkPlan, SampleFormat, packed_samples
from lgn_hw.link.gateware.compare import exceeds
from lgn_hw.link.gateware.core import ByteCore
from lgn_hw.link.gateware.intake import Intake
from lgn_hw.link.gateware.serial_argmax import SerialArgmax

RATE = BaudRate(4_000_000, 1_000_000)


def run(component, bench):
    m = Module()
    m.domains += ClockDomain("sync")
    m.submodules.dut = component
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def whole_samples(classifier, codes):
    """Return samples with all bits of all features, also those that no gate asks for."""
    features = classifier.features
    numbers = np.arange(len(features))
    return SampleFormat(numbers, np.zeros_like(numbers), features).pack(codes)


async def give(ctx, port, byte):
    ctx.set(port.i_byte, byte)
    ctx.set(port.i_valid, 1)
    await ctx.tick()
    ctx.set(port.i_valid, 0)


def test_exceeds_equals_greater_than():
    value, results = Signal(4), [Signal(name=f"above{c}") for c in range(20)]
    m = Module()
    m.d.comb += [result.eq(exceeds(value, c)) for c, result in enumerate(results)]

    async def bench(ctx):
        for number in range(16):
            ctx.set(value, number)
            assert [ctx.get(result) for result in results] == [number > c for c in range(20)]

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


@settings(deadline=None, max_examples=25)
@given(classifiers(), st.integers(0, 2**32 - 1))
def test_intake_equals_the_encoder(classifier, seed):
    codes = codes_of(classifier, 6, np.random.default_rng(seed))
    intake = Intake(classifier.encoder, list(range(classifier.encoder.num_bits)))
    found = []

    async def bench(ctx):
        for byte in whole_samples(classifier, codes):
            assert not ctx.get(intake.o_complete) or ctx.get(intake.o_between)
            await give(ctx, intake, byte)
            if ctx.get(intake.o_complete):
                found.append(ctx.get(intake.o_bits))

    run(intake, bench)
    bits = classifier.encoder.encode(codes)
    assert found == [sum(int(bit) << i for i, bit in enumerate(row)) for row in bits]
    assert len(found) * intake.sample_bytes == len(whole_samples(classifier, codes))


def test_intake_begins_again_at_a_start():
    classifier = random_classifier(1)
    codes = codes_of(classifier, 1, np.random.default_rng(0))
    intake = Intake(classifier.encoder, [0, 3])

    async def bench(ctx):
        await give(ctx, intake, 0xFF)
        assert not ctx.get(intake.o_between)
        ctx.set(intake.i_start, 1)
        await ctx.tick()
        ctx.set(intake.i_start, 0)
        for byte in whole_samples(classifier, codes):
            assert not ctx.get(intake.o_complete)
            await give(ctx, intake, byte)
        assert ctx.get(intake.o_complete)
        bits = classifier.encoder.encode(codes)[0]
        assert ctx.get(intake.o_bits) == int(bits[0]) | int(bits[3]) << 3

    run(intake, bench)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=6),
    st.sampled_from([1, 2, 4, 16]),
    st.integers(0, 2**32 - 1),
)
def test_tally_finds_the_class_in_the_declared_cycles(sizes, lanes, seed):
    rng = np.random.default_rng(seed)
    tally = SerialArgmax(sizes, lanes)
    rows = [[rng.integers(0, 2, size) for size in sizes] for _ in range(4)]

    async def bench(ctx):
        for row in rows:
            bits = np.concatenate(row)
            ctx.set(tally.i_votes, sum(int(bit) << i for i, bit in enumerate(bits)))
            ctx.set(tally.i_start, 1)
            await ctx.tick()
            ctx.set(tally.i_start, 0)
            for _ in range(tally.cycles - 1):
                assert not ctx.get(tally.o_done)
                await ctx.tick()
            assert ctx.get(tally.o_done)
            assert ctx.get(tally.o_class) == int(np.argmax([votes.sum() for votes in row]))

    run(tally, bench)


@settings(deadline=None, max_examples=25)
@given(classifiers(), st.integers(0, 2), st.integers(0, 2**32 - 1))
def test_core_equals_the_classifier_while_bytes_come_at_the_rate_of_the_link(
    classifier, levels_per_stage, seed
):
    codes = codes_of(classifier, 5, np.random.default_rng(seed))
    plan = LinkPlan(classifier, RATE, levels_per_stage)
    core, found, latencies = ByteCore(plan), [], []

    async def bench(ctx):
        since = 0
        for byte in packed_samples(classifier, codes) + bytes(2):
            await give(ctx, core, byte)
            since = 1 if ctx.get(core.o_between) else since + 1
            for _ in range(plan.cycles_per_byte - 1):
                if ctx.get(core.o_done):
                    found.append(ctx.get(core.o_class))
                    latencies.append(since)
                await ctx.tick()
                since += 1

    run(core, bench)
    assert found[: len(codes)] == classifier.predict(codes).tolist()
    if plan.sample_bytes > 2:
        assert set(latencies) == {core.latency}


@pytest.mark.parametrize("sizes", [{}, {"layers": (60, 400)}, {"layers": (60, 3000)}])
def test_plan_counts_so_many_votes_a_cycle_that_the_link_is_the_limit(sizes):
    plan = LinkPlan(random_classifier(1, **sizes), RATE)
    budget = 2 * plan.cycles_per_byte
    assert ByteCore(plan).latency <= budget
    assert plan.lanes == 1 or plan.counting_cycles(plan.lanes // 2) > budget - 16
