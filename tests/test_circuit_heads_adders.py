"""Adders count votes, as netlists and in words; what proofs compare a core with is right."""

import numpy as np
import pytest
from amaranth_bench import codes_of
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import every_sample
from strategies import classifiers

from lgn_hw import evaluate
from lgn_hw.circuit.heads.adders import AdderTree
from lgn_hw.circuit.votes import Votes
from lgn_hw.prove.carry_circuit import carry_circuit


def tree_of(sizes):
    """Return the adders of classes that take turns, as long as they have votes left."""
    group = [c for turn in range(max(sizes)) for c, size in enumerate(sizes) if turn < size]
    weight = np.eye(len(sizes), dtype=np.int32)[group]
    nets = np.arange(2, 2 + len(group), dtype=np.int32)
    return AdderTree(Votes(nets, weight, np.zeros(len(sizes), np.int64)), 4)


def scores_of(tree, bits):
    found = evaluate(tree.netlist(), bits).reshape(len(bits), -1, tree.width)
    return found @ (1 << np.arange(tree.width))


@pytest.mark.parametrize("size", range(1, 11))
def test_adders_of_one_class_are_exhaustively_right(size):
    bits = every_sample(size)
    assert np.array_equal(scores_of(tree_of([size]), bits)[:, 0], bits.sum(axis=1))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=4).filter(any), st.integers(0, 2**32 - 1))
def test_adders_count_uneven_and_empty_classes(sizes, seed):
    tree = tree_of(sizes)
    bits = np.random.default_rng(seed).random((50, sum(sizes))) < 0.5
    assert np.array_equal(scores_of(tree, bits), bits.astype(int) @ tree.votes.weight)


def test_adders_keep_a_record_of_every_sum():
    [[first, *_, last]] = tree_of([5]).counters
    assert [power for power, _ in first.inputs] == [0, 0, 0]
    assert [power for power, _ in first.outputs] == [0, 1]
    # Two numbers of two bits: the last adder's carry is the score's highest bit.
    assert [power for power, _ in last.inputs] == [1, 1, 1]
    assert [power for power, _ in last.outputs] == [1, 2]


@settings(deadline=None, max_examples=40)
@given(classifiers(), st.integers(0, 2**32 - 1))
def test_carry_circuit_is_the_classifier(classifier, seed):
    circuit = carry_circuit(classifier, scores=True)
    codes = codes_of(classifier, 50, np.random.default_rng(seed))
    words, width = classifier.features.pack(codes), classifier.features.sample_width
    bits = np.array([[word >> i & 1 for i in range(width)] for word in words], bool)
    found = evaluate(circuit.whole, bits)
    number, votes = found[:, : circuit.class_bits], found[:, circuit.class_bits :]
    votes = votes.reshape(len(codes), -1, circuit.score_bits)
    scores = votes @ (1 << np.arange(circuit.score_bits))
    assert np.array_equal(scores, classifier.scores(codes))
    assert np.array_equal(number @ (1 << np.arange(circuit.class_bits)), classifier.predict(codes))
