"""Features turn raw values into codes and codes into port bits, and refuse what has no code."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import telling

from lgn_hw import ClassifierError, Thermometer, UsageError
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


def test_quantize_rounds_and_saturates():
    codes = mixed().quantize([[5, -1.0], [-2, 1.0], [9, 9.0], [-9, -9.0], [1.7, 0.004]])
    assert codes.tolist() == [[5, 0], [-2, 255], [5, 255], [-2, 0], [2, 128]]


def test_quantized_counts_and_tells_what_it_changed():
    found = mixed().quantized([[9, 9.0], [1.7, 0.0], [7.5, 1.0]])
    assert (found.saturated.tolist(), found.rounded.tolist()) == ([2, 1], [2, 0])
    assert found.notices() == (
        "3 of 6 values were beyond the range and taken for its end, in count (-2 to 5), volts"
        " (-1 to 1)",
        "2 of 6 values had a fraction and were rounded to integers, in count (-2 to 5)",
    )
    assert mixed().quantized([[5, 1.0]]).notices("rows") == ()


@given(st.integers(-(2**63), 2**63 - 2), st.integers(1, 2**40), st.data())
def test_saturated_integers_pass_every_threshold_that_they_passed(low, span, data):
    high = min(low + span, 2**63 - 1)
    value = data.draw(st.integers(-(2**63), 2**63 - 1))
    threshold = data.draw(st.integers(low, high - 1))
    code = int(Features.integers([low], [high]).quantize(np.array([[value]]))[0, 0])
    assert low <= code <= high
    assert (code > threshold) == (value > threshold)


def test_quantize_takes_integers_beyond_2_53_exactly_and_refuses_them_as_floats():
    stamp = 1_700_000_000_000_000_001
    features = Features(("t", "v"), [stamp - 9, 0], [stamp + 9, 255], [0, 0.5], [1, 2.0])
    assert features.quantize(np.array([[stamp, 1], [stamp + 99, 3]])).tolist() == [
        [stamp, 0],
        [stamp + 9, 1],
    ]
    message = "Sample 0, feature 't' must be an integer, beyond 2^53, not a float, not 1.7e+18"
    with pytest.raises(ClassifierError, match=re.escape(message)):
        features.quantize([[1.7e18, 0.0]])
    top = np.array([[2**64 - 1]], np.uint64)
    assert Features.integers([0], [2**63 - 1]).quantize(top).tolist() == [[2**63 - 1]]


def test_quantize_takes_images():
    features = Features.integers([0] * 6, [255] * 6)
    images = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert features.quantize(images).tolist() == images.reshape(2, 6).tolist()


def test_quantize_and_predict_find_the_columns_of_a_frame_by_name():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"volts": [-1.0, 1.0], "other": [7, 7], "count": [5, 9]})
    assert mixed().quantize(frame).tolist() == [[5, 0], [5, 255]]
    codes = pandas.DataFrame({"b": [1, 2], "a": [3, 4]})
    assert Features.integers([0, 0], [9, 9], "ab").validated(codes).tolist() == [[3, 1], [4, 2]]
    message = r"has no column 'count', which .*: 'other', 'Count'; is 'count' named 'Count' there"
    with pytest.raises(UsageError, match=message):
        mixed().quantize(frame.rename(columns={"count": "Count"}))
    missing = pandas.DataFrame({"count": pandas.array([True, None], "boolean"), "volts": [0, 1.0]})
    with pytest.raises(UsageError, match="row 1, column 'count' is missing"):
        mixed().quantize(missing)
    with pytest.raises(UsageError, match=r"has numbers for names .*frame\.to_numpy\(\)$"):
        mixed().quantize(pandas.DataFrame([[1, 2.0]]))


def test_quantize_leaves_integers_alone():
    features = Features.integers([0], [1 << 40])
    assert features.quantize(np.array([[(1 << 40) - 1]])).tolist() == [[(1 << 40) - 1]]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([[0, float("nan")]], "Sample 0, feature 'volts' must be a finite number, not nan"),
        ([[0, 0], [0, -np.inf]], "Sample 1, feature 'volts' must be a finite number, not -inf"),
        ([["a", "b"]], "Samples must be numbers, not <U1"),
        ([[1], [1, 2]], "Samples must be rows of equal length: "),
        ([[1, 2, 3]], "Samples must have shape (samples, 2), not (1, 3)"),
    ],
)
def test_quantize_rejects_values_without_a_code(raw, message):
    with pytest.raises(ClassifierError, match=f"^{re.escape(message)}"):
        mixed().quantize(raw)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("a",), [3], [3], [0], [1]), "Feature 'a' ...low below high, not 3 to 3"),
        (
            (("a",), [0], [3], [0], [0]),
            "Feature 'a' ...finite offset ...positive scale, not 0.0 and 0.0",
        ),
        (
            (("a", "b"), [0], [3], [0], [1]),
            "low ... 2 features, not shape (1,)",
        ),
    ],
)
def test_features_reject_impossible_ranges(arguments, message):
    with pytest.raises(ClassifierError, match=telling(message)):
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
            "Bit 0 ...'h' must be 0 to 14, not 15",
        ),
        (
            [0],
            [-1],
            "Bit 0 ...'h' must be 0 to 14, not -1",
        ),
        ([1], [3], "Bit 0 ...features 0 to 0, not 1"),
        ([0.0], [3], "feature must hold integers, not float64"),
        (
            [0, 0],
            [3],
            "feature and threshold ... (2,) and (1,)",
        ),
    ],
)
def test_thermometer_rejects_impossible_bits(feature, threshold, message):
    with pytest.raises(ClassifierError, match=telling(message)):
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
