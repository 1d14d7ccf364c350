"""Compressor trees count, whatever the weights; votes are counted once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import every_sample, netlist
from strategies import classifiers, random_classifier

from lgn_hw import Classifier, Thermometer, UsageError, evaluate
from lgn_hw.circuit.heads.counters import CompressorTree
from lgn_hw.circuit.heads.head import score_width
from lgn_hw.circuit.votes import Votes
from lgn_hw.features import Features


def plain(sizes):
    """Return votes of weight one; class c has sizes[c] of them."""
    weight = np.repeat(np.eye(len(sizes), dtype=np.int32), sizes, axis=0)
    nets = np.arange(2, 2 + len(weight), dtype=np.int32)
    return Votes(nets, weight, np.zeros(len(sizes), np.int64))


def scores_of(votes, lut_size, bits):
    found = evaluate(CompressorTree(votes, lut_size).popcount(), bits)
    width = score_width(votes.highest.tolist())
    return found.reshape(len(bits), len(votes.offset), width) @ (1 << np.arange(width))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=4),
    st.sampled_from([4, 6]),
    st.integers(0, 2**32 - 1),
)
def test_popcount_counts_uneven_and_empty_classes(sizes, lut_size, seed):
    bits = np.random.default_rng(seed).random((50, sum(sizes))) < 0.5
    bits = np.concatenate([bits, np.zeros((1, sum(sizes)), bool), np.ones((1, sum(sizes)), bool)])
    expected = np.stack([part.sum(axis=1) for part in np.split(bits, np.cumsum(sizes)[:-1], 1)], 1)
    assert np.array_equal(scores_of(plain(sizes), lut_size, bits), expected)


@pytest.mark.parametrize("lut_size", [4, 6])
@pytest.mark.parametrize("size", range(1, 12))
def test_popcount_of_small_classes_is_exhaustively_right(size, lut_size):
    bits = every_sample(size)
    assert np.array_equal(scores_of(plain([size]), lut_size, bits)[:, 0], bits.sum(axis=1))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-3, 5), st.integers(-3, 5)), min_size=1, max_size=8),
    st.sampled_from([4, 6]),
)
def test_popcount_of_weights_is_exhaustively_right(weights, lut_size):
    weight = np.array(weights, np.int32)
    offset = -np.minimum(weight, 0).sum(axis=0).astype(np.int64) + [0, 3]
    votes = Votes(np.arange(2, 2 + len(weight), dtype=np.int32), weight, offset)
    bits = every_sample(len(weight))
    expected = bits.astype(int) @ weight + offset
    assert np.array_equal(scores_of(votes, lut_size, bits), expected)


@pytest.mark.parametrize(
    ("votes", "lut_size", "most"), [(150, 6, 147), (150, 4, 250), (1000, 6, 1000), (1000, 4, 1670)]
)
def test_popcount_costs_about_a_lut6_or_five_thirds_of_a_lut4_a_vote(votes, lut_size, most):
    tree = CompressorTree(plain([votes]), lut_size).popcount()
    assert tree.arity.max() <= lut_size
    assert tree.num_nodes <= most


def test_popcount_rejects_other_luts():
    with pytest.raises(UsageError, match=r"^LUTs have \[4, 6\] inputs here, not 5$"):
        CompressorTree(plain([3]), 5)


@pytest.mark.parametrize(("sizes", "width"), [([], 1), ([0], 1), ([1], 1), ([3, 4], 3), ([7], 3)])
def test_score_width_holds_every_vote(sizes, width):
    assert score_width(sizes) == width


def voting(outputs, group, fanin=(), table=(), classes=2):
    encoder = Thermometer(Features.integers([0] * 3, [1] * 3), np.arange(3), np.zeros(3, int))
    nets = netlist(3, fanin, table, outputs)
    return Classifier(encoder, nets, group, 1.0, [str(c) for c in range(classes)])


def test_votes_count_equal_outputs_once_and_constants_not_at_all():
    # Votes: x0 twice and constant 1 for class 0; not x1 (by an inverter) and constant 0 for 1.
    votes = Votes.of(voting([2, 2, 1, 5, 0], [0, 0, 0, 1, 1], [(3,)], [1]))
    assert votes.net.tolist() == [2, 3]
    assert votes.weight.tolist() == [[2, 0], [0, -1]]
    assert votes.offset.tolist() == [1, 1]
    assert votes.highest.tolist() == [3, 1]


def test_votes_of_a_net_and_its_inverse_are_a_constant():
    votes = Votes.of(voting([2, 5], [0, 0], [(2,)], [1]))
    assert (votes.net.tolist(), votes.offset.tolist()) == ([], [1, 0])


def test_votes_compared_leave_out_what_all_classes_share():
    # x0 votes for both classes, x1 for class 0; both have a constant, class 1 two.
    votes = Votes.of(voting([2, 2, 3, 1, 1, 1], [0, 1, 0, 0, 1, 1])).compared()
    assert votes.net.tolist() == [3]
    assert (votes.weight.tolist(), votes.offset.tolist()) == ([[1, 0]], [0, 1])


@settings(deadline=None, max_examples=80)
@given(classifiers(max_bits=6), st.booleans())
def test_votes_are_the_scores_or_differ_from_them_alike(classifier, compared):
    votes = Votes.of(classifier)
    votes = votes.compared() if compared else votes
    bits = every_sample(classifier.netlist.num_inputs)
    nets = evaluate(replace(classifier.netlist, outputs=votes.net), bits).astype(int)
    outputs = evaluate(classifier.netlist, bits).astype(int)
    scores = np.stack(
        [outputs[:, classifier.group == c].sum(axis=1) for c in range(classifier.num_classes)], 1
    )
    difference = nets @ votes.weight + votes.offset - scores
    assert (difference == difference[:, :1]).all()
    assert compared or not difference.any()


def test_votes_name_no_constants_and_none_twice():
    votes = Votes.of(random_classifier(1))
    assert (votes.net > 1).all()
    assert len(set(votes.net.tolist())) == len(votes.net)
