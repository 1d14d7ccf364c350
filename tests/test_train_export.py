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
from lgn_train import GroupSum, LogicDense, Thermometer, export_model, fit_thermometer
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
    return nn.Sequential(Thermometer(SPEC), *dense, GroupSum(classes, 2.5))


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


ORDER = re.escape("model must be nn.Sequential(Thermometer, logic layers ..., GroupSum)")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            nn.Sequential(Thermometer(SPEC), nn.Dropout(), GroupSum(3)),
            f"^{ORDER}; layer 1 is Dropout, not LogicDense, BitPlanes, LogicConv2d, OrPool2d or F",
        ),
        (
            nn.Sequential(LogicDense(3, 3, seed=0), GroupSum(3)),
            f"^{ORDER}; layer 0 is LogicDense, not Thermometer$",
        ),
        (
            nn.Sequential(Thermometer(SPEC), LogicDense(SPEC.num_bits, 3, seed=0)),
            f"^{ORDER}; layer 1 is LogicDense, not GroupSum$",
        ),
        (
            nn.Sequential(Thermometer(SPEC), nn.Flatten(2), GroupSum(3)),
            r"^layer 1 must be nn\.Flatten\(\), not Flatten\(start_dim=2, end_dim=-1\)$",
        ),
        (nn.Linear(2, 2), f"^{ORDER}, not Linear of another form$"),
    ],
)
def test_export_rejects_models_of_another_form(model, message):
    with pytest.raises(TypeError, match=message):
        export_model(model, "abc")


def test_export_rejects_parts_that_do_not_fit():
    with pytest.raises(ClassifierError, match=r"^GroupSum\(k=5\) cannot divide 12 outputs into"):
        export_model(network(SMALL, classes=5), "abcde")
    model = nn.Sequential(Thermometer(SPEC), LogicDense(99, 3, seed=0), GroupSum(3))
    with pytest.raises(
        ClassifierError, match=r"^LogicDense 0 reads 99 bits, and has \d+ before it$"
    ):
        export_model(model, "abc")
    with pytest.raises(
        ClassifierError, match=r"^Output 8 must vote for one of the classes 0 to 1,"
    ):
        export_model(network(SMALL), "ab")
