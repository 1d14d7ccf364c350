"""The packed engine: the float reference's bits and gradients, on every instruction set."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from lgn_train import GroupSum, LogicDense, explain, mode
from lgn_train.layers import LogicLayer
from lgn_train.packed import PackedBits, Stage, StageGraph, kernels, ops
from lgn_train.packed.words import pack, unpack
from lgn_train.wiring import Wiring

INPUTS = 37
NODES = [("raw", 2), ("light", 2), ("walsh", 2), ("light", 3), ("walsh", 4), ("light", 5),
         ("light", 6), ("walsh", 6)]  # fmt: skip


def network(parametrization="raw", fan_in=2, estimator="gumbel_st", widths=(50, 41, 30), **options):
    layers = [
        LogicDense(a, b, fan_in, parametrization, estimator, init="gaussian", seed=i, **options)
        for i, (a, b) in enumerate(zip((INPUTS, *widths), widths, strict=False))
    ]
    return nn.Sequential(*layers, GroupSum(3, tau=3.0))


def samples(batch, seed=0):
    return (torch.rand(batch, INPUTS, generator=torch.Generator().manual_seed(seed)) > 0.5).float()


def results(model, x, y):
    """The outputs, and the gradients of the inputs and of all logits."""
    x = x.clone().requires_grad_()
    out = model(x)
    F.cross_entropy(out, y, reduction="sum").backward()
    return [out.detach(), x.grad, *(p.grad for p in model.parameters())]


@pytest.fixture
def float_path(monkeypatch):
    """A function that takes the packed engine away."""

    def forbid():
        monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])

    return forbid


CASES = [(estimator, batch) for estimator in ("gumbel_st", "hard_st")
         for batch in (1, 63, 64, 70, 130, 300)]  # fmt: skip


@pytest.mark.parametrize(("estimator", "batch"), [*CASES, ("cage", 70)])
@pytest.mark.parametrize("input_gradient", ["soft", "hard"])
@pytest.mark.parametrize(("parametrization", "fan_in"), NODES)
def test_packed_training_is_the_float_reference(
    parametrization, fan_in, estimator, input_gradient, batch, float_path
):
    def model():
        return network(parametrization, fan_in, estimator, input_gradient=input_gradient,
                       temperature=0.7)  # fmt: skip

    x, y = samples(batch), torch.arange(batch) % 3
    packed = results(model(), x, y)
    float_path()
    reference = results(model(), x, y)
    assert torch.equal(packed[0], reference[0])
    for ours, theirs in zip(packed[1:], reference[1:], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 5), st.integers(1, 9), st.integers(2, 6), st.integers(1, 140), st.integers(0, 99)
)
def test_packed_stage_is_the_table_on_any_wiring(inputs, nodes, fan_in, batch, seed):
    """One node, one input, unread inputs, an input wired twice into a node: all of it."""
    generator = torch.Generator().manual_seed(seed)
    x = (torch.rand(batch, inputs, generator=generator) > 0.5).float()
    indices = torch.randint(-1, inputs, (nodes, fan_in), generator=generator)
    table = torch.randint(0, 2, (nodes, 1 << fan_in), generator=generator)
    bits = (table << torch.arange(1 << fan_in)).sum(dim=1)
    nothing = torch.empty(0)
    stage = Stage(Wiring(indices, inputs), bits, nothing, nothing)
    pins = Wiring(indices, inputs).gather(x.t()).long()
    index = (pins << torch.arange(fan_in)[:, None, None]).sum(dim=0)
    assert torch.equal(StageGraph.of(x).then(stage).dense().t(), table.gather(1, index).float())


def test_packed_gradient_reaches_a_table_shared_by_positions():
    """A table that three nodes share gets the sum of what three tables would have got."""
    indices = torch.randint(0, INPUTS, (12, 2), generator=torch.Generator().manual_seed(1))
    soft = torch.rand(4, 4).requires_grad_()
    apart = soft.detach().repeat_interleave(3, dim=0).requires_grad_()
    bits = torch.arange(4) + 5
    wiring, run = Wiring(indices, INPUTS), StageGraph.of(samples(100))
    shared = run.then(Stage(wiring, bits, soft, soft.detach(), positions=3))
    single = run.then(Stage(wiring, bits.repeat_interleave(3), apart, apart.detach()))
    weight = torch.randn(100, 12)
    for chain in (shared, single):
        (chain.dense() * weight).sum().backward()
    torch.testing.assert_close(soft.grad, apart.grad.view(4, 3, 4).sum(dim=1))


def test_packed_or_pool_passes_its_gradient_to_the_first_one():
    x = torch.tensor([[0, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 1.0]]).requires_grad_()
    nothing = torch.empty(0, 0)
    pool = Stage(
        Wiring(torch.arange(4)[None], 4), torch.zeros(1, dtype=torch.int64), nothing, nothing,
        kind=ops.OR_POOL,
    )  # fmt: skip
    out = StageGraph.of(x).then(pool).dense()
    assert out.flatten().tolist() == [0, 1, 1, 1]
    out.sum().backward()
    assert x.grad.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize("instruction_set", ["AVX512", "AVX2", "DEFAULT"])
@pytest.mark.parametrize(("parametrization", "fan_in"), [("raw", 2), ("walsh", 4), ("light", 6)])
def test_packed_results_are_equal_on_every_instruction_set(
    parametrization, fan_in, instruction_set, monkeypatch
):
    capability = torch.backends.cpu.get_cpu_capability()
    order = ["DEFAULT", "AVX2", "AVX512"]
    if order.index(instruction_set) > order.index(capability):
        pytest.skip(f"this processor has no {instruction_set}")
    x, y = samples(130), torch.arange(130) % 3
    widest = results(network(parametrization, fan_in), x, y)
    library = kernels.cpu_kernels(instruction_set)
    monkeypatch.setattr(kernels, "cpu_kernels", lambda: library)
    for ours, theirs in zip(results(network(parametrization, fan_in), x, y), widest, strict=True):
        assert torch.equal(ours, theirs)


def test_packed_results_do_not_depend_on_threads_or_on_the_run():
    x, y = samples(300), torch.arange(300) % 3
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2, 2):
        torch.set_num_threads(threads)
        found.append(results(network(widths=(4000, 3000)), x, y))
    torch.set_num_threads(before)
    for ours, again, other in zip(*found, strict=True):
        assert torch.equal(ours, again)
        assert torch.equal(ours, other)


def test_packed_bfloat16_gradients_are_near_and_never_change_the_forward_pass():
    x, y = samples(130), torch.arange(130) % 3
    full = results(network(), x, y)
    halved = network()
    for layer in halved[:-1]:
        layer.half_gradients = True
    half = results(halved, x, y)
    assert torch.equal(full[0], half[0])
    assert not torch.equal(half[1], full[1])
    for ours, theirs in zip(half[1:], full[1:], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0.02 * float(theirs.abs().max()))


@pytest.mark.parametrize("name", ["train", "discrete"])
def test_packed_bits_are_an_ordinary_tensor_to_other_modules(name, float_path):
    class Invert(nn.Module):
        def forward(self, x):
            return 1 - x

    def model():
        layers = network()
        return nn.Sequential(layers[0], Invert(), nn.Flatten(), *layers[1:])

    x, y = samples(70), torch.arange(70) % 3
    with mode(ours := model(), name):
        packed = results(ours, x, y)
    float_path()
    with mode(theirs := model(), name):
        reference = results(theirs, x, y)
    assert torch.equal(packed[0], reference[0])
    torch.testing.assert_close(packed[1], reference[1])


def test_packed_bits_keep_their_run_through_a_flatten():
    bits = PackedBits(StageGraph.of(samples(70)), (37, 1))
    flat = nn.Flatten()(bits)
    assert isinstance(flat, PackedBits)
    assert flat.shape == (70, 37)
    assert torch.equal(flat.dense(), samples(70))
    assert repr(bits) == "PackedBits((70, 37, 1), 0 stages)"
    assert not isinstance(bits.reshape(-1), PackedBits)


@pytest.mark.parametrize("samples_given", [1, 8, 63, 64, 65, 200])
def test_packed_words_hold_sample_s_in_bit_s(samples_given):
    bits = torch.rand(3, samples_given) > 0.5
    rows = pack(bits)
    assert rows.shape == (3, -(-samples_given // 64))
    for net in range(3):
        word = int(rows[net, 0]) % 2**64
        assert [word >> s & 1 for s in range(min(64, samples_given))] == bits[net, :64].tolist()
    assert torch.equal(unpack(rows, samples_given), bits.float())


def test_explain_says_what_runs_and_why():
    model = network(estimator="soft")
    assert explain(model.train()).splitlines()[0] == ("0: soft values, C++ kernels")
    assert explain(model.eval()).splitlines()[0] == "0: packed words, C++ kernels"
    assert explain(model.double()).splitlines()[0] == (
        "0: float: the logits are torch.float64; the kernels know torch.float32"
    )


def test_packed_layers_reject_what_is_not_a_bit():
    x = samples(5)
    x[3, 7] = 0.5
    with pytest.raises(
        ValueError,
        match=r"^x must hold bits, 0\.0 or 1\.0, not 0\.5 at \(3, 7\): estimator"
        r" 'gumbel_st' computes with bits in train mode$",
    ):
        network().train()(x)
    x[3, 7] = float("inf")
    with pytest.raises(ValueError, match=r"^x must lie in 0 to 1 without NaN, not in 0 to inf$"):
        network().train()(x)


def test_training_goes_on_without_a_compiler_and_says_so_once():
    """In a process of its own: what is compiled is found once a process."""
    program = """
