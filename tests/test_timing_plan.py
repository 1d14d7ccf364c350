"""Registers: the fewest for a clock, found exactly; the search asks nextpnr as little as it can."""

import gc
import re
from itertools import combinations, pairwise
from math import ceil

import numpy as np
import pytest
from amaranth_bench import codes_of, stream_results
from hypothesis import example, given, settings
from hypothesis import strategies as st
from messages import telling
from strategies import FOR_LUTS, MADE_FOR, classifiers, random_classifier

from lgn_hw import UsageError
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.hdl.core import ClassifierCore
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.timing.levels import Level, datapath_levels
from lgn_hw.timing.parts import DEVICES, Delays, find_part
from lgn_hw.timing.plan import (
    Placement,
    fewest_registers,
    least_latency,
    placements,
    registers_for,
)
from lgn_hw.timing.search import search_placements

DELAYS = Delays(register=1.0, lut=1.0, carry=0.1)


@st.composite
def datapaths(draw):
    """Draw the levels of two blocks; the last level must have registers."""
    levels = []
    for block in ("logic", "popcount"):
        for number in range(1, draw(st.integers(1, 4)) + 1):
            luts, carries = draw(st.sampled_from([0.5, 1, 2])), draw(st.integers(0, 9))
            bits, must = draw(st.integers(1, 20)), draw(st.booleans())
            levels.append(Level(block, number, luts, carries, bits, must))
    last = levels[-1]
    return [*levels[:-1], Level(last.block, last.number, last.luts, last.carries, last.bits, True)]


def stage_delay(stage):
    blocks = {level.block for level in stage}
    luts = sum(ceil(sum(lev.luts for lev in stage if lev.block == block)) for block in blocks)
    return DELAYS.path(luts, sum(level.carries for level in stage))


def every_placement(levels):
    """Try every set of places: yield (bits, period)."""
    must = {i for i, level in enumerate(levels, 1) if level.must}
    free = [i for i in range(1, len(levels) + 1) if i not in must]
    for count in range(len(free) + 1):
        for chosen in combinations(free, count):
            ends = sorted(must | set(chosen))
            stages = [levels[a:b] for a, b in pairwise([0, *ends])]
            yield sum(levels[i - 1].bits for i in ends), max(map(stage_delay, stages))


@settings(deadline=None, max_examples=60)
@given(datapaths(), st.floats(1, 12))
def test_fewest_registers_is_the_best_of_all_placements(levels, period):
    found = fewest_registers(levels, DELAYS, period)
    right = [bits for bits, slowest in every_placement(levels) if slowest <= period]
    assert (found is None) == (not right)
    if found is not None:
        assert (found.bits, found.period <= period) == (min(right), True)


# Two placements of one period, 1 + 2 + 4 x 0.1 and 1 + 1 + 14 x 0.1, that differ in the last digit.
ROUNDED = [
    Level("logic", 1, 0.5, 0, 1, False),
    Level("popcount", 1, 0.5, 4, 1, True),
    Level("popcount", 2, 0.5, 5, 1, False),
    Level("popcount", 3, 0.5, 9, 1, True),
]


@settings(deadline=None, max_examples=30)
@given(datapaths())
@example(ROUNDED)
def test_placements_are_those_that_no_other_beats(levels):
    found = placements(levels, DELAYS)
    # Sums of the same delays in another order may differ in their last digit, and are one period.
    every = [(bits, round(period, 9)) for bits, period in every_placement(levels)]
    best = {min(bits for bits, slowest in every if slowest <= period) for _, period in every}
    assert {placement.bits for placement in found} == best
    assert all(b.period < a.period for a, b in pairwise(found))


@settings(deadline=None, max_examples=20)
@given(classifiers(), st.booleans(), st.sampled_from(MADE_FOR), st.sampled_from(sorted(DEVICES)))
def test_levels_are_those_of_the_core(classifier, scores, made_for, part):
    levels = datapath_levels(classifier, CoreOptions(scores=scores, **made_for))
    core = ClassifierCore(classifier, CoreOptions(scores=scores, **made_for))
    for name, block in core.blocks.items():
        depth = max(1, block.stages.levels)
        assert [lev.number for lev in levels if lev.block == name] == list(range(1, depth + 1))
    for placement in placements(levels, DEVICES[part].delays):
        built = ClassifierCore(
            classifier, CoreOptions(registers=placement.registers, scores=scores, **made_for)
        )
        assert built.latency == placement.latency


