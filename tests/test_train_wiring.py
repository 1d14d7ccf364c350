"""Wiring: all inputs used, pins of a node distinct, and a gradient that is the transpose."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lgn_train.wiring import Wiring, random_wiring


@settings(deadline=None, max_examples=50)  # a loaded machine is no failure
@given(st.integers(1, 40), st.integers(1, 60), st.integers(2, 6), st.integers(0, 3))
def test_random_wiring_uses_all_inputs_and_repeats_none_in_a_node(inputs, nodes, fan_in, seed):
    wiring = random_wiring(inputs, nodes, fan_in, seed)
    assert wiring.shape == (nodes, fan_in)
    if nodes * fan_in >= inputs:
        assert set(wiring.flatten().tolist()) == set(range(inputs))
    if inputs >= fan_in:
        assert all(len(set(row)) == fan_in for row in wiring.tolist())


def test_random_wiring_depends_on_the_seed_alone():
    assert torch.equal(random_wiring(50, 80, 3, 1), random_wiring(50, 80, 3, 1))
    assert not torch.equal(random_wiring(50, 80, 3, 1), random_wiring(50, 80, 3, 2))


@pytest.mark.parametrize(("inputs", "nodes", "fan_in"), [(1, 5, 2), (9, 4, 2), (30, 70, 6)])
def test_wiring_collect_is_the_transpose_of_gather(inputs, nodes, fan_in):
    indices = random_wiring(inputs, nodes, fan_in, 0)
    wiring = Wiring(indices, inputs)
    x = torch.rand(inputs, 3, dtype=torch.float64, requires_grad=True)
    expected = x[indices.t()]
    assert torch.equal(wiring.gather(x), expected)
    g = torch.rand_like(expected)
    (slow,) = torch.autograd.grad(expected, x, g)
    torch.testing.assert_close(wiring.collect(g), slow)


def test_wiring_gives_an_unread_input_no_gradient():
    wiring = Wiring(torch.tensor([[0, 2]]), 4)
    found = wiring.collect(torch.ones(2, 1, 5))
    assert found.sum(dim=1).tolist() == [5, 0, 5, 0]
