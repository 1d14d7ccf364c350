"""A training step on a device that is not there: no devices mixed, nothing read back.

Tensors on the device `meta` have a shape and no data. An operation of tensors there and on the
CPU fails, and so does everything that reads a value on the host: what a step on a GPU must not do,
and a captured one cannot.
"""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lgn_hw.features import Features
from lgn_train import GroupSum, LogicDense, ThermometerLayer, fit_thermometer
from lgn_train.augment import Augmentation
from lgn_train.layers import LogicLayer, inputs
from lgn_train.packed import kernels
from lgn_train.parts import logic_layers
from lgn_train.wiring import Wiring

NOWHERE = torch.device("meta")


class NoKernels:
    """Kernels that are never called: on this device operators answer with shapes."""

    on_cuda = True


@pytest.fixture
def as_on_cuda(monkeypatch):
    """What is done for a CUDA device is done for the one that is not there."""
    monkeypatch.setattr(kernels, "kernels_for", lambda like: NoKernels())
    monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: [])
    monkeypatch.setattr(ThermometerLayer, "why_not_packed", lambda layer: [])


def moved(model):
    """Move a model to the device, with what is derived of its fixed wirings once."""
    model.to(NOWHERE)
    for layer in logic_layers(model):
        if not layer.learned:
            wiring = layer.wired()
            pins = wiring.nodes * wiring.fan_in
            vars(wiring)["_has_constants"] = False
            vars(wiring)["starts"] = torch.zeros(wiring.inputs + 1, device=NOWHERE).int()
            vars(wiring)["readers"] = torch.zeros(pins, device=NOWHERE).int()
    return model


@pytest.mark.usefixtures("as_on_cuda")
@pytest.mark.parametrize("candidates", [0, 4])
@pytest.mark.parametrize(("parametrization", "fan_in"), [("raw", 2), ("light", 6)])
@pytest.mark.parametrize("estimator", ["gumbel_st", "hard_st", "soft", "soft_gumbel"])
def test_a_step_mixes_no_devices_and_reads_nothing_back(
    estimator, parametrization, fan_in, candidates
):
    codes = np.random.default_rng(0).integers(0, 256, (50, 9))
    spec = fit_thermometer(Features.integers([0] * 9, [255] * 9), codes, 4)
    widths = (spec.num_bits, 30), (30, 12)
    layers = [
        LogicDense(a, b, fan_in, parametrization, estimator, candidates=candidates, seed=1)
        for a, b in widths
    ]
    model = moved(nn.Sequential(ThermometerLayer(spec), *layers, GroupSum(3)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    samples = torch.zeros(70, dtype=torch.int64, device=NOWHERE)
    data = torch.zeros(100, 9, dtype=torch.uint8, device=NOWHERE)
    F.cross_entropy(model(data[samples]), samples).backward()
    optimizer.step()
    assert {p.grad.device for p in model.parameters()} == {NOWHERE}


def test_pins_of_their_own_and_learned_ones_are_on_the_device():
    layer = LogicDense(20, 12, candidates=4, seed=1).to(NOWHERE)
    read = layer.learned.wired(layer._picks(layer.learned))
    assert read.indices.device == NOWHERE
    assert Wiring.of_pins(12, 2, NOWHERE).indices.device == NOWHERE


def test_the_float_layers_mix_no_devices(monkeypatch):
    monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])
    monkeypatch.setattr(inputs, "_check_values", lambda x, needs_bits: None)  # on the host
    layer = LogicDense(20, 12, candidates=4, seed=1).to(NOWHERE)
    monkeypatch.setattr(Wiring, "_has_constants", False)
    monkeypatch.setattr(Wiring, "collect", lambda wiring, gradient: gradient.new_empty(
        wiring.inputs, gradient.shape[-1]))  # fmt: skip
    out = layer(torch.zeros(5, 20, device=NOWHERE, requires_grad=True))
    out.sum().backward()
    assert {p.grad.device for p in layer.parameters()} == {NOWHERE}


def test_images_are_changed_on_the_device_they_are_on():
    change = Augmentation((1, 5, 5), 40, 2, True, (0,), 1, 0, NOWHERE)
    codes = torch.zeros(8, 25, dtype=torch.uint8, device=NOWHERE)
    indices = torch.zeros(8, dtype=torch.int64, device=NOWHERE)
    assert change(codes, indices).device == NOWHERE
    change.go_to(1)
    assert change(codes, indices).shape == codes.shape


def test_devices_that_mix_and_values_that_are_read_are_found():
    x = torch.zeros(3, device=NOWHERE)
    with pytest.raises(RuntimeError, match="device"):
        x + torch.zeros(3)
    with pytest.raises(RuntimeError, match="meta"):
        bool((x > 0).any())