@pytest.mark.parametrize("made_for", FOR_LUTS)
def test_levels_of_luts_count_the_flip_flops_that_are_built(made_for):
    classifier = random_classifier(2, layers=(60, 60, 60))
    levels = datapath_levels(classifier, CoreOptions(**made_for))
    for level in levels:
        registers = {"encoder": [1], "logic": [], "popcount": [], "argmax": []}
        depth = {name: max(lev.number for lev in levels if lev.block == name) for name in registers}
        registers["argmax"] = [depth["argmax"]]
        registers[level.block] = sorted({*registers[level.block], level.number})
        text = to_verilog(classifier, CoreOptions(registers=registers, **made_for))
        module = text[text.index(f"module \\classifier_core.{level.block} ") :]
        stage = registers[level.block].index(level.number)
        width = re.search(rf"reg \[(\d+):0\] (stage{stage}|held{level.number});", module)[1]
        assert int(width) + 1 == level.bits, level


def test_levels_of_luts_cost_half_of_what_their_nodes_do():
    classifier = random_classifier(2)
    for lut_size, slowest in ((4, 0.5), (6, 1)):
        levels = datapath_levels(classifier, CoreOptions(lut_size=lut_size))
        head = [level.luts for level in levels if level.block != "logic"]
        assert max(head) == slowest
        assert not any(level.carries for level in levels)
        # Parities of votes may follow the gates (see circuit.heads.parity); the gates stay as they
        # are.
        logic = [level.luts for level in levels if level.block == "logic"]
        gates = [level.luts for level in datapath_levels(classifier) if level.block == "logic"]
        assert logic[: len(gates)] == gates


def test_levels_leave_no_component_unused(recwarn):
    gc.collect()  # of earlier tests: Amaranth warns when such a component is collected
    recwarn.clear()
    datapath_levels(random_classifier(1))
    gc.collect()
    assert not recwarn.list


@pytest.mark.parametrize("made_for", MADE_FOR)
def test_least_latency_is_one_register_before_all_logic_and_one_after(made_for):
    classifier = random_classifier(3)
    levels = datapath_levels(classifier, CoreOptions(**made_for))
    placement = least_latency(levels, classifier.features.sample_width, DELAYS)
    core = ClassifierCore(classifier, CoreOptions(registers=placement.registers, **made_for))
    assert core.latency == placement.latency == 2
    assert [block.stages.after for block in core.blocks.values()] == [
        (0,), (), (), (core.argmax.stages.levels,),
    ]  # fmt: skip
    assert placement.bits == classifier.features.sample_width + 2
    codes = codes_of(classifier, 30, np.random.default_rng(0))
    accepted, received = stream_results(core, classifier.features.pack(codes))
    assert [word for _, word in received] == classifier.predict(codes).tolist()
    assert received[0][0] - accepted[0] == 2


def test_registers_for_rejects_a_clock_that_no_placement_meets():
    levels = [Level("logic", 1, 1, 0, 5), Level("argmax", 2, 2, 10, 1, must=True)]
    part = find_part("HX8K-ct256")
    fastest = 1000 / part.delays.path(2, 10)
    message = f"... 500 MHz on hx8k-ct256: ...level 2 of argmax ... {fastest:.1f} MHz"
    with pytest.raises(UsageError, match=telling(message)):
        registers_for(levels, part, 500)
    assert registers_for(levels, part, fastest - 0.1).registers == {"logic": [1], "argmax": [2]}


def test_find_part_rejects_an_unknown_part():
    message = f"The part ... {', '.join(DEVICES)}, not 'xc7a35t'"
    with pytest.raises(UsageError, match=telling(message)):
        find_part("xc7a35t")


@settings(deadline=None)
@given(st.integers(1, 12), st.floats(0.5, 2), st.floats(10, 400))
def test_search_finds_the_slowest_that_meets_the_clock(count, factor, clock):
    candidates = [Placement({"logic": [i]}, i, 100 / (i + 1)) for i in range(count)]
    reach = [10 * (i + 1) * factor for i in range(count)]
    tried = []

    def trial(candidate):
        tried.append(candidate.bits)
        return reach[candidate.bits]

    found = search_placements(candidates, clock, trial, most=count)
    right = next((c for c, fmax in zip(candidates, reach, strict=True) if fmax >= clock), None)
    assert found == right
    assert len(set(tried)) == len(tried) <= 4


def test_search_stops_after_so_many_trials():
    candidates = [Placement({}, i, 10 - i) for i in range(9)]
    tried = []
    assert search_placements(candidates, 1000, lambda c: tried.append(c) or 1.0, most=1) is None
    assert len(tried) == 1
