"""Export: the classifier is the network in eval mode, sample by sample."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lgn_hw import Classifier, ClassifierError
from lgn_hw.errors import CheckFailed
from lgn_hw.features import Features
from lgn_train import GroupSum, LogicDense, ThermometerLayer, export_model, fit_thermometer
from lgn_train.export import check_equal
from lgn_train.predictions import predictions

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores

FEATURES = Features.integers([0, -4, 0], [16, 3, 255])
CODES = np.random.default_rng(0).integers(FEATURES.low, FEATURES.high, (200, 3), endpoint=True)
SPEC = fit_thermometer(FEATURES, CODES, 5)

OPTIONS = st.one_of(
    st.just({"parametrization": "raw", "fan_in": 2}),
    st.fixed_dictionaries(
        {"parametrization": st.sampled_from(["light", "walsh"]), "fan_in": st.integers(2, 6)}
    ),
)
LAYERS = st.lists(
    st.tuples(OPTIONS, st.sampled_from(["gaussian", "residual"])), min_size=1, max_size=3
)


def network(layers, classes=3, outputs=12, seed=0):
    widths = [SPEC.num_bits, *[17] * (len(layers) - 1), outputs]
    dense = [
        LogicDense(i, o, init=init, seed=seed + n, **options)
        for n, (i, o, (options, init)) in enumerate(
            zip(widths[:-1], widths[1:], layers, strict=True)
        )
    ]
    return nn.Sequential(ThermometerLayer(SPEC), *dense, GroupSum(classes, 2.5))


SMALL = [({"parametrization": "light", "fan_in": 3}, "gaussian")] * 2


@settings(deadline=None, max_examples=40)
@given(LAYERS, st.integers(0, 1000))
def test_exported_classifiers_predict_what_the_network_does(layers, seed):
    model = network(layers, seed=seed)
    classifier = export_model(model, "abc")
    with torch.no_grad():
        logits = model.eval()(torch.from_numpy(CODES)).numpy()
    assert np.array_equal(classifier.scores(CODES), np.rint(logits * 2.5))
    assert np.array_equal(classifier.predict(CODES), predictions(model, CODES))
    assert classifier.tau == 2.5


def test_export_leaves_the_model_as_it_was():
    model = network(SMALL).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    export_model(model, "abc")
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_exported_classifiers_go_through_their_file(tmp_path):
    classifier = export_model(network(SMALL), "abc", {"seed": 1})
    classifier.save(tmp_path / "a.lgn")
    assert Classifier.load(tmp_path / "a.lgn").digest == classifier.digest


def test_check_equal_finds_a_single_flipped_bit():
    model = network(SMALL)
    classifier = export_model(model, "abc")
    check_equal(classifier, model, CODES)
    with torch.no_grad():
        model[1].logits.neg_()
    message = r"^The exported classifier differs from the model on \d+ of 200 samples, first on s"
    with pytest.raises(CheckFailed, match=message):
        check_equal(classifier, model, CODES)


ORDER = re.escape("model must be nn.Sequential(ThermometerLayer, logic layers ..., GroupSum)")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            nn.Sequential(ThermometerLayer(SPEC), nn.Dropout(), GroupSum(3)),
            f"^{ORDER}; layer 1 is Dropout, not a layer with a circuit or Flatten",
        ),
        (
            nn.Sequential(LogicDense(3, 3, seed=0), GroupSum(3)),
            f"^{ORDER}; layer 0 is LogicDense, not ThermometerLayer$",
        ),
        (
            nn.Sequential(ThermometerLayer(SPEC), LogicDense(SPEC.num_bits, 3, seed=0)),
            f"^{ORDER}; layer 1 is LogicDense, not GroupSum$",
        ),
        (
            nn.Sequential(ThermometerLayer(SPEC), nn.Flatten(2), GroupSum(3)),
            r"^layer 1 must be nn\.Flatten\(\), not Flatten\(start_dim=2, end_dim=-1\)$",
        ),
        (nn.Linear(2, 2), f"^{ORDER}, or have a method logic_parts.*, not Linear of another form$"),
    ],
)
def test_export_rejects_models_of_another_form(model, message):
    with pytest.raises(TypeError, match=message):
        export_model(model, "abc")


def test_export_rejects_parts_that_do_not_fit():
    with pytest.raises(ClassifierError, match=r"^GroupSum\(k=5\) cannot divide 12 outputs into"):
        export_model(network(SMALL, classes=5), "abcde")
    model = nn.Sequential(ThermometerLayer(SPEC), LogicDense(99, 3, seed=0), GroupSum(3))
    with pytest.raises(
        ClassifierError, match=r"^LogicDense 0 reads 99 bits, and has \d+ before it$"
    ):
        export_model(model, "abc")
    with pytest.raises(
        ClassifierError, match=r"^Output 8 must vote for one of the classes 0 to 1,"
    ):
        export_model(network(SMALL), "ab")


class Net(nn.Module):
    """A model with a forward() of its own; `kept` says which layers the hook names."""

    def __init__(self, sequential, kept=slice(None)):
        super().__init__()
        self.first, self.rest = sequential[:2], sequential[2:]
        self.kept = kept

    def forward(self, codes):
        return self.rest(self.first(codes.flatten(1)))

    def logic_parts(self):
        return [self.first, *self.rest][self.kept]


def parts(seed=0):
    encoder = fit_thermometer(
        Features.integers([0] * 6, [9] * 6), np.random.default_rng(seed).integers(0, 10, (99, 6)), 3
    )
    sizes = ((encoder.num_bits, 40), (40, 24), (24, 24))
    layers = [LogicDense(a, b, seed=seed + b, init="gaussian") for a, b in sizes]
    return [ThermometerLayer(encoder), *layers, GroupSum(3, tau=2.0)]


def test_export_takes_nested_sequentials_a_leading_flatten_and_hooks():
    encoder, first, second, third, head = parts()
    plain = nn.Sequential(encoder, first, second, third, head)
    digest = export_model(plain, "abc").digest
    nested = nn.Sequential(nn.Sequential(encoder, first), nn.Sequential(nn.Sequential(second)))
    assert export_model(nn.Sequential(nested, third, head), "abc").digest == digest
    flattened = nn.Sequential(nn.Flatten(), plain)
    assert export_model(flattened, "abc").digest == digest
    assert export_model(Net(plain), "abc").digest == digest
    images = torch.randint(0, 10, (70, 1, 2, 3))
    expected = export_model(plain, "abc").predict(images.numpy())
    for model in (plain, flattened, Net(plain)):
        assert model.eval()(images).argmax(dim=1).tolist() == expected.tolist()


def test_export_rejects_a_hook_that_names_other_layers():
    model = Net(nn.Sequential(*parts()), slice(0, None))
    model.rest[1] = LogicDense(24, 24, seed=99, init="gaussian")
    lying = Net(nn.Sequential(*parts()))
    lying.logic_parts = lambda: nn.Sequential(*parts(seed=5))
    assert export_model(model, "abc").num_classes == 3
    with pytest.raises(CheckFailed, match="differs from the model on"):
        export_model(lying, "abc")


def test_export_rejects_sequentials_with_a_forward_of_their_own():
    class Skipping(nn.Sequential):
        def forward(self, codes):
            return self[0](codes)

    with pytest.raises(TypeError, match=r"^Skipping has a forward\(\) of its own.*logic_parts\(\)"):
        export_model(Skipping(*parts()), "abc")
