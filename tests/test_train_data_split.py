"""The validation part: of every class, out of the training part, by the seed alone."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import telling

from lgn_hw.errors import UsageError
from lgn_hw.features import Features
from lgn_train.data import Dataset
from lgn_train.data.split import hold_out
from lgn_train.recipe import Data
from lgn_train.sources import load_dataset


def dataset(*sizes):
    """Samples that hold their own number, as many of each class as is said; one to test."""
    y = np.repeat(np.arange(len(sizes)), sizes)
    x = np.arange(len(y))[:, None]
    features = Features.integers([0], [max(1, len(y) - 1)])
    names = tuple("abcdefgh"[: len(sizes)])
    return Dataset(features, x, y, x[:1], y[:1], names)


@given(st.lists(st.integers(4, 30), min_size=2, max_size=5), st.integers(0, 9))
def test_validation_part_has_its_share_of_every_class(sizes, seed):
    whole = dataset(*sizes)
    found = hold_out(whole, 0.5, seed)
    held = found.x_validation[:, 0]
    assert sorted([*found.x_train[:, 0], *held]) == list(range(sum(sizes)))
    assert np.array_equal(found.y_validation, whole.y_train[held])
    shares = np.bincount(found.y_validation, minlength=len(sizes))
    assert (np.abs(shares - np.array(sizes) / 2) < 1).all()
    assert found.measured[0] == "validation"
    assert whole.measured[0] == "test"


def test_validation_part_is_drawn_by_the_seed():
    parts = [hold_out(dataset(40, 60), 0.2, seed).x_validation[:, 0].tolist() for seed in (0, 0, 1)]
    assert parts[0] == parts[1] != parts[2]
    assert len(parts[0]) == 20


def test_validation_part_is_not_a_second_look_at_the_test_draw():
    from lgn_train.data.split import stratified_split

    labels = np.repeat([0, 1], 50)
    _, test = stratified_split(labels, 20, 7)
    assert set(hold_out(dataset(50, 50), 0.2, 7).x_validation[:, 0]) != set(test)


def test_load_dataset_holds_out_what_the_recipe_asks_for():
    plain, split = (load_dataset(Data(source="digits", validation=v)) for v in (0.0, 0.1))
    assert plain.x_validation is None
    assert (len(split.x_train), len(split.x_validation)) == (1293, 144)
    assert np.array_equal(plain.x_test, split.x_test)
    assert plain.digest != split.digest


TOO_SMALL = [
    (
        (1, 50),
        0.1,
        "data.validation: class 'a' ...; leave data.validation out, or give more samples",
    ),
    (
        (50, 4),
        0.02,
        "data.validation = 0.02 ... 4 training samples of class 'b'; raise it to 0.26, ...",
    ),
    (
        (50, 2),
        0.99,
        "data.validation = 0.99 ... 2 training samples of class 'b' ...; lower it",
    ),
]


@pytest.mark.parametrize(("sizes", "fraction", "message"), TOO_SMALL)
def test_hold_out_rejects_a_class_without_samples_in_a_part(sizes, fraction, message):
    with pytest.raises(UsageError, match=telling(message)):
        hold_out(dataset(*sizes), fraction, 0)


@given(st.lists(st.integers(2, 30), min_size=2, max_size=4), st.floats(0.001, 0.2))
def test_hold_out_names_a_fraction_that_is_enough(sizes, fraction):
    try:
        hold_out(dataset(*sizes), fraction, 0)
    except UsageError as problem:
        remedy = re.search(r"raise it to ([\d.]+)", str(problem))
        if remedy:
            in_validation = hold_out(dataset(*sizes), float(remedy[1]), 0).y_validation
            assert len(np.unique(in_validation)) == len(sizes)


def test_hold_out_takes_classes_that_are_in_the_test_part_only():
    whole = dataset(10, 10, 1)
    rare = Dataset(whole.features, whole.x_train[:20], whole.y_train[:20], whole.x_train[20:],
                   whole.y_train[20:], whole.classes)  # fmt: skip
    assert len(hold_out(rare, 0.2, 0).y_validation) == 4
