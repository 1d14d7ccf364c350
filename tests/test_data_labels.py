"""Labels: one spelling a class, a total order, and matching by name."""

import random
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgn_hw.data import canonical, is_missing, match_labels, number_classes
from lgn_hw.data.labels import check_class_names
from lgn_hw.errors import UsageError

SPELLINGS = [
    (["1", "1.0", "+1", "01", "1e0", " 1 ", "1.000"], "1"),
    (["0", "-0", "0.0", ".0"], "0"),
    (["0.5", ".5", "0.50", "5e-1"], "0.5"),
    (["true", "TRUE", "True"], "True"),
    (["cat", " cat\t"], "cat"),
    (["1_0"], "1_0"),
    (["nan"], "nan"),
    (["9007199254740993"], "9007199254740993"),
]


@pytest.mark.parametrize(("spellings", "name"), SPELLINGS)
def test_canonical_gives_each_class_one_name(spellings, name):
    assert {canonical(spelling) for spelling in spellings} == {name}


LABELS = st.one_of(
    st.text(max_size=6), st.integers().map(str), st.floats().map(str), st.sampled_from(["1.0", "1"])
)


@given(LABELS)
def test_canonical_of_a_canonical_name_is_itself(label):
    assert canonical(canonical(label)) == canonical(label)


@given(st.lists(LABELS.filter(lambda label: not is_missing(label)), min_size=1), st.randoms())
def test_number_classes_depends_on_the_set_of_names_alone(labels, rng):
    numbers, names = number_classes(labels)
    assert [names[number] for number in numbers] == [canonical(label) for label in labels]
    assert len(set(names)) == len(names)
    shuffled = random.Random(rng.random()).sample(labels, len(labels))
    assert number_classes(shuffled + labels)[1] == names
    assert match_labels(labels, names)[0].tolist() == numbers.tolist()


def test_number_classes_keeps_the_order_of_numbers():
    assert number_classes(["10", "9.0", "10", "-1", "9"])[1] == ["-1", "9", "10"]
    numbers, names = number_classes(["b", "a", "b"])
    assert (numbers.tolist(), names) == ([1, 0, 1], ["a", "b"])


MATCHES = [
    (["1", "2", "10"], ["2.0", "10", "1"], [1, 2, 0]),
    (["1", "2", "10"], ["0", "1"], [-1, 0]),
    (["cat", "dog"], ["dog", "cow", "", "cat"], [1, -1, -1, 0]),
    (["cat", "dog"], ["0", "1.0"], [0, 1]),
    (["cat", "dog"], ["1", "2"], [1, -1]),
    (["0", "1"], ["True", "false"], [1, 0]),
    (["False", "True"], ["1", "0", "TRUE"], [-1, -1, 1]),
    (["False", "True"], ["1", "0"], [1, 0]),
    (["1.0", "2.0"], ["1", "2"], [0, 1]),
    (["1.0", "1"], ["1", "1.0"], [1, 0]),
]


@pytest.mark.parametrize(("classes", "labels", "numbers"), MATCHES)
def test_match_labels_by_name(classes, labels, numbers):
    found, unknown = match_labels(labels, classes)
    assert found.tolist() == numbers
    assert sum(unknown.values()) == int((np.array(numbers) < 0).sum())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", ""], "p: class 1 must have a name, not ''"),
        (["a", "b", " a"], "p: class names must differ, and 0 and 2 are both 'a'"),
        (["1", "1.0"], "p: class names must differ, and 0 and 1 are both '1'"),
    ],
)
def test_check_class_names_rejects_names(names, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        check_class_names(names, "p")
