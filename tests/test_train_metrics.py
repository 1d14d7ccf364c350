"""Metrics: accuracies by mode, and unused gates."""

import numpy as np
import pytest
import torch
from torch import nn

from lgn_hw.features import Features
from lgn_train import GroupSum, LogicDense, ThermometerLayer, fit_thermometer
from lgn_train.metrics import Accuracies, accuracy, measure, unused_gates
from lgn_train.predictions import predictions

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores

CODES = np.random.default_rng(0).integers(0, 17, (300, 4))


def network(**options):
    spec = fit_thermometer(Features.integers([0] * 4, [16] * 4), CODES)
    options = {"seed": 1, "init": "gaussian"} | options
    return nn.Sequential(
        ThermometerLayer(spec), LogicDense(spec.num_bits, 60, **options), GroupSum(3, 4.0)
    )


def test_gaps_are_differences_to_the_discrete_accuracy():
    found = Accuracies(train_mode=0.75, soft=0.5, discrete=0.625)
    assert (found.gap_train, found.gap_soft) == (0.125, -0.125)


def test_predictions_are_those_of_each_mode():
    model = network()
    discrete = predictions(model, CODES, "discrete")
    with torch.no_grad():
        expected = model.eval()(torch.from_numpy(CODES)).argmax(dim=1).numpy()
    assert np.array_equal(discrete, expected)
    assert accuracy(model, CODES, discrete, "discrete") == 1
    assert not np.array_equal(predictions(model, CODES, "soft"), discrete)


def test_measure_leaves_the_model_as_it_was():
    model = network().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first = measure(model, CODES, np.zeros(len(CODES)))
    assert measure(model, CODES, np.zeros(len(CODES))) == first
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize(("name", "fan_in"), [("raw", 2), ("light", 2), ("walsh", 4)])
def test_unused_gates_are_about_half_of_gaussian_nodes_and_none_of_residual_ones(name, fan_in):
    options = {"parametrization": name, "fan_in": fan_in, "seed": 5}
    fresh = LogicDense(50, 5000, init="gaussian", **options)
    assert 0.45 < unused_gates(fresh) < 0.6
    assert unused_gates(LogicDense(50, 500, **options)) == 0


def test_unused_gates_counts_nodes_without_a_decision():
    dense = LogicDense(4, 4, seed=0)
    with torch.no_grad():
        dense.logits[1] = 0
    assert unused_gates(dense) == 0.25


def test_blocks_are_smaller_where_layers_are_wide(monkeypatch):
    model, sizes = network(), []
    model.register_forward_pre_hook(lambda _model, inputs: sizes.append(len(inputs[0])))
    whole = predictions(model, CODES, "soft")
    monkeypatch.setattr("lgn_train.predictions.BLOCK_ACTIVATIONS", 60 * 128)
    assert np.array_equal(predictions(model, CODES, "soft"), whole)
    assert sizes == [300, 128, 128, 44]
