"""Netlists that are built of common values are matched; what differs never is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import equal, every_sample, netlist
from strategies import netlists

from lgn_hw.passes.collapse import collapse
from lgn_hw.prove.sat_sweep import equal_by_sweeping

AND, XOR = 0b1000, 0b0110


def few_samples(nets, count):
    return np.random.default_rng(0).random((count, nets.num_inputs)) < 0.5


@settings(deadline=None, max_examples=80)
@given(netlists(max_inputs=6, max_nodes=20))
def test_a_collapsed_netlist_is_matched(nets):
    assert equal_by_sweeping(collapse(nets, 6), nets, every_sample(nets.num_inputs))


@settings(deadline=None, max_examples=150)
@given(netlists(max_inputs=5, max_nodes=12).filter(lambda nets: nets.num_nodes), st.data())
def test_what_is_matched_is_equal_whatever_was_simulated(nets, data):
    # Two samples make most nets look alike: what is tried is mostly wrong then.
    node = data.draw(st.integers(0, nets.num_nodes - 1))
    table = nets.table.copy()
    table[node] ^= np.uint64(1 << data.draw(st.integers(0, (1 << nets.arity[node]) - 1)))
    other = replace(nets, table=table)
    for count in (2, 64):
        if equal_by_sweeping(other, nets, few_samples(nets, count)):
            assert equal(other, nets)


def test_nodes_are_matched_through_inverters_and_pins_that_do_not_matter():
    # x0 ^ x1 ^ x2, written as XORs; and as the inverse of XNORs, one with a pin that it ignores.
    a = netlist(4, [(2, 3), (6, 4)], [XOR, XOR], [7])
    b = netlist(4, [(2, 3, 5), (6, 4), (7,)], [0b1001_1001, 0b0110, 0b01], [8])
    assert equal_by_sweeping(a, b, every_sample(4))


@pytest.mark.parametrize("outputs", [[0, 1], [1, 0], [0, 0]])
def test_constants_are_told_apart(outputs):
    a, b = netlist(1, [], [], [0, 1]), netlist(1, [], [], outputs)
    assert equal_by_sweeping(a, b, every_sample(1)) == (outputs == [0, 1])


def test_a_node_that_is_constant_is_matched_with_the_constant():
    a, b = netlist(2, [(2,), (2, 4)], [0b01, AND], [5]), netlist(2, [], [], [0])
    assert equal_by_sweeping(a, b, every_sample(2))


def test_other_ports_are_not_matched():
    a, b = netlist(2, [(2, 3)], [AND], [4]), netlist(2, [(2, 3)], [AND], [4, 4])
    assert not equal_by_sweeping(a, b, every_sample(2))
