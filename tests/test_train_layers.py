"""The layers: what they compute in each mode, their state, and what they refuse."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import lgn_train
from lgn_hw.features import Features
from lgn_hw.netlist.evaluate import evaluate_reference
from lgn_train import Geometry, GroupSum, LogicDense, ThermometerLayer, fit_thermometer, mode
from lgn_train.estimators import ESTIMATORS
from lgn_train.lowering import to_netlist
from lgn_train.parametrizations import INITS

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores

CASES = [("raw", 2)] + [(name, k) for name in ("light", "walsh") for k in (2, 3, 4, 5, 6)]
CODES = np.random.default_rng(0).integers(0, 17, (60, 5))


def bits(samples, inputs, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(samples, inputs, generator=generator) > 0.5).float()


def spec():
    return fit_thermometer(Features.integers([0] * 5, [16] * 5), CODES)


def layer(**changed):
    return LogicDense(**({"in_features": 9, "out_features": 14, "seed": 3} | changed))


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize(("name", "fan_in"), CASES)
def test_logic_dense_eval_is_the_netlist_it_exports(name, fan_in, init):
    dense = layer(fan_in=fan_in, parametrization=name, init=init).eval()
    x = bits(50, 9)
    expected = evaluate_reference(to_netlist(9, [dense]), x.bool().numpy())
    assert np.array_equal(dense(x).detach().numpy(), expected.astype(np.float32))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_logic_dense_train_forward_is_hard_where_the_estimator_is(estimator):
    output = layer(estimator=estimator, init="gaussian")(bits(40, 9))
    assert (set(output.unique().tolist()) <= {0.0, 1.0}) == ESTIMATORS[estimator].hard


def test_logic_dense_draws_noise_once_a_step_for_the_whole_batch():
    dense = layer(init="gaussian")
    x = bits(1, 9).repeat(30, 1)
    first, second = dense(x), dense(x)
    assert torch.equal(first, first[:1].expand_as(first))
    assert not torch.equal(first, second)
    assert int(dense.step) == 2


def test_logic_dense_eval_is_deterministic_and_is_no_step():
    dense = layer(init="gaussian").eval()
    assert torch.equal(dense(bits(30, 9)), dense(bits(30, 9)))
    assert int(dense.step) == 0


def test_logic_dense_gives_every_logit_a_gradient():
    dense = layer(parametrization="light", in_features=4, out_features=3)
    dense(bits(100, 4)).sum().backward()
    assert torch.all(dense.logits.grad != 0)


def test_logic_dense_is_reproduced_by_its_seed():
    assert torch.equal(layer(init="gaussian").logits, layer(init="gaussian").logits)
    assert not torch.equal(layer(seed=4).wiring, layer().wiring)


def test_logic_dense_without_seed_follows_the_torch_generator():
    torch.manual_seed(5)
    first = layer(seed=None)
    torch.manual_seed(5)
    assert int(first.seed) == int(layer(seed=None).seed) != int(layer(seed=None).seed)


def test_logic_dense_state_holds_wiring_and_noise():
    dense, other = layer(init="gaussian"), layer(init="gaussian", seed=8)
    dense(bits(5, 9))
    other.load_state_dict(dense.state_dict())
    x = bits(20, 9, seed=1).requires_grad_()
    for first, second in zip(
        *(torch.autograd.grad(m(x).sum(), x) for m in (dense, other)), strict=True
    ):
        assert torch.equal(first, second)
    assert torch.equal(dense(x), other(x))


def test_logic_dense_can_be_copied_and_loaded_after():
    dense = layer()
    twin = copy.deepcopy(dense)
    twin.load_state_dict(layer(seed=9).state_dict())
    assert not torch.equal(twin.wired().wires, dense.wired().wires)


def test_logic_dense_takes_a_given_wiring():
    wiring = torch.tensor([[1, 0], [2, 2]])
    dense = LogicDense(3, 2, wiring=wiring, seed=0).eval()
    assert dense(torch.tensor([[0.0, 1.0, 0.0]])).tolist() == [[1.0, 0.0]]  # residual: input 0


def test_mode_overrides_train_and_eval_and_leaves_no_trace():
    dense = layer(init="gaussian")
    x = bits(20, 9)
    with mode(dense, "discrete"):
        assert torch.equal(dense(x), copy.deepcopy(dense).eval()(x))
    with mode(dense.eval(), "train"):
        assert not torch.equal(dense(x), dense(x))
    with mode(dense, "soft"):
        assert not set(dense(x).unique().tolist()) <= {0.0, 1.0}
    assert int(dense.step) == 0
    assert dense.forced_mode is None


def test_mode_rejects_unknown_names():
    message = "^mode must be one of train, soft, discrete, not 'eval'$"
    with pytest.raises(ValueError, match=message), mode(layer(), "eval"):
        pass


WRONG_OPTIONS = [
    ({"fan_in": 1}, ValueError, "^fan_in must be 2 to 6, not 1$"),
    ({"fan_in": 7}, ValueError, "^fan_in must be 2 to 6, not 7$"),
    ({"fan_in": 2.0}, TypeError, r"^fan_in must be an int, not float 2\.0$"),
    (
        {"fan_in": 3},
        ValueError,
        "^parametrization 'raw' needs fan_in 2, not 3; use 'light' or 'walsh'$",
    ),
    ({"in_features": 0}, ValueError, "^in_features must be 1 or more, not 0$"),
    ({"out_features": True}, TypeError, "^out_features must be an int, not bool True$"),
    (
        {"parametrization": "heavy"},
        ValueError,
        "^parametrization must be one of raw, light, walsh, not 'heavy'$",
    ),
    (
        {"estimator": "gumbel"},
        ValueError,
        "^estimator must be one of gumbel_st, hard_st, cage, soft, soft_gumbel, not 'gumbel'$",
    ),
    ({"init": "zeros"}, ValueError, "^init must be one of residual, gaussian, not 'zeros'$"),
    ({"temperature": 0}, ValueError, "^temperature must be a positive finite number, not 0$"),
    ({"temperature": "1"}, TypeError, "^temperature must be a number, not str '1'$"),
    (
        {"temperature": float("nan")},
        ValueError,
        "^temperature must be a positive finite number, not nan$",
    ),
    (
        {"input_gradient": "both"},
        ValueError,
        "^input_gradient must be one of soft, hard, not 'both'$",
    ),
    (
        {"input_gradient": "hard", "estimator": "soft"},
        ValueError,
        "^input_gradient 'hard' needs estimator gumbel_st, hard_st or cage, not 'soft'$",
    ),
    ({"seed": 1.5}, TypeError, r"^seed must be an int, not float 1\.5$"),
    ({"wiring": "local"}, ValueError, "^wiring must be one of random, structured, not 'local'$"),
    (
        {"wiring": [[0, 1]]},
        TypeError,
        "^wiring must be one of random, structured or an integer tensor, not list$",
    ),
    (
        {"wiring": torch.zeros(14, 2)},
        TypeError,
        r"^wiring must be one of random, structured or an integer tensor, not torch\.float32$",
    ),
    (
        {"wiring": torch.zeros(2, 14, dtype=torch.int64)},
        ValueError,
        r"^wiring must have shape \(14, 2\), not \(2, 14\)$",
    ),
    (
        {"wiring": "structured"},
        ValueError,
        "^wiring 'structured' needs geometry, where the inputs lie; Geometry.of_encoder has",
    ),
    (
        {"geometry": Geometry.of_image(1, 2, 2)},
        ValueError,
        "^geometry must hold 9 places, not 4$",
    ),
    (
        {"wiring": "structured", "geometry": Geometry.of_image(1, 3, 3), "radius": 0},
        ValueError,
        "^radius must be a positive finite number, not 0$",
    ),
    (
        {"wiring": torch.full((14, 2), 9)},
        ValueError,
        "^Node 0 must read inputs 0 to 8, not input 9 at pin 0$",
    ),
]


@pytest.mark.parametrize(("options", "kind", "message"), WRONG_OPTIONS)
def test_logic_dense_rejects_options(options, kind, message):
    with pytest.raises(kind, match=message):
        layer(**options)


WRONG_INPUTS = [
    (torch.zeros(3, 8), ValueError, r"^x must have shape \(batch, 9\), not \(3, 8\)$"),
    (torch.zeros(9), ValueError, r"^x must have shape \(batch, 9\), not \(9,\)$"),
    (
        torch.zeros(3, 9).bool(),
        TypeError,
        r"^x must be a float tensor, not torch\.bool; x\.float\(\) converts it$",
    ),
    (
        torch.full((3, 9), torch.nan),
        ValueError,
        "^x must lie in 0 to 1 without NaN, not in nan to nan$",
    ),
    (
        torch.full((3, 9), 255.0),
        ValueError,
        "^x must lie in 0 to 1 without NaN, not in 255 to 255$",
    ),
    (torch.full((3, 9), -0.5), ValueError, r"^x must lie in 0 to 1 without NaN, not in -0\.5 to"),
]


@pytest.mark.parametrize(("x", "kind", "message"), WRONG_INPUTS)
@pytest.mark.parametrize("training", [True, False])
def test_logic_dense_rejects_inputs(x, kind, message, training):
    with pytest.raises(kind, match=message):
        layer().train(training)(x)


def test_soft_layers_may_be_stacked():
    model = nn.Sequential(*(LogicDense(30, 30, estimator="soft", seed=i) for i in range(20)))
    assert torch.isfinite(model(bits(50, 30))).all()


def test_logic_dense_takes_an_empty_batch():
    x = torch.zeros(0, 9, requires_grad=True)
    output = layer()(x)
    output.sum().backward()
    assert output.shape == (0, 14)
    assert x.grad.shape == (0, 9)


def test_group_sum_counts_neighbours():
    x = torch.tensor([[1.0, 1.0, 0.0, 0.0, 1.0, 0.0]])
    assert GroupSum(3, tau=2.0)(x).tolist() == [[1.0, 0.0, 0.5]]


@pytest.mark.parametrize(
    ("k", "tau", "kind", "message"),
    [
        (0, 1.0, ValueError, "^k must be 1 or more, not 0$"),
        (2, -1.0, ValueError, r"^tau must be a positive finite number, not -1\.0$"),
        (2.0, 1.0, TypeError, r"^k must be an int, not float 2\.0$"),
    ],
)
def test_group_sum_rejects_options(k, tau, kind, message):
    with pytest.raises(kind, match=message):
        GroupSum(k, tau)


@pytest.mark.parametrize("shape", [(2, 7), (2, 0), (6,)])
def test_group_sum_rejects_shapes(shape):
    message = r"^x must have shape \(batch, a multiple of k = 3\), not "
    with pytest.raises(ValueError, match=message):
        GroupSum(3)(torch.zeros(shape))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_thermometer_is_its_spec(dtype):
    expected = spec().encode(CODES)
    found = ThermometerLayer(spec())(torch.from_numpy(CODES).to(dtype))
    assert found.dtype == torch.float32
    assert np.array_equal(found.numpy().astype(bool), expected)


@pytest.mark.parametrize(
    ("low", "high"), [(-8, 7), (0, 255), (0, 256), (-1, 2**31 - 1), (0, 2**40)]
)
def test_thermometer_takes_every_range(low, high):
    features = Features.integers([low], [high])
    codes = np.linspace(low, high, 16).astype(np.int64)[:, None]
    fitted = fit_thermometer(features, codes)
    found = ThermometerLayer(fitted)(torch.from_numpy(codes))
    assert np.array_equal(found.numpy().astype(bool), fitted.encode(codes))


@pytest.mark.parametrize(
    ("codes", "kind", "message"),
    [
        (torch.zeros(2, 5), TypeError, r"^codes must be integers, not torch\.float32; features\.q"),
        (torch.zeros(2, 5).bool(), TypeError, r"^codes must be integers, not torch\.bool; feature"),
        (
            torch.zeros(2, 4).int(),
            ValueError,
            r"^codes must have shape \(batch, 5\), not \(2, 4\)$",
        ),
        (torch.full((2, 5), 17), ValueError, "^Sample 0, feature 'x0' must be 0 to 16, not 17$"),
    ],
)
def test_thermometer_rejects_codes(codes, kind, message):
    with pytest.raises(kind, match=message):
        ThermometerLayer(spec())(codes)


def test_thermometer_rejects_what_is_no_spec():
    with pytest.raises(TypeError, match=r"^spec must be an lgn_hw\.Thermometer, not int$"):
        ThermometerLayer(3)


def test_the_old_name_of_the_thermometer_layer_says_the_new_one():
    with pytest.warns(DeprecationWarning, match="ThermometerLayer"):
        assert lgn_train.Thermometer is ThermometerLayer
    with pytest.raises(AttributeError, match="'lgn_train' has no attribute 'Thermo'"):
        lgn_train.Thermo  # noqa: B018


@pytest.mark.parametrize("estimator", ["gumbel_st", "soft", "cage"])
@pytest.mark.parametrize("candidates", [0, 4])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, "autocast"])
def test_layers_train_in_other_types(estimator, candidates, dtype):
    """`.double()`, `.half()` and autocast: gradients are finite, and the circuit is the same."""
    samples = np.arange(64).reshape(16, 4) % 16
    encoder = fit_thermometer(Features.integers([0] * 4, [15] * 4), samples, 5)
    layers = [LogicDense(encoder.num_bits, 30, estimator=estimator, seed=1, candidates=candidates),
              LogicDense(30, 20, estimator=estimator, seed=2)]  # fmt: skip
    model = nn.Sequential(ThermometerLayer(encoder), *layers, GroupSum(2, tau=2.0))
    x = torch.randint(0, 16, (32, 4), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = model.eval()(x).float() + 0
    model.train()
    if dtype == "autocast":
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.cross_entropy(model(x), x[:, 0] % 2)
    else:
        loss = nn.functional.cross_entropy(model.to(dtype)(x), x[:, 0] % 2)
    loss.backward()
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()
    with torch.no_grad():
        assert torch.equal(model.eval()(x).float(), expected)
