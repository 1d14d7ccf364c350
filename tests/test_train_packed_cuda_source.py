"""The CUDA kernels without a GPU: kernels.cu compiled for the CPU, against the C++ kernels."""

import pytest
import torch
from cuda_emulator.cases import all_cases, compare
from cuda_emulator.coverage import lines_not_executed
from cuda_emulator.source import CudaSource
from torch import nn
from torch.nn import functional as F

from lgn_hw.features import Features
from lgn_train import GroupSum, LogicDense, fit_thermometer
from lgn_train.layers import LogicConv2d, OrPool2d, ThermometerLayer
from lgn_train.packed import ops
from lgn_train.packed.kernels import CudaKernels

NODES = [("raw", 2), ("light", 2), ("walsh", 3), ("light", 4), ("light", 5), ("walsh", 6)]


@pytest.fixture(scope="module")
def cuda_source():
    return CudaSource("plain")


@pytest.fixture
def poisoned():
    """Memory that is not written holds NaN, and the largest integer."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def results(model, x):
    x = x.clone().requires_grad_()
    out = model(x)
    F.cross_entropy(out, torch.arange(len(x)) % 3, reduction="sum").backward()
    return out.detach(), [x.grad, *(p.grad for p in model.parameters())]


def assert_trains_as_the_cpu(model, x, source, tolerance=1e-5):
    theirs, their_gradients = results(model(), x)
    with source.running():
        ours, our_gradients = results(model(), x)
    assert torch.equal(ours, theirs)
    for one, other in zip(our_gradients, their_gradients, strict=True):
        room = tolerance * float(other.abs().max())
        torch.testing.assert_close(one, other, rtol=1e-5, atol=room)


def samples(*shape):
    return (torch.rand(*shape, generator=torch.Generator().manual_seed(1)) > 0.5).float()


@pytest.mark.usefixtures("poisoned")
def test_cuda_source_is_the_cpp_kernels_and_every_line_of_it_is_executed():
    source = CudaSource("coverage")
    for number, case in enumerate(all_cases(networks=20)):
        assert not compare(case, source, orders=number % 4 == 0)
    assert CudaKernels(source.library, device=0).error(209).startswith("CUDA error 209, ")
    assert not lines_not_executed(source.path, source.library)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("candidates", [0, 5])
@pytest.mark.parametrize(("parametrization", "fan_in"), NODES)
def test_cuda_source_trains_as_the_cpu(parametrization, fan_in, candidates, half, cuda_source):
    def model():
        layers = [
            LogicDense(a, b, fan_in, parametrization, init="gaussian", seed=b,
                       candidates=candidates)
            for a, b in ((37, 50), (50, 30))
        ]  # fmt: skip
        for layer in layers:
            layer.half_gradients = half
        return nn.Sequential(*layers, GroupSum(3, 3.0))

    # CUDA's kernel of the picks reads the rows as they are kept between stages.
    tolerance = 0.02 if half and candidates else 1e-5
    assert_trains_as_the_cpu(model, samples(130, 37), cuda_source, tolerance)


@pytest.mark.parametrize("estimator", ["hard_st", "cage"])
@pytest.mark.parametrize("batch", [1, 64, 300, 700])
def test_cuda_source_trains_any_batch(estimator, batch, cuda_source):
    def model():
        return nn.Sequential(
            LogicDense(37, 50, estimator=estimator, input_gradient="hard", seed=1),
            LogicDense(50, 30, estimator=estimator, seed=2),
            GroupSum(3, 3.0),
        )

    assert_trains_as_the_cpu(model, samples(batch, 37), cuda_source)


@pytest.mark.parametrize("pool", [2, 3])
def test_cuda_source_convolves_and_pools_as_the_cpu(pool, cuda_source):
    def model():
        return nn.Sequential(
            LogicConv2d(2, 3, 3, 2, padding=1, init="gaussian", seed=1), OrPool2d(pool),
            nn.Flatten(), LogicDense(3 * (6 // pool) ** 2, 12, seed=2), GroupSum(3),
        )  # fmt: skip

    assert_trains_as_the_cpu(model, samples(70, 2, 6, 6), cuda_source)


@pytest.mark.parametrize("high", [15, 1000])
def test_cuda_source_encodes_as_the_cpu(high, cuda_source):
    codes = torch.randint(0, high + 1, (130, 9), generator=torch.Generator().manual_seed(1))
    features = Features.integers([0] * 9, [high] * 9)
    encoder = ThermometerLayer(fit_thermometer(features, codes.numpy(), 5))
    theirs = encoder(codes).dense()
    with cuda_source.running():
        assert torch.equal(encoder(codes).dense(), theirs)


def test_cuda_inverse_of_a_wiring_is_that_of_the_cpu(cuda_source):
    wires = torch.randint(0, 9, (50, 4), generator=torch.Generator().manual_seed(1)).int()
    starts, readers = ops.invert(wires, 9)
    with cuda_source.running():
        found = ops.invert(wires, 9)
    assert torch.equal(found[0], starts)
    assert torch.equal(found[1], readers)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.usefixtures("poisoned")
def test_cuda_source_is_the_cpp_kernels_on_many_networks(seed, cuda_source):
    for case in all_cases(networks=100, seed=1000 * seed):
        assert not compare(case, cuda_source, orders=True)
