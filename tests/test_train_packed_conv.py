"""Convolutions on packed words: the float reference's bits and gradients, everywhere the same."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from lgn_hw.features import Features
from lgn_train import (
    BitPlanes,
    GroupSum,
    LogicConv2d,
    LogicDense,
    OrPool2d,
    ThermometerLayer,
    explain,
    export_model,
    fit_thermometer,
    mode,
)
from lgn_train.layers import LogicLayer
from lgn_train.packed import PackedBits, conv_ops, kernels
from lgn_train.packed.conv_graph import ConvGraph
from lgn_train.packed.words import pack

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores

OPTIONS = {"init": "gaussian", "temperature": 0.7, "estimator": "gumbel_st"}
TREES = [("raw", 2, 3), ("light", 3, 2), ("walsh", 4, 2), ("light", 5, 1), ("walsh", 6, 1)]


def image(channels=2, rows=8, columns=9, batch=70, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(batch, channels, rows, columns, generator=generator) > 0.5).float()


def spread(layer):
    """Let a layer's leaves prefer some of their candidates."""
    if layer.learned is not None:
        drawn = torch.randn(layer.learned.logits.shape, generator=torch.Generator().manual_seed(1))
        count = layer.learned.count
        with torch.no_grad():
            layer.learned.logits[..., :count] += drawn[..., :count]
    return layer


def results(model, x, wanted=True):
    x = x.clone().requires_grad_(wanted)
    out = model(x)
    upstream = torch.randn(out.shape, generator=torch.Generator().manual_seed(2))
    (out * upstream).sum().backward()
    grads = [x.grad] if wanted else []
    return [out.detach() + 0, *grads, *(p.grad for p in model.parameters())]


def assert_reference(model, x, monkeypatch, wanted=True):
    packed = results(model(), x, wanted)
    with monkeypatch.context() as patch:
        patch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])
        reference = results(model(), x, wanted)
    assert torch.equal(packed[0], reference[0])
    for ours, theirs in zip(packed[1:], reference[1:], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


@pytest.mark.parametrize("input_gradient", ["soft", "hard"])
@pytest.mark.parametrize("candidates", [0, 2, 5, 16])
@pytest.mark.parametrize(("parametrization", "fan_in", "depth"), TREES)
def test_packed_conv_is_the_float_reference(
    parametrization, fan_in, depth, candidates, input_gradient, monkeypatch
):
    def model():
        layer = LogicConv2d(
            2, 5, 3, depth, 1, parametrization=parametrization, fan_in=fan_in, seed=1,
            candidates=candidates, input_gradient=input_gradient, **OPTIONS,
        )  # fmt: skip
        return nn.Sequential(spread(layer), OrPool2d(3))

    assert_reference(model, image(rows=9), monkeypatch)


@settings(deadline=None, max_examples=25)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 3)),
    st.integers(1, 3),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(0, 5), st.integers(0, 9)),
    st.sampled_from([1, 64, 70, 130]),
)
def test_packed_conv_of_any_geometry_is_the_float_reference(window, pool, windows, more, batch):
    """Sizes from one pixel on: strides, paddings, pools, and rows that no position reads."""
    size, stride, padding = window[0], window[1], min(window[2], window[0] - 1)
    positions = [pool * count for count in windows]
    rows, columns = (
        max(1, (count - 1) * stride + size - 2 * padding + (spare % stride))
        for count, spare in zip(positions, more, strict=True)
    )

    def model():
        layer = LogicConv2d(2, 3, size, 1, padding, stride, None, 4, "walsh", seed=3, **OPTIONS)
        kept = layer.output_size(rows, columns)
        pooled = [OrPool2d(pool)] if not (kept[0] % pool or kept[1] % pool) else []
        return nn.Sequential(layer, *pooled)

    with pytest.MonkeyPatch.context() as patch:
        assert_reference(model, image(2, rows, columns, batch), patch)


def chain(**options):
    return nn.Sequential(
        spread(LogicConv2d(2, 6, 3, 2, 1, seed=1, candidates=4, **OPTIONS, **options)),
        OrPool2d(2),
        spread(LogicConv2d(6, 9, 2, 2, seed=2, candidates=3, **OPTIONS, **options)),
        nn.Flatten(),
        GroupSum(3, 2.0),
    )


