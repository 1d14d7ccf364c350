"""Full adders of two-input gates count, whatever the weights, with as few adders as can be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import every_sample
from strategies import random_classifier
from test_circuit_heads_counters import plain

from lgn_hw import evaluate
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads.gates import GateTree
from lgn_hw.circuit.heads.head import score_width
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.circuit.votes import Votes
from lgn_hw.prove.counting import counting_fault


def scores_of(votes, bits):
    netlist = GateTree(votes, 2).popcount()
    assert netlist.arity.max(initial=1) <= 2
    width = score_width(votes.highest.tolist())
    return evaluate(netlist, bits).reshape(len(bits), -1, width) @ (1 << np.arange(width))


@pytest.mark.parametrize("size", range(1, 12))
def test_gates_of_small_classes_are_exhaustively_right(size):
    bits = every_sample(size)
    assert np.array_equal(scores_of(plain([size]), bits)[:, 0], bits.sum(axis=1))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_gates_count_uneven_and_empty_classes(sizes, seed):
    bits = np.random.default_rng(seed).random((50, sum(sizes))) < 0.5
    bits = np.concatenate([bits, np.zeros((1, sum(sizes)), bool), np.ones((1, sum(sizes)), bool)])
    expected = np.stack([part.sum(axis=1) for part in np.split(bits, np.cumsum(sizes)[:-1], 1)], 1)
    assert np.array_equal(scores_of(plain(sizes), bits), expected)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-3, 5), st.integers(-3, 5)), min_size=1, max_size=8))
def test_gates_of_weights_are_exhaustively_right(weights):
    weight = np.array(weights, np.int32)
    offset = -np.minimum(weight, 0).sum(axis=0).astype(np.int64) + [0, 3]
    votes = Votes(np.arange(2, 2 + len(weight), dtype=np.int32), weight, offset)
    bits = every_sample(len(weight))
    assert np.array_equal(scores_of(votes, bits), bits.astype(int) @ weight + offset)
    assert counting_fault(GateTree(votes, 2)) == ""


@pytest.mark.parametrize("votes", [3, 7, 15, 31, 63, 127])
def test_gates_take_a_full_adder_for_each_bit_that_goes_and_no_half_adder(votes):
    head = GateTree(plain([votes]), 2)
    adders = votes - votes.bit_length()
    assert [len(counter.inputs) for counter in head.counters[0]] == [3] * adders
    assert head.netlist().num_nodes == 5 * adders


def test_gates_add_the_latest_bit_last():
    # With the late bit past one XOR, a tree of 45 votes is not as deep as its adders in a row.
    assert GateTree(plain([45]), 2).netlist().depth <= 17


def test_gates_of_a_circuit_have_two_inputs_in_every_part():
    circuit = Circuit.of(
        random_classifier(3, layers=(40, 30), classes=5, arity=6), CoreOptions(lut_size=2)
    )
    for part in circuit.parts.values():
        assert part.arity.max(initial=1) <= 2


def test_an_inverse_vote_is_inverted_before_the_adders():
    votes = Votes(np.array([2, 3, 4]), np.array([[1], [-1], [1]], np.int32), np.array([1]))
    netlist = GateTree(votes, 2).netlist()
    inverters = (netlist.arity == 1) & (netlist.table == 0b01)
    assert np.flatnonzero(inverters).tolist() == [0]
