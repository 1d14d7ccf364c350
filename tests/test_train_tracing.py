"""torch.compile and torch.export take a model, and compute what it computes."""

import pytest
import torch
from torch import nn

from lgn_hw.features import Features
from lgn_train import (
    BitPlanes,
    GroupSum,
    LogicConv2d,
    LogicDense,
    ThermometerLayer,
    export_model,
    fit_thermometer,
)

CODES = torch.randint(0, 16, (100, 6), generator=torch.Generator().manual_seed(0))
SPEC = fit_thermometer(Features.integers([0] * 6, [15] * 6), CODES.numpy(), levels=5)


def model(**options):
    return nn.Sequential(
        ThermometerLayer(SPEC),
        LogicDense(SPEC.num_bits, 48, parametrization="walsh", seed=1, **options),
        LogicDense(48, 24, seed=2, estimator=options["estimator"]),
        GroupSum(2, tau=2.0),
    )


@pytest.mark.parametrize("candidates", [0, 4])
@pytest.mark.parametrize("estimator", ["gumbel_st", "soft"])
def test_exported_program_computes_what_the_model_does(candidates, estimator):
    net = model(candidates=candidates, estimator=estimator).eval()
    program = torch.export.export(net, (CODES,))
    assert torch.equal(program.module()(CODES), net(CODES))
    # The model is as it was: nothing of the trace is left in it.
    assert (export_model(net, "ab").scores(CODES.numpy()) / 2.0 == net(CODES).numpy()).all()


def test_exported_program_keeps_training_mode():
    net = model(estimator="hard_st").train()
    program = torch.export.export(net, (CODES,))
    assert torch.equal(program.module()(CODES), net(CODES))


def test_compiled_model_learns_like_the_model():
    nets = [model(candidates=4, estimator="hard_st") for _ in range(2)]
    compiled = torch.compile(nets[1], backend="eager")
    outputs = [nets[0](CODES), compiled(CODES)]
    assert torch.equal(*outputs)
    for output in outputs:
        output.square().sum().backward()
    for one, other in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.equal(one.grad, other.grad)


def test_export_rejects_convolutions_by_name():
    shape = (1, 8, 8)
    images = torch.randint(0, 2, (4, 64))
    spec = fit_thermometer(Features.integers([0] * 64, [1] * 64), images.numpy(), levels=1)
    net = nn.Sequential(
        ThermometerLayer(spec),
        BitPlanes(spec, shape),
        LogicConv2d(1, 4, 3),
        nn.Flatten(),
        GroupSum(2),
    )
    with pytest.raises(Exception, match=r"LogicConv2d; export_model\(\)"):
        torch.export.export(net.eval(), (images,))