import torch
from lgn_train import LogicDense, explain
layer = LogicDense(4, 3, seed=0)
layer(torch.ones(2, 4)); layer(torch.ones(2, 4))
print(explain(layer))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PATH": "", "CXX": "no-such-compiler"},
        check=True,
    )
    reason = "c++ was not found; apt-get install g++, or pip install ziglang"
    assert done.stderr.splitlines() == [
        "lgn_train: the C++ kernels are not available, and training goes on with the float"
        f" layers, some 30 times slower: {reason}"
    ]
    assert done.stdout == f"LogicDense: float: The C++ kernels are not available: {reason}\n"


@pytest.mark.parametrize(("parametrization", "fan_in"), [("raw", 2), ("walsh", 3)])
def test_operators_pass_opcheck(parametrization, fan_in):
    number = ops.PARAMETRIZATION_NUMBERS[parametrization]
    layer = LogicDense(INPUTS, 12, fan_in, parametrization, seed=1)
    arguments = (layer.logits.detach(), number, fan_in, 0.5, layer.seed, layer.step, 0, True)
    torch.library.opcheck(ops.choose_tables, arguments)
    bits, soft, shares = ops.choose_tables(*arguments)
    torch.library.opcheck(ops.table_gradients, (soft, soft, shares, number, fan_in, 0.5))
    rows, wiring = pack(samples(70).t() != 0), layer.wired()
    torch.library.opcheck(ops.forward, (rows, [bits], [wiring.wires], [1], [ops.TABLES]))
    outs = ops.forward(rows, [bits], [wiring.wires], [1], [ops.TABLES])
    torch.library.opcheck(ops.count, (outs[0], 3))
    torch.library.opcheck(
        ops.backward,
        (torch.rand(3, 128), rows, outs, [bits], [soft], [wiring.wires], [wiring.starts],
         [wiring.readers], [torch.empty(0, dtype=torch.int32)], [1], [ops.TABLES], True, False),
    )  # fmt: skip
    codes = torch.randint(0, 9, (4, 128), dtype=torch.int32)
    picks = torch.tensor([0, 3, 3], dtype=torch.int32)
    torch.library.opcheck(ops.encode, (codes, picks, picks))
