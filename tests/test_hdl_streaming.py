"""The streaming core: every frame's result, whatever pauses, cuts and resets there are."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from amaranth_bench import codes_of
from conv_bench import conv_classifiers, random_conv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streaming_bench import frame_results, pixels_of, words_of

from lgn_hw import UsageError
from lgn_hw.convolution import Kernels
from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.cycles import frame_cycles

SCORES = StreamingOptions(scores=True)
SHAPES = {
    "no padding": {},
    "one channel, one kernel": {"planes": 1, "layers": ({"kernels": 1},), "classes": 2},
    "padding": {"layers": ({"kernels": 4, "padding": 1},)},
    "wide padding": {"shape": (1, 3, 4), "layers": ({"kernels": 4, "padding": 2},)},
    "stride": {"shape": (1, 7, 9), "layers": ({"kernels": 4, "padding": 1, "stride": 2},)},
    "stride past the last pixels": {"shape": (1, 6, 8), "layers": ({"kernels": 4, "stride": 2},)},
    "pool": {"shape": (3, 6, 9), "planes": 4, "layers": ({"kernels": 6, "padding": 1, "pool": 3},)},
    "two layers": {
        "shape": (2, 8, 8),
        "layers": (
            {"kernels": 5, "padding": 1, "pool": 2},
            {"kernels": 4, "padding": 1, "fan_in": 4, "pool": 2},
        ),
    },
    "two of one rate": {
        "layers": ({"kernels": 3, "size": 1, "levels": 1}, {"kernels": 4, "padding": 1}),
    },
    "dense layers": {"layers": ({"kernels": 3, "padding": 1},), "dense": (30, 12), "classes": 3},
    "bits that are missing": {"layers": ({"kernels": 4, "padding": 1},), "missing": 0.4},
    "signed": {"low": -8, "high": 7, "layers": ({"kernels": 4, "padding": 1},)},
    "one pixel": {"shape": (1, 1, 1), "layers": ({"kernels": 4, "size": 2, "padding": 1},)},
}  # fmt: skip
FLOWS = [(0, 0), (0.4, 0), (0, 0.8), (0.3, 0.5)]


def frames_of(classifier, count, seed=1):
    return codes_of(classifier, count, np.random.default_rng(seed))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("idle", "backpressure"), FLOWS)
def test_every_frame_has_the_classifiers_scores(shape, idle, backpressure):
    classifier = random_conv(7, **SHAPES[shape])
    codes = frames_of(classifier, 4)
    core = StreamingCore(classifier, SCORES)
    _, found = frame_results(
        core, pixels_of(classifier, codes), idle=idle, backpressure=backpressure
    )
    expected = words_of(core, classifier.scores(codes))
    assert [word for _, word in found] == expected


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(conv_classifiers(max_side=5), st.integers(0, 2), st.integers(0, 99))
def test_random_networks_in_time_are_the_netlist(classifier, registers, seed):
    codes = frames_of(classifier, 3, seed)
    core = StreamingCore(classifier, StreamingOptions(registers, scores=True))
    flow = FLOWS[seed % len(FLOWS)]
    _, found = frame_results(
        core, pixels_of(classifier, codes), seed=seed, idle=flow[0], backpressure=flow[1]
    )
    assert [word for _, word in found] == words_of(core, classifier.scores(codes))


TWO = SHAPES["two layers"]


@pytest.mark.parametrize("reset_at", [3, 40, 64, 90, 150])
def test_a_reset_within_frames_forgets_them(reset_at):
    classifier = random_conv(7, **TWO)
    codes = frames_of(classifier, 3)
    core = StreamingCore(classifier, SCORES)
    _, found = frame_results(core, pixels_of(classifier, codes), reset_at=reset_at)
    assert [word for _, word in found] == words_of(core, classifier.scores(codes))


@pytest.mark.parametrize(("idle", "backpressure"), FLOWS)
@pytest.mark.parametrize(
    "lengths", [[1, 48, 48], [48, 47, 48], [48, 49, 48], [90, 30, 48], [20, 60, 48]]
)
def test_a_frame_of_wrong_length_is_told_and_shifts_no_other(lengths, idle, backpressure):
    classifier = random_conv(9, shape=(1, 6, 8), layers=({"kernels": 4, "padding": 1, "pool": 2},))
    codes = frames_of(classifier, 3)
    frames = pixels_of(classifier, codes)
    sent = [(frame * 2)[:length] for frame, length in zip(frames, lengths, strict=True)]
    core = StreamingCore(classifier, SCORES)
    _, found = frame_results(core, sent, idle=idle, backpressure=backpressure)
    words = words_of(core, classifier.scores(codes))
    top = len(core.o_result.payload.as_value()) - 1
    assert [word >> top for _, word in found] == [length != 48 for length in lengths]
    for (_, word), expected, length in zip(found, words, lengths, strict=True):
        if length >= 48:  # a long one is classified by its first pixels
            assert word & ((1 << top) - 1) == expected
    assert len(found) == 3


def test_frames_follow_each_other_without_a_bubble_where_nothing_is_padded():
    classifier = random_conv(7, **SHAPES["no padding"])
    accepted, found = frame_results(
        StreamingCore(classifier), pixels_of(classifier, frames_of(classifier, 5))
    )
    assert [cycle - accepted[0] for cycle in accepted] == list(range(5 * 30))
    assert {b - a for (a, _), (b, _) in pairwise(found)} == {30}


def test_classifiers_without_the_form_are_refused():
    from strategies import random_classifier

    with pytest.raises(UsageError, match=r"^The classifier has no convolutional form"):
        StreamingCore(random_classifier(0))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cycles_of_a_frame_are_those_computed(shape):
    classifier = random_conv(7, **SHAPES[shape])
    frames = pixels_of(classifier, frames_of(classifier, 4))
    core = StreamingCore(classifier, StreamingOptions(registers=1))
    cycles, pixels = frame_cycles(core), len(frames[0])
    accepted, _ = frame_results(core, frames)
    assert accepted[3 * pixels] - accepted[2 * pixels] == cycles.interval
    accepted, found = frame_results(
        StreamingCore(classifier, StreamingOptions(registers=1)), frames[:1], start=200
    )
    assert found[0][0] - accepted[-1] == cycles.latency
    assert found[0][0] - accepted[0] == cycles.frame
    assert cycles.frames_per_s(12) == 12e6 / cycles.interval


def test_lines_of_before_a_reset_are_in_no_window():
    # Ones everywhere, and a kernel that is 1 where its upper left corner is.
    section = random_conv(1, (1, 3, 4), 1, ({"kernels": 2, "padding": 1},)).convolution
    corner = Kernels(
        3, 1, 1, [[0, 0, 0, 0]] * 2, 2, np.array([0b1000] * 4 + [0b1000, 0b0111], np.uint64)
    )
    form = replace(section, layers=(corner,))
    classifier = random_conv(1, (1, 3, 4), 1, ({"kernels": 2, "padding": 1},))
    classifier = replace(classifier, netlist=form.expand(), convolution=form)
    codes = np.full((2, 12), 15)
    core = StreamingCore(classifier, SCORES)
    _, found = frame_results(core, pixels_of(classifier, codes), reset_at=32)
    assert [word for _, word in found] == words_of(core, classifier.scores(codes))