@pytest.mark.parametrize("batch", [1, 64, 130])
def test_votes_straight_from_positions_are_the_float_ones(batch, monkeypatch):
    """The head counts a kernel's bit at every position; groups are neighbouring kernels."""
    x = image(2, 8, 6, batch)
    assert_reference(chain, x, monkeypatch)
    assert_reference(chain, x, monkeypatch, wanted=False)
    model = chain().eval()
    bits = model[:-1](x).dense().view(batch, 3, -1)
    assert torch.equal(model(x), bits.sum(dim=2) / 2.0)


def test_convolutions_may_follow_other_layers_on_packed_words(monkeypatch):
    """A run with stages before a convolution is computed; dense layers go on behind it."""

    def model():
        return nn.Sequential(
            nn.Flatten(),
            LogicDense(96, 36, seed=3, **OPTIONS),
            nn.Unflatten(1, (1, 6, 6)),
            LogicConv2d(1, 4, 3, 1, 1, seed=4, **OPTIONS),
            OrPool2d(2),
            OrPool2d(3),
            nn.Flatten(),
            LogicDense(4, 6, seed=5, **OPTIONS),
            GroupSum(2),
        )

    assert_reference(model, image(2, 8, 6, 70), monkeypatch)


@pytest.mark.parametrize("instruction_set", ["AVX512", "AVX2", "DEFAULT"])
def test_packed_conv_is_equal_on_every_instruction_set(instruction_set, monkeypatch):
    order = ["DEFAULT", "AVX2", "AVX512"]
    if order.index(instruction_set) > order.index(torch.backends.cpu.get_cpu_capability()):
        pytest.skip(f"this processor has no {instruction_set}")
    tree = {"parametrization": "walsh", "fan_in": 4}
    widest = results(chain(**tree), image(2, 8, 6, 130))
    library = kernels.cpu_kernels(instruction_set)
    monkeypatch.setattr(kernels, "cpu_kernels", lambda: library)
    for ours, theirs in zip(results(chain(**tree), image(2, 8, 6, 130)), widest, strict=True):
        assert torch.equal(ours, theirs)


def test_packed_conv_does_not_depend_on_threads():
    found, before = [], torch.get_num_threads()
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(results(chain(), image(2, 8, 6, 300)))
    torch.set_num_threads(before)
    for ours, again, other in zip(*found, strict=True):
        assert torch.equal(ours, again)
        assert torch.equal(ours, other)


def test_a_convolution_is_packed_until_somebody_reads_it():
    layer = LogicConv2d(2, 4, 3, padding=1, seed=1)
    found = nn.Flatten()(OrPool2d(2)(layer(image(columns=8))))
    assert isinstance(found, PackedBits)
    assert isinstance(found.given, ConvGraph)
    assert repr(found) == "PackedBits((70, 64), a convolution)"
    assert set((found + 0).unique().tolist()) == {0.0, 1.0}


def test_learned_leaves_run_in_floats_where_no_kernel_learns_them():
    layer = LogicConv2d(2, 4, 3, estimator="soft", candidates=4, seed=1)
    assert "learned leaves have packed kernels for bits on a CPU only" in explain(layer.train())
    assert "float" not in explain(layer.eval())
    with mode(layer, "soft"):
        assert not layer.why_not_kernels()


def test_soft_mixture_of_learned_leaves_reads_the_chosen_ones(monkeypatch):
    layer = spread(LogicConv2d(2, 4, 3, candidates=4, seed=1, init="gaussian"))
    with mode(layer, "soft"), torch.no_grad():
        found = layer(image()).dense()
        monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])
        torch.testing.assert_close(found, layer(image()))


def test_learned_leaves_differ_and_are_exported():
    layer = LogicConv2d(3, 4, 3, candidates=9, channels_per_kernel=1, seed=1)
    offered = layer.learned.candidates[..., :9].reshape(4, 8, 9)
    assert all(len(set(leaf)) == 9 for kernel in offered.tolist() for leaf in kernel)
    with torch.no_grad():
        layer.learned.logits[..., 5] += 1.0
    assert torch.equal(layer.chosen_leaves(), offered[..., 5].long())
    x = image(3)
    fixed = LogicConv2d(3, 4, 3, seed=1).eval()
    fixed.leaves.copy_(layer.chosen_leaves())
    with torch.no_grad():
        fixed.logits.copy_(layer.logits)
    assert torch.equal(layer.eval()(x).dense(), fixed(x).dense())


