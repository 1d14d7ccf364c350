"""Convolutions: trees at every position, pools, planes, and the circuits of them."""

import copy
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from lgn_hw import ClassifierError, Thermometer
from lgn_hw.features import Features
from lgn_train import (
    BitPlanes,
    GroupSum,
    LogicConv2d,
    LogicDense,
    OrPool2d,
    ThermometerLayer,
    export_model,
    fit_thermometer,
    mode,
)
from lgn_train.layers import LogicLayer
from lgn_train.layers.circuit_layer import widest_stage
from lgn_train.lowering import to_netlist
from lgn_train.nodes import interpolate
from lgn_train.packed import PackedBits, StageGraph
from lgn_train.predictions import predictions

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores

SHAPE = (2, 6, 6)
PIXELS = 2 * 6 * 6
CODES = np.random.default_rng(0).integers(0, 256, (70, PIXELS)).astype(np.uint8)
CODES[:, :5] //= 90  # below the upper thresholds: these pixels lack planes
SPEC = fit_thermometer(Features.integers([0] * PIXELS, [255] * PIXELS), CODES, 3)


def conv(**changed):
    options = {"in_channels": 3, "out_channels": 4, "kernel_size": 3, "seed": 5}
    return LogicConv2d(**(options | changed))


def image(channels=3, rows=6, columns=5, batch=8, seed=0, soft=False):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(batch, channels, rows, columns, generator=generator)
    return x if soft else (x > 0.5).float()


def slow(layer, x, tables):
    """Evaluate a convolution kernel by kernel, from windows that torch cuts out."""
    windows = F.unfold(x, layer.kernel_size, padding=layer.padding, stride=layer.stride)
    size = layer.output_size(*x.shape[2:])
    levels = [tables[part] for part in layer.level_slices()]
    outputs = []
    for kernel in range(layer.out_channels):
        values = windows[:, layer.leaves[kernel]]  # [batch, leaves, positions]
        for level in levels:
            own = level.view(layer.out_channels, -1, level.shape[1])[kernel]
            pins = values.unflatten(1, (len(own), layer.fan_in))
            pins = pins.permute(2, 1, 0, 3).flatten(2)
            values = interpolate(own, pins).view(len(own), len(x), -1).transpose(0, 1)
        outputs.append(values.view(len(x), *size))
    return torch.stack(outputs, dim=1)


GEOMETRIES = [
    {},
    {"padding": 1},
    {"kernel_size": 5, "padding": 2, "channels_per_kernel": 3},
    {"stride": 2, "padding": 1, "tree_depth": 1},
    {"fan_in": 4, "tree_depth": 2, "parametrization": "light"},
    {"kernel_size": 1, "tree_depth": 2, "parametrization": "walsh", "channels_per_kernel": 1},
    {"fan_in": 6, "tree_depth": 1, "parametrization": "walsh", "padding": 2},
]


