"""CAGE: a layer's running confidence, and the temperature of the gradient that follows it."""

import pytest
import torch
from torch import nn

from lgn_train import LogicDense, mode
from lgn_train.confidence import backward_temperature
from lgn_train.layers import LogicLayer
from lgn_train.packed import ops
from lgn_train.parametrizations import PARAMETRIZATIONS

NODES = [("raw", 2), ("light", 3), ("walsh", 6)]


def layer(parametrization="raw", fan_in=2, nodes=50, temperature=1.0):
    return LogicDense(
        9, nodes, fan_in, parametrization, "cage", init="gaussian", seed=3, temperature=temperature
    ).train()


def samples():
    return (torch.rand(20, 9, generator=torch.Generator().manual_seed(1)) > 0.5).float()


@pytest.mark.parametrize(
    ("confidence", "choices", "temperature"),
    [(1 / 16, 16, 3.0), (1.0, 16, 0.5), (17 / 32, 16, 1.75), (0.0, 16, 3.0), (0.5, 2, 3.0),
     (0.75, 2, 1.75)],
)  # fmt: skip
def test_backward_temperature_falls_from_3_to_a_half(confidence, choices, temperature):
    assert backward_temperature(confidence, choices) == pytest.approx(temperature)


@pytest.mark.parametrize(("parametrization", "fan_in"), NODES)
def test_confidence_is_the_mean_probability_of_the_likeliest(parametrization, fan_in):
    tables, made = PARAMETRIZATIONS[parametrization], layer(parametrization, fan_in)
    scores = tables.scores(made.logits.detach())
    if parametrization == "raw":
        by_hand = torch.softmax(scores / 0.7, dim=1).amax(dim=1).mean()
    else:
        p = torch.sigmoid(scores / 0.7)
        by_hand = torch.maximum(p, 1 - p).mean()
    torch.testing.assert_close(tables.confidence(scores, 0.7), by_hand)
    number = ops.PARAMETRIZATION_NUMBERS[parametrization]
    arguments = (made.logits.detach(), number, fan_in, 0.7)
    torch.testing.assert_close(ops.confidence(*arguments), by_hand)
    torch.library.opcheck(ops.confidence, arguments)


@pytest.mark.parametrize(("parametrization", "start"), [("raw", 1 / 16), ("light", 1 / 2)])
def test_each_step_moves_the_running_confidence_by_a_hundredth(parametrization, start):
    made = layer(parametrization)
    assert float(made.confidence) == start
    tables = PARAMETRIZATIONS[parametrization]
    mean = float(tables.confidence(tables.scores(made.logits.detach()), 1.0))
    for _ in range(2):
        made(samples()).sum()
    wanted = 0.99 * (0.99 * start + 0.01 * mean) + 0.01 * mean
    assert float(made.confidence) == pytest.approx(wanted, rel=1e-6)


def test_the_gradient_has_the_temperature_of_the_confidence_so_far():
    made = layer(temperature=0.8)
    made.confidence.fill_(0.4)
    x = samples()
    made(x).square().sum().backward()
    fixed = LogicDense(
        9, 50, estimator="hard_st", init="gaussian", seed=3,
        temperature=0.8 * backward_temperature(0.4, 16),
    ).train()  # fmt: skip
    fixed(x).square().sum().backward()
    torch.testing.assert_close(made.logits.grad, fixed.logits.grad)


def test_measuring_leaves_the_running_confidence_as_it_was():
    model = nn.Sequential(layer())
    before = model[0].confidence.clone()
    for name in ("train", "soft", "discrete"):
        with mode(model, name), torch.no_grad():
            model(samples()).sum()
    model.eval()(samples()).sum()
    assert torch.equal(model[0].confidence, before)


def test_the_running_confidence_is_saved_and_only_cage_has_one():
    made, other = layer(), layer()
    made(samples()).sum()
    other.load_state_dict(made.state_dict())
    assert torch.equal(made.confidence, other.confidence)
    assert "confidence" not in LogicDense(9, 5, estimator="hard_st").state_dict()


def test_the_running_confidence_does_not_depend_on_threads(monkeypatch):
    found, before = [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        made = layer(nodes=40_000)
        made(samples()).sum()
        found.append(made.confidence)
    torch.set_num_threads(before)
    assert torch.equal(*found)
    monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])
    made = layer(nodes=40_000)
    made(samples()).sum()
    torch.testing.assert_close(made.confidence, found[0])
