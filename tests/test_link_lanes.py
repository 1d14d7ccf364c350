"""Votes that read the same or what is read together share a lane; none is lost or doubled."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import netlist
from strategies import netlists

from lgn_hw.link.lanes import order_votes

AND, XOR = 0b1000, 0x6996


@settings(deadline=None, max_examples=60)
@given(netlists(), st.integers(1, 9), st.data())
def test_each_class_keeps_its_votes(nets, lanes, data):
    votes = len(nets.outputs)
    ends = sorted(data.draw(st.lists(st.integers(0, votes), max_size=4)))
    sizes = np.diff([0, *ends, votes])
    order = order_votes(nets, sizes, lanes)
    starts = np.concatenate([[0], sizes.cumsum()])
    for start, end in pairwise(starts):
        assert sorted(order[start:end]) == list(range(start, end))


def image(side, nodes, seed):
    """Return a netlist of nodes that read windows of 3 x 3 pixels anywhere, and where these are."""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, side - 2, (nodes, 1, 2))
    number = rng.permuted(np.tile(np.arange(9), (nodes, 1)), axis=1)[:, :4]
    fanin = 2 + (corner[..., 0] + number // 3) * side + corner[..., 1] + number % 3
    outputs = range(2 + side * side, 2 + side * side + nodes)
    return netlist(side * side, fanin.tolist(), [XOR] * nodes, outputs), corner[:, 0]


@pytest.mark.parametrize("classes", [1, 4])
def test_the_votes_of_a_lane_are_neighbours(classes):
    side, nodes, lanes = 16, 256, 8
    nets, place = image(side, nodes, classes)

    def spread(order):
        lane = place[order].reshape(classes, -1, lanes, 2)
        return np.abs(lane - lane.mean(axis=1, keepdims=True)).mean()

    sizes = [nodes // classes] * classes
    assert spread(order_votes(nets, sizes, lanes)) < 0.6 * spread(np.arange(nodes))


def test_votes_on_inputs_and_constants_have_a_place_too():
    nets = netlist(2, [(2, 3)], [AND], [0, 2, 4, 1, 3, 4, 2])
    assert sorted(order_votes(nets, [3, 0, 4], 2)) == list(range(7))


def test_a_net_without_votes_has_no_order():
    nets = netlist(2, [(2, 3)], [AND], [])
    assert order_votes(nets, [0, 0], 2).tolist() == []
