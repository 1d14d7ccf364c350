"""The argmax is numpy's: the first of the highest."""

import numpy as np
import pytest
from amaranth_bench import pipeline_outputs
from hypothesis import given, settings
from hypothesis import strategies as st

from lgn_hw.hdl.argmax import Argmax, class_width


def packed(scores, width):
    return [sum(int(s) << (width * c) for c, s in enumerate(row)) for row in scores]


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 11), st.integers(1, 5), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_argmax_chooses_the_lowest_class_on_ties(classes, width, levels_per_stage, seed):
    scores = np.random.default_rng(seed).integers(0, 1 << width, (40, classes))
    argmax = Argmax(classes, width, levels_per_stage)
    words = packed(scores, width)
    found = pipeline_outputs(argmax, argmax.i_scores, argmax.o_class, words)
    assert found == scores.argmax(axis=1).tolist()


@pytest.mark.parametrize("levels_per_stage", [0, 1, 2])
def test_argmax_passes_the_scores_of_the_same_sample(levels_per_stage):
    scores = np.random.default_rng(1).integers(0, 8, (20, 5))
    argmax = Argmax(5, 3, levels_per_stage, scores=True)
    words = packed(scores, 3)
    assert pipeline_outputs(argmax, argmax.i_scores, argmax.o_scores, words) == words


@pytest.mark.parametrize(
    ("classes", "levels_per_stage", "latency"),
    [(2, 1, 1), (3, 1, 2), (10, 1, 4), (10, 3, 2), (10, 0, 1)],
)
def test_argmax_latency_is_one_level_a_halving(classes, levels_per_stage, latency):
    argmax = Argmax(classes, 2, levels_per_stage)
    assert argmax.latency == latency
    highest_is_last = 3 << (2 * (classes - 1))
    found = pipeline_outputs(argmax, argmax.i_scores, argmax.o_class, [highest_is_last])
    assert found == [classes - 1]


@pytest.mark.parametrize(("classes", "width"), [(1, 1), (2, 1), (3, 2), (10, 4), (16, 4)])
def test_class_width_holds_every_class(classes, width):
    assert class_width(classes) == width
