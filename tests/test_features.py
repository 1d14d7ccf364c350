"""Features turn raw values into codes and codes into port bits, and refuse what has no code."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgn_hw import ClassifierError, Thermometer
from lgn_hw.features import Features


def mixed():
    return Features(("count", "volts"), [-2, 0], [5, 255], [0, -1.0], [1, 2 / 255])


@pytest.mark.parametrize(
    ("low", "high", "width"),
    [(0, 1, 1), (0, 15, 4), (0, 16, 5), (-1, 0, 1 + 0), (-8, 7, 4), (-8, 8, 5), (-9, 7, 5),
     (3, 4, 3), (-5, -2, 4)],
)  # fmt: skip
def test_width_holds_the_range(low, high, width):
    features = Features.integers([low], [high])
    assert features.width.tolist() == [max(width, 1)]
    span = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if low < 0 else (0, (1 << width) - 1)
    assert span[0] <= low < high <= span[1]


def test_pack_puts_feature_0_lowest_in_twos_complement():
    features = Features.integers([-8, 0], [7, 255])
    assert features.pack([[-1, 0x5A], [7, 0]]) == [0x5AF, 0x007]


@given(st.lists(st.tuples(st.integers(-300, 299), st.integers(1, 600)), min_size=1, max_size=5))
def test_pack_can_be_read_back(ranges):
    features = Features.integers([lo for lo, _ in ranges], [lo + n for lo, n in ranges])
    codes = np.stack([features.low, features.high])
    for row, port in zip(codes, features.pack(codes), strict=True):
        for feature, code in enumerate(row):
            width = int(features.width[feature])
            start = int(features.width[:feature].sum())
            field = (port >> start) & ((1 << width) - 1)
            if features.signed[feature] and field >> (width - 1):
                field -= 1 << width
            assert field == code
        assert port < 1 << features.sample_width


def test_quantize_rounds_and_saturates_scaled_features_only():
    codes = mixed().quantize([[5, -1.0], [-2, 1.0], [0, 9.0], [1, -9.0], [2, 0.004]])
    assert codes.tolist() == [[5, 0], [-2, 255], [0, 255], [1, 0], [2, 128]]


def test_quantize_leaves_integers_alone():
    features = Features.integers([0], [1 << 40])
    assert features.quantize(np.array([[(1 << 40) - 1]])).tolist() == [[(1 << 40) - 1]]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([[0, float("nan")]], "Sample 0, feature 'volts' must be a finite number, not nan"),
        ([[0, 0], [0, -np.inf]], "Sample 1, feature 'volts' must be a finite number, not -inf"),
        ([[0.5, 0]], "Sample 0, feature 'count' must be an integer, not 0.5"),
        ([[6, 0]], "Sample 0, feature 'count' must be -2 to 5, not 6"),
        ([["a", "b"]], "Samples must be numbers, not <U1"),
        ([[1, 2, 3]], "Samples must have shape (samples, 2), not (1, 3)"),
    ],
)
def test_quantize_rejects_values_without_a_code(raw, message):
    with pytest.raises(ClassifierError, match=f"^{re.escape(message)}$"):
        mixed().quantize(raw)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("a",), [3], [3], [0], [1]), "Feature 'a' must have low below high, not 3 to 3"),
        (
            (("a",), [0], [3], [0], [0]),
            "Feature 'a' must have a finite offset and a positive scale, not 0.0 and 0.0",
        ),
        (
            (("a", "b"), [0], [3], [0], [1]),
            "low must have one value for each of 2 features, not shape (1,)",
        ),
    ],
)
def test_features_reject_impossible_ranges(arguments, message):
    with pytest.raises(ClassifierError, match=f"^{re.escape(message)}$"):
        Features(*arguments)


def test_thermometer_compares_each_bit_with_its_threshold():
    encoder = Thermometer(Features.integers([0, -4], [15, 3]), [0, 1, 0], [3, -2, 14])
    assert encoder.encode([[3, -2], [4, -1], [15, 3]]).tolist() == [
        [False, False, False],
        [True, True, False],
        [True, True, True],
    ]


@pytest.mark.parametrize(
    ("feature", "threshold", "message"),
    [
        (
            [0],
            [15],
            "Bit 0 would be constant: the threshold of feature 'h' must be 0 to 14, not 15",
        ),
        (
            [0],
            [-1],
            "Bit 0 would be constant: the threshold of feature 'h' must be 0 to 14, not -1",
        ),
        ([1], [3], "Bit 0 must look at one of the features 0 to 0, not 1"),
        ([0.0], [3], "feature must hold integers, not float64"),
        (
            [0, 0],
            [3],
            "feature and threshold must have one value a bit, not shapes (2,) and (1,)",
        ),
    ],
)
def test_thermometer_rejects_impossible_bits(feature, threshold, message):
    with pytest.raises(ClassifierError, match=f"^{re.escape(message)}$"):
        Thermometer(Features.integers([0], [15], ["h"]), feature, threshold)


def test_validated_keeps_the_dtype_and_refuses_as_checked_does():
    features = Features.integers([0, -3], [200, 5])
    codes = np.array([[200, 5], [0, -3]], np.int16)
    assert features.validated(codes).dtype == np.int16
    assert features.validated(np.zeros((0, 2), np.uint8)).shape == (0, 2)
    for codes in ([[0, 0], [201, 0]], np.array([[0, -4]], np.int8)):
        with pytest.raises(ClassifierError) as narrow, np.errstate(all="raise"):
            features.validated(codes)
        with pytest.raises(ClassifierError, match=f"^{re.escape(str(narrow.value))}$"):
            features.checked(codes)


def test_validated_sees_what_does_not_fit_int64():
    with pytest.raises(ClassifierError, match=r"must be 0 to 5, not 18446744073709551615$"):
        Features.integers([0], [5]).validated(np.array([[2**64 - 1]], np.uint64))
