"""The classifier means: encode, evaluate, count votes, lowest class of the highest count."""

import numpy as np
import pytest
from hypothesis import given
from messages import telling
from strategies import classifiers

from lgn_hw import Classifier, ClassifierError, Netlist, Thermometer, evaluate_reference
from lgn_hw.features import Features


def wires(inputs):
    return Netlist(inputs, np.zeros((0, 6), int), np.zeros(0, np.uint64), np.arange(2, 2 + inputs))


def encoder(thresholds=(3, 7, 11), low=0, high=15):
    features = Features.integers([low], [high], ["height"])
    return Thermometer(features, [0] * len(thresholds), thresholds)


def classifier(**changed):
    parts = {
        "encoder": encoder(),
        "netlist": wires(3),
        "group": [0, 1, 1],
        "tau": 1.0,
        "classes": ["short", "tall"],
    }
    return Classifier(**(parts | changed))


def random_codes(features, samples, seed=0):
    return np.random.default_rng(seed).integers(
        features.low, features.high, (samples, len(features)), endpoint=True
    )


def test_scores_count_the_votes_of_each_group():
    assert classifier().scores([[0], [4], [8], [12]]).tolist() == [[0, 0], [1, 0], [1, 1], [1, 2]]


def test_predict_takes_the_lowest_class_on_a_tie():
    assert classifier().predict([[0], [8], [12]]).tolist() == [0, 0, 1]


@given(classifiers())
def test_predict_equals_its_definition(classifier):
    codes = random_codes(classifier.features, 70)
    encoder = classifier.encoder
    bits = codes[:, encoder.feature] > encoder.threshold
    votes = evaluate_reference(classifier.netlist, bits)
    scores = np.stack(
        [votes[:, classifier.group == c].sum(axis=1) for c in range(classifier.num_classes)], 1
    )
    assert (classifier.scores(codes) == scores).all()
    best = [next(c for c, s in enumerate(row) if s == max(row)) for row in scores.tolist()]
    assert classifier.predict(codes).tolist() == best


def test_scores_of_many_samples_go_through_blocks():
    codes = random_codes(classifier().features, 10_000)
    expected = (codes > 3).astype(int), (codes > 7).astype(int) + (codes > 11)
    assert (classifier().scores(codes) == np.concatenate(expected, axis=1)).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"group": [0, 1]}, "group ... 3 outputs, not ... (2,)"),
        ({"group": [0, 1, 2]}, "Output 2 ... 0 to 1, not 2"),
        ({"group": [0, 1, 0.5]}, "group must hold integers, not float64"),
        ({"tau": 0}, "tau must be a positive number, not 0.0"),
        ({"tau": float("nan")}, "tau must be a positive number, not nan"),
        ({"classes": ["one"]}, "...two classes or more, not ('one',)"),
        ({"classes": ["a", "a"]}, "Class names must differ, not ('a', 'a')"),
        (
            {"netlist": wires(4)},
            "...as many inputs as the encoder has bits, 3, not 4",
        ),
    ],
)
def test_classifier_rejects_parts_that_do_not_fit(changed, message):
    with pytest.raises(ClassifierError, match=telling(message)):
        classifier(**changed)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([[1.0]], "Samples ...integers, not float64; quantize() ..."),
        ([1], "Samples must have shape (samples, 1), not (1,)"),
        ([[1, 2]], "Samples must have shape (samples, 1), not (1, 2)"),
        ([[1], [16]], "Sample 1, feature 'height' must be 0 to 15, not 16"),
        ([[-1]], "Sample 0, feature 'height' must be 0 to 15, not -1"),
    ],
)
def test_predict_rejects_samples_it_cannot_take(codes, message):
    with pytest.raises(ClassifierError, match=telling(message)):
        classifier().predict(codes)
