"""Every pass keeps the function and is idempotent; together they leave nothing to do."""

import numpy as np
import pytest
from amaranth_bench import codes_of
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import equal, netlist, nodes_of
from strategies import classifiers, netlists, random_classifier

from lgn_hw import Classifier, Thermometer
from lgn_hw.features import Features
from lgn_hw.passes.optimize import PASSES, optimize, optimize_classifier
from lgn_hw.passes.simplify import simplify

DISTINCT = {function.__name__: function for function in PASSES.values()}


@pytest.mark.parametrize("apply", DISTINCT.values(), ids=DISTINCT)
@settings(deadline=None, max_examples=60)
@given(nets=netlists(max_inputs=6, max_nodes=25))
def test_pass_keeps_the_function_and_is_idempotent(apply, nets):
    once = apply(nets)
    assert equal(nets, once)
    assert apply(once) is once


@settings(deadline=None, max_examples=15)
@given(netlists(min_inputs=8, max_inputs=10, max_nodes=60))
def test_optimize_keeps_the_function_of_wider_netlists(nets):
    assert equal(nets, optimize(nets)[0])


@settings(deadline=None)
@given(netlists(max_nodes=25))
def test_optimize_leaves_nothing_for_any_pass(nets):
    result, steps = optimize(nets)
    assert (steps[0].nodes_before, steps[-1].nodes) == (nets.num_nodes, result.num_nodes)
    for apply in PASSES.values():
        assert apply(result) is result


@given(st.integers(1, 4), st.randoms(use_true_random=False))
def test_optimize_sees_through_inverters_and_order(arity, rng):
    # Before: two nodes of the same nets in another order, one of them with all inputs inverted.
    pins = rng.sample(range(2, 6), arity)
    table = rng.getrandbits(1 << arity)
    order = rng.sample(range(arity), arity)
    other = 0
    for entry in range(1 << arity):
        values = [1 - (entry >> pin & 1) for pin in range(arity)]
        source = sum(values[order.index(pin)] << pin for pin in range(arity))
        other |= (table >> source & 1) << entry
    inverters = [(net,) for net in range(2, 6)]
    nets = netlist(
        4,
        [*inverters, tuple(pins), tuple(pins[pin] + 4 for pin in order)],
        [1] * 4 + [table, other],
        [10, 11],
    )
    outputs = optimize(nets)[0].outputs
    assert outputs[0] == outputs[1]


def test_simplify_follows_a_chain_of_vanishing_nodes_in_one_sweep():
    # Before: x0 & x0, then each node the AND of the one before and x0. After: a wire.
    length = 3000
    chain = netlist(1, [(2 + i, 2) for i in range(length)], [8] * length, [2 + length])
    wire = simplify(chain)
    assert (wire.num_nodes, wire.outputs.tolist()) == (0, [2])


@settings(deadline=None, max_examples=60)
@given(classifiers(max_bits=10, max_nodes=20), st.integers(0, 2**32 - 1))
def test_optimize_classifier_keeps_every_score(classifier, seed):
    result, _ = optimize_classifier(classifier)
    codes = codes_of(classifier, 50, np.random.default_rng(seed))
    assert np.array_equal(result.scores(codes), classifier.scores(codes))
    assert optimize_classifier(result)[0] is result


def test_optimize_classifier_drops_thresholds_and_keeps_votes():
    # Before: bits 0 and 2 have the same threshold, bit 1 is read by nobody; the class `no` votes
    # bit 0 and not bit 2 and a constant. After: one threshold, one inverter, three votes still.
    encoder = Thermometer(Features.integers([0], [15]), np.zeros(3, int), np.array([3, 7, 3]))
    nets = netlist(3, [(4,), (2, 3, 2)], [1, 0xFF], [2, 5, 6])
    before = Classifier(encoder, nets, [1, 0, 0], 1.0, ["no", "yes"])
    after, _ = optimize_classifier(before)
    assert after.encoder.threshold.tolist() == [3]
    assert nodes_of(after.netlist) == [((2,), 1)]
    assert after.netlist.outputs.tolist() == [2, 3, 1]
    assert after.provenance["optimized_from"] == before.digest


def test_optimize_is_a_function_of_the_netlist_alone():
    nets = random_classifier(5, layers=(200, 200), arity=4).netlist
    first, second = optimize(nets)[0], optimize(nets)[0]
    assert first.fanin.tobytes() == second.fanin.tobytes()
    assert first.table.tobytes() == second.table.tobytes()