@pytest.mark.parametrize("candidates", [0, 4])
def test_a_kernel_reads_channels_of_its_group_only(candidates):
    layer = LogicConv2d(6, 9, 3, groups=3, tree_depth=2, candidates=candidates, seed=5)
    _reads_its_group(layer, groups=3)
    read = layer.chosen_leaves() // 9
    assert set(read.flatten().tolist()) == set(range(6))
    if candidates:
        before = layer.learned.candidates.clone()
        layer.learned.redraw(layer.seed, 1)
        changed = (layer.learned.candidates != before)[..., :4]
        assert 0.2 < changed.float().mean() <= 0.5  # half of them, but for those offered already
        offered = layer.learned.candidates[..., :4].reshape(9, -1) // 9
        assert (offered % 3 == torch.arange(9)[:, None] % 3).all()
        with torch.no_grad():
            layer.learned.logits[..., 3] += 5.0
        _reads_its_group(layer, groups=3)


def _reads_its_group(layer, groups):
    """See to it that values of other groups' channels change nothing, and its own do."""
    x = image(6)
    with mode(layer, "discrete"), torch.no_grad():
        logits = torch.rand_like(layer.logits)
        layer.logits.copy_(logits)
        before = layer(x).dense()
        for group in range(groups):
            other = x.clone()
            other[:, group::groups] = 1 - other[:, group::groups]
            changed = (layer(other).dense() != before).flatten(2).any(dim=2).any(dim=0)
            assert changed[group::groups].any()
            others = [kernel for kernel in range(9) if kernel % groups != group]
            assert not changed[others].any()


def test_conv_rejects_more_candidates_than_places():
    message = "^candidates must be 8 at most, the places of a window of 2 x 2 in 2 channels, not 9$"
    with pytest.raises(ValueError, match=message):
        LogicConv2d(3, 4, 2, candidates=9)
    with pytest.raises(ValueError, match=r"^candidates must be 2 to 16, or 0 for none, not 17$"):
        LogicConv2d(9, 4, 2, candidates=17)


def test_conv_operators_pass_opcheck():
    layer = LogicConv2d(2, 5, 3, tree_depth=2, candidates=4, seed=1)
    rows = pack(image(rows=6, columns=4).flatten(1).t() != 0)
    leaves, sizes = layer.chosen_leaves().int(), [2, 6, 4, 5, 2, 2, 3, 1, 1, 2]
    bits = torch.arange(15) % 16
    torch.library.opcheck(conv_ops.conv_forward, (rows, leaves, bits, sizes, 6))
    candidates = layer.learned.candidates.view(5, 4, 16)
    torch.library.opcheck(
        conv_ops.conv_backward,
        (torch.rand(5, 128), rows, leaves, bits, torch.rand(15, 4), candidates, sizes, 6, True),
    )


def test_the_first_convolution_asks_for_no_gradient_of_its_image(monkeypatch):
    asked, original = [], conv_ops.conv_backward

    def backward(*arguments):
        asked.append(arguments[-1])
        return original(*arguments)

    monkeypatch.setattr(conv_ops, "conv_backward", backward)
    F.cross_entropy(chain()(image(2, 8, 6)), torch.zeros(70).long()).backward()
    assert asked == [True, False]


def test_learned_kernels_that_vote_are_exported_once_and_at_every_position():
    codes = torch.randint(0, 16, (90, 2 * 6 * 4), generator=torch.Generator().manual_seed(3))
    encoder = fit_thermometer(Features.integers([0] * 48, [15] * 48), codes.numpy(), levels=2)
    planes = BitPlanes(encoder, (2, 6, 4))
    layer = spread(LogicConv2d(4, 6, 3, 2, 1, seed=1, candidates=5, init="gaussian"))
    model = nn.Sequential(
        ThermometerLayer(encoder), planes, layer, OrPool2d(2), nn.Flatten(), GroupSum(3, 2.0)
    ).eval()
    classifier = export_model(model, "abc")
    assert classifier.convolution.tail is None
    assert classifier.convolution.layers[0].leaves.tolist() == layer.chosen_leaves().tolist()
    with torch.no_grad():
        scores = (2.0 * model(codes)).round().long()
    assert classifier.scores(codes.numpy()).tolist() == scores.tolist()
