"""Samples of files for a classifier: columns and labels by name, whatever the file."""

import re
from dataclasses import replace

import numpy as np
import pytest

from lgn_hw import Classifier, Netlist, Thermometer, UsageError
from lgn_hw.features import Features
from lgn_hw.samples import LABEL_KEY, read_samples

X = np.array([[1, 0], [9, 30], [4, 40]])


def tall(classes=("short", "tall"), names=("cm", "kg"), **provenance):
    """Return a classifier that looks whether the first feature is above 4."""
    encoder = Thermometer(Features.integers([0, 0], [9, 99], names), [0], [4])
    wire = Netlist(1, [[2, 0, 0, 0, 0, 0]], np.array([0b01], np.uint64), outputs=[3, 2])
    return Classifier(encoder, wire, [0, 1], 1.0, classes, provenance)


@pytest.fixture
def read(tmp_path):
    def write_and_read(classifier, content, label=None):
        path = tmp_path / ("t.csv" if isinstance(content, str) else "t.npz")
        if isinstance(content, str):
            path.write_text(content)
        else:
            np.savez(path, **content)
        return read_samples(classifier, path, label)

    return write_and_read


CSV = "kg,note,cm,size\n0,a,1,short\n30,b,9,tall\n40,c,4,tall\n"


def test_columns_are_found_by_name_and_labels_by_the_name_of_training(read):
    samples = read(tall(**{LABEL_KEY: "size"}), CSV)
    assert samples.codes.tolist() == X.tolist()
    assert samples.labels.tolist() == [0, 1, 1]
    assert samples.accuracy(np.array([0, 1, 0])) == pytest.approx(2 / 3)
    assert "columns that the classifier does not read: 'note'" in samples.notices[0]


def test_a_later_column_of_class_names_is_not_the_label(read):
    classifier = tall(("0", "1"), **{LABEL_KEY: "size"})
    text = CSV.replace("short", "0").replace("tall", "1").replace("size", "size,seen")
    text = re.sub(r"([01])\n", r"\1,0\n", text)
    assert read(classifier, text).labels.tolist() == [0, 1, 1]
    assert read(classifier, text.replace("size", "sort")).labels is None
    assert read(classifier, text, label="seen").labels.tolist() == [0, 0, 0]
    with pytest.raises(UsageError, match=r"has no column 'sizes'; did you mean 'size'\?$"):
        read(classifier, text, label="sizes")


def test_a_recipe_names_the_label_of_older_classifiers(read):
    classifier = tall(recipe={"data": {"label": "note"}})
    assert read(classifier, CSV.replace(",a,", ",tall,")).labels.tolist() == [1, -1, -1]


def test_without_a_known_label_the_last_column_is_a_guess_that_is_told(read):
    samples = read(tall(), CSV)
    assert samples.labels.tolist() == [0, 1, 1]
    assert any("labels are taken from column 'size'" in notice for notice in samples.notices)
    assert read(tall(), CSV.replace("short", "a").replace("tall", "b")).labels is None


def test_unknown_labels_are_counted_and_left_out_of_the_accuracy(read):
    samples = read(tall(**{LABEL_KEY: "size"}), CSV.replace("40,c,4,tall", "40,c,4,huge"))
    assert samples.labels.tolist() == [0, 1, -1]
    assert (samples.labelled, samples.accuracy(np.array([0, 1, 0]))) == (2, 1.0)
    assert "1 of 3 labels in column 'size' of" in samples.notices[-1]
    assert (
        "('huge'); the accuracy is of the other 2; its classes are 'short', 'tall'"
        in (samples.notices[-1])
    )
    none = read(tall(**{LABEL_KEY: "size"}), re.sub("short|tall", "", CSV))
    assert (none.labelled, none.accuracy(np.zeros(3))) == (0, None)
    assert "3 of them empty; so there is no accuracy" in none.notices[-1]


LABELS = [
    (("1", "2"), np.array([1, 2, 2])),
    (("1", "2"), np.array([1.0, 2.0, 2.0])),
    (("1", "2"), np.array([[1], [2], [2]])),
    (("1", "2"), np.array(["1", "2.0", " 2"])),
    (("10", "20"), np.array([10, 20, 20], np.uint8)),
    (("-1", "1"), np.array([-1, 1, 1])),
    (("False", "True"), np.array([False, True, True])),
    (("False", "True"), np.array([0, 1, 1])),
    (("short", "tall"), np.array(["short", "tall", "tall"])),
    (("short", "tall"), np.array([b"short", b"tall", b"tall"])),
    (("short", "tall"), np.array([0, 1, 1])),
]


@pytest.mark.parametrize(("classes", "y"), LABELS)
def test_labels_of_arrays_match_class_names(read, classes, y):
    assert read(tall(classes), {"x": X, "y": y}).labels.tolist() == [0, 1, 1]


def test_arrays_with_class_names_match_by_these(read):
    other = {"x": X, "y": np.array([1, 0, 0]), "class_names": np.array(["tall", "short"])}
    assert read(tall(), other).labels.tolist() == [0, 1, 1]


def test_arrays_with_feature_names_may_have_another_order(read):
    swapped = {"x": X[:, ::-1], "feature_names": np.array(["kg", "cm"])}
    assert read(tall(), swapped).codes.tolist() == X.tolist()
    with pytest.raises(UsageError, match="has no column 'cm', which the classifier reads"):
        read(tall(), swapped | {"feature_names": np.array(["kg", "inch"])})
    assert read(tall(names=("x0", "x1")), swapped).codes.tolist() == [[0, 1], [9, 9], [9, 4]]


def test_codes_have_class_numbers(read):
    run = {"x": X, "y": np.array([0, 1, 1]), "codes": np.array(True)}
    assert read(tall(("5", "7")), run).labels.tolist() == [0, 1, 1]
    with pytest.raises(UsageError, match="must be class numbers 0 to 1, not '7'"):
        read(tall(("5", "7")), run | {"y": np.array([7, 7, 7])})


def test_values_beyond_the_range_are_taken_for_its_end_and_told(read):
    samples = read(tall(**{LABEL_KEY: "size"}), CSV.replace("30,b,9", "3000,b,9.4"))
    assert samples.codes.tolist() == [[1, 0], [9, 99], [4, 40]]
    assert "1 of 6 values was beyond the range and taken for its end, in kg (0 to 99)" in (
        samples.notices
    )
    assert "1 of 6 values had a fraction and was rounded to integers, in cm (0 to 9)" in (
        samples.notices
    )


def test_features_of_one_name_need_arrays(read):
    classifier = tall(names=("a", "a"))
    assert read(classifier, {"x": X}).codes.tolist() == X.tolist()
    with pytest.raises(UsageError, match=r"several features of one name.*give the samples as an"):
        read(classifier, CSV)


def test_slices_keep_labels_and_codes_together(read):
    part = read(tall(), {"x": X, "y": np.array([0, 1, 1])})[1:]
    assert (len(part), part.codes.tolist(), part.labels.tolist()) == (2, X[1:].tolist(), [1, 1])
    assert replace(part, labels=None).accuracy(np.zeros(2)) is None
