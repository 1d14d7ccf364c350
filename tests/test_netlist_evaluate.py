"""The packed evaluator equals the node-by-node reference, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import telling
from strategies import netlists

from lgn_hw import Netlist, NetlistError, evaluate, evaluate_reference
from lgn_hw.netlist.evaluate import pack_samples, unpack_samples
from lgn_hw.netlist.order import group_nodes, order_nodes


def every_sample(inputs):
    return (np.arange(1 << inputs)[:, None] >> np.arange(inputs)) & 1 == 1


def test_reference_reads_a_table_at_the_index_of_its_inputs():
    mux = Netlist(3, [[2, 3, 4, 0, 0, 0]], np.array([0b11001010], np.uint64), [5])
    bits = every_sample(3)
    expected = np.where(bits[:, 2], bits[:, 1], bits[:, 0])
    assert (evaluate_reference(mux, bits)[:, 0] == expected).all()


@given(netlists(max_inputs=8, max_nodes=30), st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_packed_evaluation_equals_the_reference(netlist, samples, seed):
    bits = np.random.default_rng(seed).random((samples, netlist.num_inputs)) < 0.5
    assert (evaluate(netlist, bits) == evaluate_reference(netlist, bits)).all()


@given(netlists(max_inputs=7, max_nodes=20))
def test_packed_evaluation_equals_the_reference_exhaustively(netlist):
    bits = every_sample(netlist.num_inputs)
    assert (evaluate(netlist, bits) == evaluate_reference(netlist, bits)).all()


def test_all_sixteen_gates_are_their_tables():
    gates = Netlist(
        2, np.tile([2, 3, 0, 0, 0, 0], (16, 1)), np.arange(16, dtype=np.uint64), np.arange(4, 20)
    )
    expected = (np.arange(16)[None, :] >> np.arange(4)[:, None]) & 1 == 1
    assert (evaluate(gates, every_sample(2)) == expected).all()


@given(netlists(max_inputs=7, max_nodes=30))
def test_order_nodes_keeps_the_function_and_is_idempotent(netlist):
    ordered = order_nodes(netlist)
    bits = every_sample(netlist.num_inputs)
    assert (evaluate_reference(ordered, bits) == evaluate_reference(netlist, bits)).all()
    again = order_nodes(ordered)
    assert (again.fanin == ordered.fanin).all()
    assert (again.table == ordered.table).all()


def test_order_nodes_sorts_by_level_inputs_and_table():
    # Before: an OR of the first AND, the AND, an inverter, an AND. After: level, arity, table.
    nets = Netlist(
        2,
        [[2, 3, 0, 0, 0, 0], [4, 2, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0], [3, 2, 0, 0, 0, 0]],
        np.array([8, 14, 1, 6], np.uint64),
        [5, 6],
    )
    ordered = order_nodes(nets)
    assert ordered.table.tolist() == [1, 6, 8, 14]
    assert ordered.fanin[3, :2].tolist() == [6, 2]
    assert ordered.outputs.tolist() == [7, 4]
    assert [(g.level, g.start, g.stop, g.masks) for g in group_nodes(ordered)] == [
        (1, 0, 1, (1, 0)),
        (1, 1, 2, (0, 1, 1, 0)),
        (1, 2, 3, (0, 0, 0, 1)),
        (2, 3, 4, (0, 1, 1, 1)),
    ]


@given(st.integers(0, 200), st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_packing_round_trips(samples, nets, seed):
    bits = np.random.default_rng(seed).random((samples, nets)) < 0.5
    words = pack_samples(bits)
    assert words.shape == (nets, -(-samples // 64))
    assert (unpack_samples(words, samples) == bits).all()


def test_packing_puts_sample_65_in_bit_1_of_word_1():
    bits = np.zeros((66, 1), bool)
    bits[65] = True
    assert pack_samples(bits).tolist() == [[0, 2]]


@pytest.mark.parametrize("function", [evaluate, evaluate_reference])
@pytest.mark.parametrize(
    ("bits", "message"),
    [
        (np.zeros((3, 2)), "bits ...bool ..., not float64"),
        (np.zeros((3, 1), bool), "bits ... (samples, 2), not (3, 1)"),
        (np.zeros(2, bool), "bits ... (samples, 2), not (2,)"),
    ],
)
def test_evaluate_rejects_wrong_bits(function, bits, message):
    wire = Netlist(2, np.zeros((0, 6), int), np.zeros(0, np.uint64), [2])
    with pytest.raises(NetlistError, match=telling(message)):
        function(wire, bits)
