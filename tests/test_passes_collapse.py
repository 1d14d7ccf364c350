"""Nodes dissolve into readers that have room; the function stays and no node grows too wide."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import equal, netlist, nodes_of
from strategies import netlists

from lgn_hw.netlist.functions import functions_of
from lgn_hw.passes.collapse import collapse

AND, OR, XOR = 0b1000, 0b1110, 0b0110
XOR_OF_6 = 0x6996_9669_9669_6996


@settings(deadline=None, max_examples=60)
@given(netlists(max_inputs=8, max_nodes=25), st.sampled_from([4, 6]))
def test_collapse_keeps_the_function_and_is_idempotent(nets, size):
    once = collapse(nets, size)
    assert equal(nets, once)
    assert collapse(once, size) is once
    assert once.num_nodes <= nets.num_nodes
    assert once.depth <= nets.depth
    assert once.arity.max(initial=0) <= max(size, nets.arity.max(initial=0))


@settings(deadline=None, max_examples=15)
@given(netlists(min_inputs=9, max_inputs=10, max_nodes=60, max_arity=3))
def test_collapse_keeps_the_function_of_wider_netlists(nets):
    assert equal(nets, collapse(nets, 6))


def test_collapse_dissolves_a_node_into_all_its_readers():
    # Before: x0 & x1; its XOR with x2 and its OR with x3. After: two nodes of three inputs.
    after = collapse(netlist(4, [(2, 3), (6, 4), (6, 5)], [AND, XOR, OR], [7, 8]), 4)
    assert nodes_of(after) == [((2, 3, 4), 0b01111000), ((2, 3, 5), 0b11111000)]


@pytest.mark.parametrize(("size", "nodes"), [(2, 3), (3, 2), (4, 1)])
def test_collapse_leaves_a_node_that_makes_a_reader_too_wide(size, nodes):
    before = netlist(4, [(2, 3), (4, 5), (6, 7)], [AND, AND, OR], [8])
    assert collapse(before, size).num_nodes == nodes


def test_collapse_leaves_a_node_that_one_reader_has_no_room_for():
    before = netlist(6, [(2, 3), (8, 4), (8, 5, 6, 7)], [AND, XOR, 0xFFFE], [9, 10])
    assert collapse(before, 4) is before
    assert collapse(before, 5).num_nodes == 2


@settings(deadline=None, max_examples=60)
@given(netlists(max_inputs=6, max_nodes=15))
def test_functions_are_the_nodes_over_fewer_or_equally_many_levels(nets):
    functions = functions_of(nets, 6)
    assert len(functions) == nets.num_nets
    nodes = functions[nets.first_node :]
    rewritten = netlist(
        nets.num_inputs,
        [f.leaves or (1,) for f in nodes],
        [
            sum(int(bit) << i for i, bit in enumerate(f.over(f.leaves or (1,)).tolist()))
            for f in nodes
        ],
        nets.outputs,
    )
    assert equal(nets, rewritten)
    assert rewritten.depth <= nets.depth


def test_a_net_that_two_pins_come_down_to_is_counted_for_both():
    # The last node reads net 8, and net 8 again through net 9: dissolving net 8 for one of the
    # two does not spare the other its leaf.
    nets = netlist(6, [(2, 3, 4), (8,), (9, 8, 4, 5, 6, 7)], [0x96, 0b01, XOR_OF_6], [10])
    assert functions_of(nets, 6)[10].leaves == (4, 5, 6, 7, 8)
