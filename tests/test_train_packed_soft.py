"""Soft runs: the float reference's numbers and gradients, on every instruction set."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lgn_train import GroupSum, LogicConv2d, LogicDense, OrPool2d, explain, mode
from lgn_train.layers import LogicLayer
from lgn_train.packed import PackedBits, StageGraph, kernels, soft_ops
from lgn_train.packed.words import pack

INPUTS = 37
NODES = [("raw", 2), ("light", 2), ("walsh", 2), ("light", 3), ("walsh", 4), ("light", 5),
         ("walsh", 6)]  # fmt: skip


def network(parametrization="raw", fan_in=2, estimator="soft", widths=(50, 41, 30), **options):
    options = {"init": "gaussian", "temperature": 0.7} | options
    layers = [
        LogicDense(a, b, fan_in, parametrization, estimator, seed=i, **options)
        for i, (a, b) in enumerate(zip((INPUTS, *widths), widths, strict=False))
    ]
    return nn.Sequential(*layers, GroupSum(3, tau=3.0))


def images(channels=2):
    options = {"estimator": "soft", "init": "gaussian"}
    return nn.Sequential(
        LogicConv2d(channels, 6, 3, tree_depth=2, padding=1, seed=1, **options),
        OrPool2d(2),
        LogicConv2d(6, 4, 2, tree_depth=1, parametrization="light", fan_in=3, seed=2, **options),
        OrPool2d(3),
        nn.Flatten(),
        LogicDense(4, 6, seed=3, **options),
        GroupSum(2),
    )


def numbers(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def results(model, x):
    """The outputs, and the gradients of the inputs, where they want one, and of all parameters."""
    out = model(x)
    F.cross_entropy(out, torch.arange(len(out)) % out.shape[1], reduction="sum").backward()
    grads = [] if x.grad is None else [x.grad]
    return [out.detach(), *grads, *(p.grad for p in model.parameters())]


@pytest.fixture
def float_path(monkeypatch):
    """A function that takes the kernels away."""

    def forbid():
        monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])

    return forbid


def assert_reference(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * float(other.abs().max()))


@pytest.mark.parametrize("batch", [1, 31, 32, 70, 300])
@pytest.mark.parametrize("estimator", ["soft", "soft_gumbel"])
@pytest.mark.parametrize(("parametrization", "fan_in"), NODES)
def test_soft_training_is_the_float_reference(
    parametrization, fan_in, estimator, batch, float_path
):
    def found():
        x = numbers(batch, INPUTS).requires_grad_()
        return results(network(parametrization, fan_in, estimator), x)

    ours = found()
    float_path()
    assert_reference(ours, found())


@pytest.mark.parametrize(("parametrization", "fan_in"), [("raw", 2), ("light", 4)])
def test_soft_training_with_learned_wiring_is_the_float_reference(
    parametrization, fan_in, float_path
):
    def found():
        x = numbers(70, INPUTS).requires_grad_()
        return results(network(parametrization, fan_in, "soft_gumbel", candidates=5), x)

    ours = found()
    float_path()
    assert_reference(ours, found())


def test_soft_convolutions_and_pools_are_the_float_reference(float_path):
    def found():
        return results(images(), numbers(40, 2, 8, 8).requires_grad_())

    assert explain(images()).splitlines()[0] == "0: soft values, C++ kernels"
    ours = found()
    float_path()
    assert_reference(ours, found())


@pytest.mark.parametrize("estimator", ["gumbel_st", "cage", "soft", "soft_gumbel"])
def test_soft_mixtures_are_measured_on_kernels(estimator, float_path):
    x = (numbers(70, INPUTS) > 0.5).float()
    model = network(estimator=estimator)
    with mode(model, "soft"), torch.no_grad():
        assert not model[0].why_not_kernels()
        ours = model(x)
        float_path()
        torch.testing.assert_close(ours, model(x))


def test_soft_runs_read_packed_words():
    x = (numbers(70, INPUTS) > 0.5).float()
    model = network()
    words = PackedBits(StageGraph(pack(x.t() != 0), len(x)))
    assert_reference(results(model, words), results(network(), x))


def test_soft_layers_go_on_behind_hard_ones_and_send_their_gradient_down(float_path):
    def found():
        hard, soft = network(estimator="gumbel_st")[0], network()[1:]
        x = (numbers(70, INPUTS) > 0.5).float().requires_grad_()
        return results(nn.Sequential(hard, *soft), x)

    ours = found()
    float_path()
    assert_reference(ours, found())


def test_hard_layers_reject_soft_values():
    model = nn.Sequential(network()[0], network(estimator="gumbel_st")[1])
    with pytest.raises(ValueError, match=r"^x must hold bits, 0\.0 or 1\.0, not 0\.\d+ at "):
        model(numbers(5, INPUTS))


@pytest.mark.parametrize("instruction_set", ["AVX512", "AVX2", "DEFAULT"])
@pytest.mark.parametrize(("parametrization", "fan_in"), [("raw", 2), ("light", 6)])
def test_soft_results_are_equal_on_every_instruction_set(
    parametrization, fan_in, instruction_set, monkeypatch
):
    capability = torch.backends.cpu.get_cpu_capability()
    order = ["DEFAULT", "AVX2", "AVX512"]
    if order.index(instruction_set) > order.index(capability):
        pytest.skip(f"this processor has no {instruction_set}")
    x = numbers(130, INPUTS)
    widest = results(network(parametrization, fan_in, candidates=3), x)
    library = kernels.cpu_kernels(instruction_set)
    monkeypatch.setattr(kernels, "cpu_kernels", lambda: library)
    for ours, theirs in zip(
        results(network(parametrization, fan_in, candidates=3), x), widest, strict=True
    ):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("estimator", ["gumbel_st", "soft_gumbel"])
def test_results_do_not_depend_on_threads_or_on_the_run(estimator):
    x, found = (numbers(500, INPUTS) > 0.5).float(), []
    before = torch.get_num_threads()
    for threads in (1, 2, 5, 2):
        torch.set_num_threads(threads)
        found.append(results(network(estimator=estimator, widths=(4000, 3000)), x))
    torch.set_num_threads(before)
    for ours, *others in zip(*found, strict=True):
        assert all(torch.equal(ours, other) for other in others)


def test_soft_values_are_an_ordinary_tensor_to_other_modules(float_path):
    class Invert(nn.Module):
        def forward(self, x):
            return 1 - x

    def found():
        layers = network()
        model = nn.Sequential(layers[0], Invert(), *layers[1:])
        return results(model, numbers(70, INPUTS).requires_grad_())

    ours = found()
    float_path()
    assert_reference(ours, found())


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("candidates", [0, 3])
def test_soft_operators_pass_opcheck(packed, candidates):
    batch, x = 40, numbers(INPUTS, 40)
    rows = pack(x > 0.5) if packed else soft_ops.in_blocks(x)
    wiring = LogicDense(INPUTS, 12, seed=1).wired()
    offered = torch.randint(-1, INPUTS, (12, 2, 16), dtype=torch.int32)
    offered = offered if candidates else torch.empty(0, dtype=torch.int32)
    wired = ([wiring.wires], [1], [0], batch)
    tables, nothing = [numbers(12, 4)], [torch.empty(0, dtype=torch.int32)]
    torch.library.opcheck(soft_ops.soft_forward, (rows, tables, *wired, 3, True))
    torch.library.opcheck(
        soft_ops.soft_backward,
        (numbers(3, 3, 16), rows, [], tables, wired[0], nothing, nothing, [offered], *wired[1:],
         True),
    )  # fmt: skip


def test_soft_blocks_hold_rows_of_16_samples():
    x = numbers(3, 40)
    blocks = soft_ops.in_blocks(x)
    assert blocks.shape == (3, 3, 16)
    assert torch.equal(blocks[0], x[:, :16])
    assert not blocks[2, :, 8:].any()
    assert torch.equal(soft_ops.out_of_blocks(blocks, 40), x)