@pytest.mark.parametrize("options", GEOMETRIES)
def test_conv_is_its_trees_at_every_window(options):
    layer = conv(init="gaussian", **options).eval()
    expected = slow(layer, image(), layer.discrete_tables())
    assert torch.equal(layer(image()), expected)
    assert set(expected.unique().tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("options", GEOMETRIES)
def test_conv_gradients_are_sums_over_positions(options):
    layer = conv(init="gaussian", estimator="soft", **options).double()
    x = image(soft=True).double().requires_grad_()
    found, expected = layer(x), slow(layer, x, layer.tables().soft)
    torch.testing.assert_close(found, expected)
    upstream = torch.rand_like(found)
    for ours, theirs in zip(
        *(torch.autograd.grad(y, (x, layer.logits), upstream) for y in (found, expected)),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def test_conv_computes_the_same_at_every_position():
    layer = conv(init="gaussian").eval()
    x = image(rows=8, columns=8)
    assert torch.equal(layer(x)[:, :, 2:, 1:], layer(x[:, :, 2:, 1:]))


def test_conv_draws_noise_once_a_step_for_all_positions_and_samples():
    layer = conv(init="gaussian")
    x = torch.ones(3, 3, 6, 6)
    first, second = layer(x), layer(x)
    assert torch.equal(first, first[:1, :, :1, :1].expand_as(first))
    assert not torch.equal(first, second)
    assert int(layer.step) == 2


def test_conv_follows_the_modes():
    layer = conv(init="gaussian")
    with mode(layer, "discrete"):
        assert torch.equal(layer(image()), copy.deepcopy(layer).eval()(image()))
    with mode(layer, "soft"):
        assert not set(layer(image()).unique().tolist()) <= {0.0, 1.0}
    assert int(layer.step) == 0


def test_residual_conv_starts_as_its_first_leaf():
    layer = conv().eval()
    windows = F.unfold(image(), 3)
    expected = windows[:, layer.leaves[:, 0]].view(8, 4, 4, 3)
    assert torch.equal(layer(image()), expected)


def test_conv_leaves_differ_and_share_few_channels():
    layer = conv(in_channels=6, out_channels=9, kernel_size=3)
    assert all(len(set(leaves)) == 8 for leaves in layer.leaves.tolist())
    channels = [sorted(set((leaves // 9).tolist())) for leaves in layer.leaves]
    assert max(len(found) for found in channels) == 2
    assert sorted({c for found in channels for c in found}) == list(range(6))


def test_conv_with_a_small_window_reads_leaves_again():
    layer = conv(kernel_size=1, in_channels=1)
    assert layer.leaves.tolist() == [[0] * 8] * 4
    assert layer.channels_per_kernel == 1


def test_conv_takes_images_of_any_size_and_a_loaded_state():
    layer, other = conv(padding=1).eval(), conv(padding=1, seed=6, init="gaussian").eval()
    assert layer(image(rows=4)).shape == (8, 4, 4, 5)
    assert layer(image(rows=7)).shape == (8, 4, 7, 5)
    layer.load_state_dict(other.state_dict())
    assert torch.equal(layer(image()), other(image()))


def test_conv_takes_an_empty_batch():
    x = image(batch=0).requires_grad_()
    found = conv(padding=1)(x)
    found.sum().backward()
    assert found.shape == (0, 4, 6, 5)


WRONG_OPTIONS = [
    ({"in_channels": 0}, ValueError, "^in_channels must be 1 or more, not 0$"),
    ({"out_channels": 1.0}, TypeError, r"^out_channels must be an int, not float 1\.0$"),
    ({"kernel_size": 0}, ValueError, "^kernel_size must be 1 or more, not 0$"),
    ({"tree_depth": 0}, ValueError, "^tree_depth must be 1 or more, not 0$"),
    ({"padding": 3}, ValueError, "^padding must be 0 to 2, not 3$"),
    ({"stride": 0}, ValueError, "^stride must be 1 or more, not 0$"),
    ({"channels_per_kernel": 4}, ValueError, "^channels_per_kernel must be 1 to 3, not 4$"),
    ({"groups": 0}, ValueError, "^groups must be 1 or more, not 0$"),
    (
        {"groups": 2},
        ValueError,
        "^groups must divide in_channels and out_channels, 3 and 4, not 2$",
    ),
    (
        {"groups": 3, "out_channels": 6, "channels_per_kernel": 2},
        ValueError,
        "^channels_per_kernel must be 1 to 1, not 2$",
    ),
    ({"fan_in": 7}, ValueError, "^fan_in must be 2 to 6, not 7$"),
    (
        {"fan_in": 4},
        ValueError,
        "^parametrization 'raw' needs fan_in 2, not 4; use 'light' or 'walsh'$",
    ),
]


@pytest.mark.parametrize(("options", "kind", "message"), WRONG_OPTIONS)
def test_conv_rejects_options(options, kind, message):
    with pytest.raises(kind, match=message):
        conv(**options)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (image(channels=2), r"must have shape \(batch, 3, rows, columns\), not \(8, 2, 6, 5\)"),
        (image()[0], r"must have shape \(batch, 3, rows, columns\), not \(3, 6, 5\)"),
        (image() * 2, "must lie in 0 to 1 without NaN, not in 0 to 2"),
    ],
)
def test_conv_rejects_inputs(x, message):
    with pytest.raises(ValueError, match=f"^x {message}$"):
        conv()(x)


def test_conv_rejects_images_smaller_than_its_window():
    message = "^A window of 3 x 3 does not fit 2 x 5 pixels with padding 0$"
    with pytest.raises(ValueError, match=message):
        conv()(image(rows=2))


def test_or_pool_is_the_or_of_each_window():
    x = image(rows=6, columns=9)
    found = OrPool2d(3)(x)
    assert torch.equal(found[1, 2, 1, 2], x[1, 2, 3:6, 6:9].amax())
    assert found.shape == (8, 3, 2, 3)


@pytest.mark.parametrize(("x", "first"), [([0, 1, 1, 1], 1), ([0, 0, 0, 0], 0), ([0, 0, 1, 1], 2)])
def test_or_pool_sends_the_gradient_to_the_first_greatest(x, first):
    # Feature-major in memory, as the layers before leave it.
    x = torch.tensor([x, x]).float().t().contiguous().t().view(2, 1, 2, 2).requires_grad_()
    OrPool2d()(x).sum().backward()
    assert x.grad.flatten(1).tolist() == [[float(i == first) for i in range(4)]] * 2


def test_or_pool_rejects_what_windows_do_not_cover():
    message = (
        "^OrPool2d needs rows and columns that are multiples of 2, not 6 x 5; change the padding"
        " of the layer before, or kernel_size$"
    )
    with pytest.raises(ValueError, match=message):
        OrPool2d()(image())
    with pytest.raises(ValueError, match=r"^x must have shape \(batch, channels, rows, columns\),"):
        OrPool2d()(image()[0])


def test_bit_planes_hold_each_bit_at_its_pixel():
    layer = BitPlanes(SPEC, SHAPE)
    bits = ThermometerLayer(SPEC)(torch.from_numpy(CODES))
    found = layer(bits)
    assert found.shape == (70, 6, 6, 6)
    codes = torch.from_numpy(CODES.astype(np.int64)).view(70, 2, 6, 6)
    for channel in range(2):
        for level, threshold in enumerate([63, 127, 191]):
            expected = (codes[:, channel] > threshold).float()
            assert torch.equal(found[:, 3 * channel + level], expected)
    assert int((layer.source == -1).sum()) == 6 * 36 - SPEC.num_bits == 15


def test_bit_planes_pass_gradients_through():
    x = torch.rand(4, SPEC.num_bits, requires_grad=True)
    BitPlanes(SPEC, SHAPE)(x).sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))


def test_bit_planes_reject_other_bits():
    with pytest.raises(ValueError, match=rf"^x must have shape \(batch, {SPEC.num_bits}\), not"):
        BitPlanes(SPEC, SHAPE)(torch.zeros(2, 9))
    twice = Thermometer(Features.integers([0], [9]), np.array([0, 0]), np.array([4, 4]))
    with pytest.raises(
        ValueError, match=r"^The encoder must not have two bits with one feature and"
    ):
        BitPlanes(twice, (1, 1, 1))


def network(block, pool, dense_fan_in, init, seed):
    planes = BitPlanes(SPEC, SHAPE)
    first = LogicConv2d(6, 3, init=init, seed=seed, parametrization="light", **block)
    size = OrPool2d(pool).output_size(*first.output_size(6, 6))
    return nn.Sequential(
        ThermometerLayer(SPEC),
        planes,
        first,
        OrPool2d(pool),
        LogicConv2d(3, 2, 2, tree_depth=2, padding=1, init=init, seed=seed + 1),
        nn.Flatten(),
        LogicDense(
            2 * (size[0] + 1) * (size[1] + 1), 12, dense_fan_in, parametrization="walsh",
            init=init, seed=seed + 2,
        ),
        GroupSum(3, 1.5),
    )  # fmt: skip


BLOCKS = st.sampled_from(
    [
        ({"kernel_size": 3, "padding": 1}, 2),
        ({"kernel_size": 3, "padding": 1}, 3),
        ({"kernel_size": 5, "padding": 2, "tree_depth": 1}, 1),
        ({"kernel_size": 2, "stride": 2, "padding": 0, "fan_in": 4, "tree_depth": 2}, 3),
        ({"kernel_size": 4, "padding": 3, "stride": 2, "fan_in": 6, "tree_depth": 1}, 1),
    ]
)


@settings(deadline=None, max_examples=15)
@given(BLOCKS, st.integers(2, 6), st.sampled_from(["gaussian", "residual"]), st.integers(0, 99))
def test_exported_convolutions_predict_what_the_network_does(block, fan_in, init, seed):
    model = network(*block, fan_in, init, seed)
    classifier = export_model(model, "abc")
    with torch.no_grad():
        logits = model.eval()(torch.from_numpy(CODES)).numpy()
    assert np.array_equal(classifier.scores(CODES), np.rint(logits * 1.5))
    assert np.array_equal(classifier.predict(CODES), predictions(model, CODES))


def test_nodes_outside_of_the_image_become_constants_and_no_nodes():
    layer = conv(in_channels=1, out_channels=1, kernel_size=2, padding=1, tree_depth=1)
    layer.leaves[:] = torch.tensor([0, 1])  # the upper row of the window
    with torch.no_grad():
        layer.logits[:] = torch.eye(16)[0b0001]  # NOR: 1 outside of the image
    netlist = to_netlist(4, [BitPlanes(planes_of(2, 2), (1, 2, 2)), layer, nn.Flatten()])
    assert netlist.outputs[:3].tolist() == [1, 1, 1]
    assert netlist.num_nodes == 6
    # A corner's node reads constant 0 and a pixel, in this order, or a pixel alone.
    assert netlist.fanin[0, :2].tolist() == [0, 2]
    assert (netlist.arity[2], int(netlist.table[2])) == (1, 0b01)


def planes_of(rows, columns):
    count = rows * columns
    features = Features.integers([0] * count, [1] * count)
    return Thermometer(features, np.arange(count), np.zeros(count, np.int64))


PLANES = BitPlanes(planes_of(2, 2), (1, 2, 2))
MISFITS = [
    ([PLANES, LogicDense(4, 2, seed=0)], "LogicDense 1 reads 4 bits, and has 1 x 2 x 2 images bef"),
    ([PLANES, conv()], "LogicConv2d 1 reads images of 3 channels, and has 1 x 2 x 2 images before"),
    ([conv()], "LogicConv2d 0 reads images of 3 channels, and has 4 before it"),
    ([OrPool2d()], "OrPool2d 0 reads images, and has 4 before it"),
    ([PLANES, PLANES], "BitPlanes 1 reads 4 bits, and has 1 x 2 x 2 images before it"),
    ([PLANES], "The outputs must be bits, not 1 x 2 x 2 images; add nn.Flatten"),
]


@pytest.mark.parametrize(("layers", "message"), MISFITS)
def test_to_netlist_rejects_layers_that_do_not_fit(layers, message):
    with pytest.raises(ClassifierError, match=f"^{re.escape(message)}"):
        to_netlist(4, layers)


def test_widest_stage_is_the_lowest_level_at_all_positions():
    model = network({"kernel_size": 3, "padding": 1}, 2, 2, "residual", 0)
    assert widest_stage(model) == 3 * 4 * 36
    assert widest_stage(nn.Sequential(conv(), LogicDense(4, 7, seed=0))) == 7


@pytest.mark.parametrize("batch", [1, 70, 130])
@pytest.mark.parametrize("input_gradient", ["soft", "hard"])
@pytest.mark.parametrize("estimator", ["gumbel_st", "hard_st", "cage"])
@pytest.mark.parametrize(("parametrization", "fan_in"), [("raw", 2), ("walsh", 4)])
def test_packed_convolutions_are_the_float_reference(
    parametrization, fan_in, estimator, input_gradient, batch, monkeypatch
):
    """Planes, padding, shared tables, pools and flattening: votes bit for bit, gradients near."""
    spec = fit_thermometer(
        Features.integers([0] * 128, [15] * 128),
        torch.randint(0, 16, (200, 128), generator=torch.Generator().manual_seed(5)).numpy(),
        levels=2,
    )
    codes = torch.randint(0, 16, (batch, 128), generator=torch.Generator().manual_seed(6))
    options = {"parametrization": parametrization, "fan_in": fan_in, "estimator": estimator,
               "input_gradient": input_gradient, "init": "gaussian"}  # fmt: skip

    def results():
        planes = BitPlanes(spec, (2, 8, 8))
        model = nn.Sequential(
            ThermometerLayer(spec),
            planes,
            LogicConv2d(planes.shape[0], 6, 3, tree_depth=2, padding=1, seed=1, **options),
            OrPool2d(2),
            LogicConv2d(6, 5, 2, tree_depth=2, stride=2, seed=2, **options),
            nn.Flatten(),
            LogicDense(20, 30, seed=3, **options),
            GroupSum(3, 2.0),
        )
        out = model(codes)
        torch.nn.functional.cross_entropy(out, torch.arange(batch) % 3).backward()
        return [out.detach(), *(p.grad for p in model.parameters())]

    packed = results()
    monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])
    monkeypatch.setattr(ThermometerLayer, "why_not_packed", lambda layer: ["forbidden"])
    reference = results()
    assert torch.equal(packed[0], reference[0])
    for ours, theirs in zip(packed[1:], reference[1:], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


def test_convolutions_are_not_computed_before_they_are_asked_for(monkeypatch):
    def forbidden(run, groups):
        raise AssertionError("a run was executed")

    monkeypatch.setattr(StageGraph, "_execute", forbidden)
    x = conv(in_channels=4, padding=1)(OrPool2d(2)(conv(padding=1)(image(rows=6, columns=4))))
    assert len(x.flatten(1)) == len(x) == 8


@pytest.mark.parametrize("size", [2, 3, 4, 9])
def test_packed_or_pools_of_any_size_are_the_float_ones(size, monkeypatch):
    upstream = torch.randn(70, 4, 2, 2, generator=torch.Generator().manual_seed(1))

    def results():
        x = image(rows=2 * size, columns=2 * size, batch=70).requires_grad_()
        layer = conv(padding=1, init="gaussian")
        out = OrPool2d(size)(layer(x))
        (out * upstream).sum().backward()
        return out.dense() if isinstance(out, PackedBits) else out, x.grad, layer.logits.grad

    packed = results()
    monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])
    reference = results()
    assert torch.equal(packed[0], reference[0])
    for ours, theirs in zip(packed[1:], reference[1:], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))
