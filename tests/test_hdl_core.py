"""The core obeys the rules of streams, keeps its declared latency, and equals the classifier."""

import gc
import warnings
from dataclasses import replace

import numpy as np
import pytest
from amaranth_bench import codes_of, stream_results
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import telling
from strategies import FOR_LUTS, MADE_FOR, classifiers, random_classifier, registers_of

from lgn_hw import Netlist
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import UsageError
from lgn_hw.hdl.core import ClassifierCore


def results_of(core, classifier, codes):
    """Return the words that a core must give."""
    words = classifier.predict(codes).tolist()
    for c, column in enumerate(classifier.scores(codes).T.tolist() if core.options.scores else []):
        shift = core.class_bits + core.score_bits * c
        words = [word | score << shift for word, score in zip(words, column, strict=True)]
    return words


@settings(deadline=None, max_examples=25)
@given(
    classifiers(),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from([0.0, 0.4]),
    st.sampled_from([0.0, 0.4]),
    st.integers(0, 2**32 - 1),
)
def test_core_equals_software_under_pauses(classifier, levels, scores, idle, backpressure, seed):
    codes = codes_of(classifier, 40, np.random.default_rng(seed))
    core = ClassifierCore(classifier, CoreOptions(registers=levels, scores=scores))
    words = classifier.features.pack(codes)
    accepted, received = stream_results(
        core, words, seed=seed, idle=idle, backpressure=backpressure
    )
    assert [word for _, word in received] == results_of(core, classifier, codes)
    assert len(accepted) == len(words)


@settings(deadline=None, max_examples=25)
@given(classifiers(), st.booleans(), st.sampled_from(MADE_FOR), st.data())
def test_core_equals_software_wherever_registers_stand(classifier, scores, made_for, data):
    codes = codes_of(classifier, 20, np.random.default_rng(0))
    registers = data.draw(registers_of(classifier, scores=scores, **made_for))
    core = ClassifierCore(classifier, CoreOptions(registers=registers, scores=scores, **made_for))
    assert core.latency == sum(map(len, registers.values()))
    accepted, received = stream_results(
        core, classifier.features.pack(codes), backpressure=data.draw(st.sampled_from([0, 0.3]))
    )
    assert [word for _, word in received] == results_of(core, classifier, codes)
    assert received[0][0] - accepted[0] >= core.latency


@pytest.mark.parametrize(
    ("registers", "message"),
    [
        (
            {"argmax": [2]},
            "...encoder: before it (level 0) or after a level",
        ),
        (
            {"encoder": [1], "argmax": [1]},
            "...level 2 of argmax...",
        ),
        (
            {"encoder": [1], "argmax": [2], "head": []},
            "...encoder, logic, popcount, argmax, not in 'head'",
        ),
        (
            {"encoder": [1], "argmax": [2], "logic": [7]},
            "...levels 0 to 2, ...not [7]",
        ),
    ],
)
def test_core_rejects_registers_that_cannot_be(registers, message):
    with pytest.raises(UsageError, match=telling(message)):
        ClassifierCore(random_classifier(2), CoreOptions(registers=registers))


@settings(deadline=None, max_examples=20)
@given(classifiers(), st.sampled_from(FOR_LUTS), st.booleans(), st.integers(0, 3), st.data())
def test_core_of_luts_equals_software(classifier, made_for, scores, levels, data):
    codes = codes_of(classifier, 20, np.random.default_rng(0))
    core = ClassifierCore(classifier, CoreOptions(registers=levels, scores=scores, **made_for))
    pauses = {name: data.draw(st.sampled_from([0.0, 0.4])) for name in ("idle", "backpressure")}
    accepted, received = stream_results(core, classifier.features.pack(codes), **pauses)
    assert [word for _, word in received] == results_of(core, classifier, codes)
    assert received[0][0] - accepted[0] >= core.latency


def test_core_of_luts_takes_registers_after_any_level():
    classifier = random_classifier(2)
    registers = {"encoder": [1], "logic": [], "popcount": [2], "argmax": [1, 3]}
    whole = ClassifierCore(classifier, CoreOptions(lut_size=6))
    registers["argmax"].append(whole.argmax.stages.levels)
    core = ClassifierCore(classifier, CoreOptions(registers=registers, lut_size=6))
    codes = codes_of(classifier, 20, np.random.default_rng(0))
    accepted, received = stream_results(core, classifier.features.pack(codes))
    assert [word for _, word in received] == classifier.predict(codes).tolist()
    assert received[0][0] - accepted[0] == core.latency == 5


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("made_for", FOR_LUTS)
def test_core_of_constant_votes_is_a_constant(scores, made_for):
    own = random_classifier(2)
    nothing = Netlist(own.netlist.num_inputs, np.zeros((0, 6), int), [], [1, 0, 1])
    constant = replace(own, netlist=nothing, group=[2, 1, 2])
    core = ClassifierCore(constant, CoreOptions(scores=scores, **made_for))
    _, received = stream_results(core, constant.features.pack([[0] * 8, [15] * 8]))
    votes = sum(2 << (core.class_bits + core.score_bits * c) for c in [2] if scores)
    assert [word for _, word in received] == [2 | votes] * 2


@pytest.mark.parametrize("levels_per_stage", [0, 1, 2])
def test_core_takes_a_sample_each_cycle_and_its_declared_latency(levels_per_stage):
    classifier = random_classifier(2)
    codes = codes_of(classifier, 30, np.random.default_rng(0))
    core = ClassifierCore(classifier, CoreOptions(registers=levels_per_stage))
    accepted, received = stream_results(core, classifier.features.pack(codes))
    assert np.diff(accepted).tolist() == [1] * 29
    assert {out - into for into, (out, _) in zip(accepted, received, strict=True)} == {core.latency}


def test_core_latency_is_the_sum_of_its_blocks():
    core = ClassifierCore(random_classifier(2, layers=(60, 60, 60)), CoreOptions(registers=2))
    blocks = core.encoder, core.logic, core.popcount, core.argmax
    assert [block.latency for block in blocks] == [1, 2, 2, 1]
    assert core.latency == 6
    stream_results(core, [0])


def test_core_may_be_asked_for_its_latency_only():
    gc.collect()  # of earlier tests: Amaranth warns when such a component is collected
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert ClassifierCore(random_classifier(2)).latency == 5
        assert ClassifierCore(random_classifier(2), CoreOptions(lut_size=6)).latency > 5
        gc.collect()
    assert not said


def test_core_reset_forgets_the_samples_under_way():
    classifier = random_classifier(3)
    codes = codes_of(classifier, 30, np.random.default_rng(0))
    core = ClassifierCore(classifier, CoreOptions(registers=1))
    _, received = stream_results(
        core, classifier.features.pack(codes), backpressure=0.3, reset_at=core.latency + 2
    )
    assert [word for _, word in received] == results_of(core, classifier, codes)
