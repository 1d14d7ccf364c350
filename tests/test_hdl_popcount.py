"""The popcount counts, whatever the sizes of the classes."""

import random

import pytest
from amaranth_bench import pipeline_outputs
from hypothesis import given, settings
from hypothesis import strategies as st

from lgn_hw.circuit.heads.adders import AdderLayout
from lgn_hw.hdl.popcount import Popcount, score_width


def counted(sizes, word):
    scores = []
    for size in sizes:
        scores.append((word & ((1 << size) - 1)).bit_count())
        word >>= size
    return scores


def packed(scores, width):
    return sum(score << (width * number) for number, score in enumerate(scores))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 25), min_size=1, max_size=5),
    st.integers(0, 4),
    st.integers(0, 2**32 - 1),
)
def test_popcount_counts_uneven_and_empty_classes(sizes, levels_per_stage, seed):
    rng = random.Random(seed)
    words = [0, (1 << sum(sizes)) - 1, *(rng.getrandbits(sum(sizes)) for _ in range(20))]
    popcount = Popcount(AdderLayout(sizes), levels_per_stage)
    found = pipeline_outputs(popcount, popcount.i_votes, popcount.o_scores, words)
    assert found == [packed(counted(sizes, word), popcount.layout.width) for word in words]


@pytest.mark.parametrize("size", range(1, 9))
def test_popcount_of_small_classes_is_exhaustively_right(size):
    popcount = Popcount(AdderLayout([size]), 1)
    words = range(1 << size)
    found = pipeline_outputs(popcount, popcount.i_votes, popcount.o_scores, words)
    assert found == [word.bit_count() for word in words]


@pytest.mark.parametrize(
    ("sizes", "levels_per_stage", "latency"),
    [
        ([0], 1, 1),
        ([1, 1], 1, 1),
        ([3], 1, 1),
        ([4, 1], 1, 2),
        ([12], 1, 3),
        ([13], 1, 4),
        ([13], 2, 2),
        ([13], 0, 1),
    ],
)
def test_popcount_latency_is_one_level_for_triples_and_one_a_halving(
    sizes, levels_per_stage, latency
):
    popcount = Popcount(AdderLayout(sizes), levels_per_stage)
    assert popcount.latency == latency
    ones = (1 << sum(sizes)) - 1
    found = pipeline_outputs(popcount, popcount.i_votes, popcount.o_scores, [ones])
    assert found == [packed(sizes, popcount.layout.width)]


@pytest.mark.parametrize(("sizes", "width"), [([], 1), ([0], 1), ([1], 1), ([3, 4], 3), ([7], 3)])
def test_score_width_holds_every_vote(sizes, width):
    assert score_width(sizes) == width
