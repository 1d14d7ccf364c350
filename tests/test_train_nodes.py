"""Relaxed nodes: the multilinear formula, and gradients against slow ones and differences."""

import math

import pytest
import torch

from lgn_train.estimators import ESTIMATORS, Tables
from lgn_train.nodes import evaluate_nodes, interpolate
from lgn_train.parametrizations import PARAMETRIZATIONS
from lgn_train.wiring import Wiring, random_wiring

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores

CASES = [("raw", 2)] + [(name, k) for name in ("light", "walsh") for k in (2, 3, 4, 5, 6)]
INPUTS, NODES, BATCH = 8, 5, 7


def formula(table, pins):
    """f(x) = sum_j T_j * prod_i (x_i if bit i of j else 1 - x_i), term by term."""
    total = torch.zeros_like(pins[0])
    for j in range(table.shape[1]):
        factors = [x if j >> i & 1 else 1 - x for i, x in enumerate(pins)]
        total = total + table[:, j, None] * math.prod(factors)
    return total


def random_parts(name, fan_in, bits, seed=0):
    generator = torch.Generator().manual_seed(seed)
    tables = PARAMETRIZATIONS[name]
    logits = torch.randn(
        NODES, tables.num_logits(fan_in), generator=generator, dtype=torch.float64
    ).requires_grad_()
    x = torch.rand(INPUTS, BATCH, generator=generator, dtype=torch.float64)
    indices = random_wiring(INPUTS, NODES, fan_in, seed)
    x = ((x > 0.5).double() if bits else x).requires_grad_()
    return tables, logits, x, indices, torch.rand(NODES, BATCH, generator=generator).double()


def chosen(tables, name, logits):
    return ESTIMATORS[name].tables(tables, logits, 0.8, torch.tensor(3), torch.tensor(4))


@pytest.mark.parametrize("fan_in", range(1, 7))
def test_interpolate_is_the_multilinear_formula(fan_in):
    generator = torch.Generator().manual_seed(fan_in)
    table = torch.rand(NODES, 1 << fan_in, generator=generator, dtype=torch.float64)
    pins = torch.rand(fan_in, NODES, BATCH, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(interpolate(table, pins), formula(table, pins))


@pytest.mark.parametrize("fan_in", range(1, 7))
def test_interpolate_reads_the_entry_exactly_at_bits(fan_in):
    table = torch.rand(1, 1 << fan_in, generator=torch.Generator().manual_seed(1))
    index = torch.arange(1 << fan_in)
    pins = ((index >> torch.arange(fan_in)[:, None]) & 1).float()[:, None, :]
    assert torch.equal(interpolate(table, pins), table)


@pytest.mark.parametrize("input_gradient", ["soft", "hard"])
@pytest.mark.parametrize("estimator", ["gumbel_st", "hard_st", "cage"])
@pytest.mark.parametrize(("name", "fan_in"), CASES)
def test_hard_estimators_have_the_gradients_of_the_formula(name, fan_in, estimator, input_gradient):
    tables, logits, x, indices, g = random_parts(name, fan_in, bits=True)
    found = chosen(tables, estimator, logits)
    wiring = Wiring(indices, INPUTS)
    output = evaluate_nodes(x, found, wiring, input_gradient)
    assert set(output.unique().tolist()) <= {0.0, 1.0}
    d_x, d_logits = torch.autograd.grad(output, (x, logits), g)
    # The table's gradient: the soft table in place of the hard one, inputs fixed.
    soft = chosen(tables, estimator, logits).soft
    (slow_logits,) = torch.autograd.grad(formula(soft, x.detach()[indices.t()]), logits, g)
    slope = soft.detach() if input_gradient == "soft" else found.value
    (slow_x,) = torch.autograd.grad(formula(slope, x[indices.t()]), x, g)
    torch.testing.assert_close(d_logits, slow_logits)
    torch.testing.assert_close(d_x, slow_x)


@pytest.mark.parametrize("estimator", ["soft", "soft_gumbel"])
@pytest.mark.parametrize(("name", "fan_in"), CASES)
def test_soft_estimators_have_the_gradients_of_finite_differences(name, fan_in, estimator):
    tables, logits, x, indices, g = random_parts(name, fan_in, bits=False)
    wiring = Wiring(indices, INPUTS)

    def loss(z, inputs):
        return (evaluate_nodes(inputs, chosen(tables, estimator, z), wiring) * g).sum()

    d_logits, d_x = torch.autograd.grad(loss(logits, x), (logits, x))
    with torch.no_grad():
        for leaf, gradient in ((logits, d_logits), (x, d_x)):
            step = torch.zeros_like(leaf)
            for index in range(0, leaf.numel(), max(1, leaf.numel() // 12)):
                step.zero_().view(-1)[index] = 1e-4
                ends = [
                    (logits + s, x) if leaf is logits else (logits, x + s) for s in (step, -step)
                ]
                slope = (loss(*ends[0]) - loss(*ends[1])) / 2e-4
                # The noise is float32, the rest double.
                assert float(slope) == pytest.approx(float(gradient.view(-1)[index]), abs=1e-6)


def test_evaluate_nodes_needs_no_gradient_of_inputs():
    tables, logits, x, indices, g = random_parts("light", 3, bits=True)
    wiring = Wiring(indices, INPUTS)
    output = evaluate_nodes(x.detach(), chosen(tables, "gumbel_st", logits), wiring)
    (gradient,) = torch.autograd.grad(output, logits, g)
    assert gradient.shape == logits.shape


def test_evaluate_nodes_is_deterministic():
    def once():
        tables, logits, x, indices, g = random_parts("light", 4, bits=True, seed=2)
        wiring = Wiring(indices, INPUTS)
        output = evaluate_nodes(x, chosen(tables, "gumbel_st", logits), wiring)
        return torch.autograd.grad(output, (x, logits), g)

    for first, second in zip(once(), once(), strict=True):
        assert torch.equal(first, second)


def test_tables_of_hard_estimators_are_bits():
    tables, logits, *_ = random_parts("walsh", 4, bits=True)
    found = chosen(tables, "gumbel_st", logits)
    assert isinstance(found, Tables)
    assert set(found.value.unique().tolist()) == {0.0, 1.0}
