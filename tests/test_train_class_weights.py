"""Class weights: their forms, and what they do to a loss."""

import numpy as np
import pytest
from messages import telling

from lgn_hw.errors import UsageError
from lgn_train.class_weights import class_weights

LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 1])
CLASSES = ("low", "high")


def test_balanced_classes_count_alike():
    weights = class_weights("balanced", LABELS, CLASSES)
    assert weights == pytest.approx([8 / 12, 8 / 4])
    sums = np.bincount(LABELS, weights[LABELS])
    assert sums[0] == pytest.approx(sums[1])


@pytest.mark.parametrize("option", ["balanced", (1, 3), {"high": 3}, {"low": 1, "high": 3.0}])
def test_weights_of_every_form_are_one_in_the_mean_over_samples(option):
    weights = class_weights(option, LABELS, CLASSES)
    assert weights[LABELS].mean() == pytest.approx(1)
    assert weights[1] / weights[0] == pytest.approx(3)


def test_no_weights_are_none():
    assert class_weights(None, LABELS, CLASSES) is None


def test_balanced_takes_a_class_without_training_samples():
    weights = class_weights("balanced", LABELS, (*CLASSES, "never"))
    assert np.isfinite(weights).all()
    assert weights[:2] == pytest.approx([8 / 12, 8 / 4])


WRONG = [
    ({"hgih": 2}, "train.class_weight: 'hgih' ...; did you mean 'high'?"),
    ({"x": 2}, "train.class_weight: 'x' ...; they are low, high"),
    (
        (1, 2, 3),
        "train.class_weight ... 2 classes, low, high; it has 3",
    ),
]


@pytest.mark.parametrize(("option", "message"), WRONG)
def test_class_weights_rejects_what_does_not_fit_the_classes(option, message):
    with pytest.raises(UsageError, match=telling(message)):
        class_weights(option, LABELS, CLASSES)
