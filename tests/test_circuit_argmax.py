"""The argmax is numpy's: the first of the highest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import every_sample

from lgn_hw import evaluate
from lgn_hw.circuit.argmax import argmax_netlist, class_width


def bits_of(scores, width):
    return (scores[:, :, None] >> np.arange(width) & 1).astype(bool).reshape(len(scores), -1)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 2000), min_size=2, max_size=11),
    st.sampled_from([2, 4, 6]),
    st.integers(0, 2**32 - 1),
)
def test_argmax_chooses_the_lowest_class_on_ties(highest, lut_size, seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, highest, (300, len(highest)), endpoint=True)
    scores[100:] = np.minimum(scores[100:], scores.max(axis=1, keepdims=True)[100:] // 2)
    width = max(highest).bit_length() or 1
    netlist = argmax_netlist(highest, width, lut_size, scores=False)
    assert netlist.arity.max(initial=1) <= lut_size
    found = evaluate(netlist, bits_of(scores, width)) @ (1 << np.arange(class_width(len(highest))))
    assert np.array_equal(found, scores.argmax(axis=1))


@pytest.mark.parametrize("lut_size", [2, 4, 6])
def test_argmax_of_three_classes_is_exhaustively_right_and_passes_scores(lut_size):
    bits = every_sample(9)
    scores = bits.reshape(-1, 3, 3) @ np.array([1, 2, 4])
    found = evaluate(argmax_netlist([7] * 3, 3, lut_size, scores=True), bits)
    assert np.array_equal(found[:, :2] @ [1, 2], scores.argmax(axis=1))
    assert np.array_equal(found[:, 2:], bits)


@pytest.mark.parametrize(("classes", "width"), [(1, 1), (2, 1), (3, 2), (10, 4), (16, 4)])
def test_class_width_holds_every_class(classes, width):
    assert class_width(classes) == width


def test_argmax_looks_at_no_bit_that_a_score_never_has():
    # Class 1 has at most one vote, so that two of class 0's bits together decide for class 0.
    assert argmax_netlist([7, 1], 3, 6, scores=False).num_nodes == 1
