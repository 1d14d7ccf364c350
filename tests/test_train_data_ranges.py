"""Ranges of features: of images, of types, stated ones; and data sets that they saturate."""

import re

import numpy as np
import pytest

from lgn_cli.train import read_ranges
from lgn_hw.errors import UsageError
from lgn_train.data import load_file
from lgn_train.data.ranges import make_features
from lgn_train.encoding import fit_thermometer
from lgn_train.recipe import Recipe
from lgn_train.sources import with_data

Y = np.arange(20) % 2


@pytest.fixture
def load(tmp_path):
    def write_and_load(stated=None, **arrays):
        np.savez(tmp_path / "d.npz", **({"y": Y} | arrays))
        return load_file(tmp_path / "d.npz", stated=stated)

    return write_and_load


def ranges_of(data):
    return list(zip(data.features.low.tolist(), data.features.high.tolist(), strict=True))


def images(dtype, channels=1, low=3, high=12):
    rng = np.random.default_rng(0)
    x = rng.integers(low, high, (20, channels, 2, 3)).astype(dtype)
    x[0, :, 0, 0], x[1, :, 0, 0] = low, high
    x[:2] = x[:2, :, :1, :1]  # every pixel has both ends, in whichever part
    return np.concatenate([x[:2]] * 5 + [x[:10]])


@pytest.mark.parametrize(
    ("dtype", "range_"),
    [(np.uint8, (0, 255)), (np.int8, (-128, 127)), (bool, (0, 1)), (np.int16, (3, 12))],
)
def test_narrow_types_keep_their_whole_range(load, dtype, range_):
    x = np.tile(np.array([[3], [12]]), (10, 1)).astype(dtype)
    data = load(x=x) if dtype is not bool else load(x=np.tile([[False], [True]], (10, 1)))
    assert ranges_of(data) == [range_]


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_pixels_of_a_channel_have_one_range(load, dtype):
    x = np.arange(20)[:, None, None, None] * np.ones((20, 2, 2, 2))
    x[:, 1] = -x[:, 1] * np.array([[1, 2], [3, 4]])
    x[:, 0, 0, 0] = 0
    low, high = load(x=x.astype(dtype)).features.low, load(x=x.astype(dtype)).features.high
    assert len(set(low[:4])) == len(set(high[:4])) == len(set(low[4:])) == len(set(high[4:])) == 1
    assert low[4] < low[0] == 0


def test_float_pixels_of_a_channel_have_one_scale(load):
    x = np.random.default_rng(0).normal(size=(20, 2, 3, 3)) * np.array([1, 9])[:, None, None]
    features = load(x=x).features
    scales = features.scale.reshape(2, 9)
    assert (scales == scales[:, :1]).all()
    assert scales[1, 0] > scales[0, 0]
    assert not features.is_integer.any()


def test_stated_ranges_of_files_and_recipes(load):
    x = np.arange(40).reshape(20, 2)
    assert ranges_of(load(x=x, feature_low=0, feature_high=99)) == [(0, 99)] * 2
    assert ranges_of(load(x=x, feature_low=[0, -5], feature_high=[99, 50])) == [(0, 99), (-5, 50)]
    assert ranges_of(load(stated=(0, 64), x=x)) == [(0, 64)] * 2
    assert ranges_of(load(stated={"x1": (0, 64)}, x=x))[1] == (0, 64)
    assert ranges_of(load(stated=(0, 16), x=images(np.uint8))) == [(0, 16)] * 6
    both = images(np.float64, channels=2)
    assert ranges_of(load(x=both, feature_low=[0, 1], feature_high=[20, 30]))[::6] == [
        (0, 20),
        (1, 30),
    ]
    scaled = load(stated=(0, 1), x=x / 100).features
    assert (scaled.offset.tolist(), scaled.scale.tolist()) == ([0, 0], [1 / 255] * 2)


REFUSED = [
    ({"stated": (5, 5)}, "the range of 'x0' must be low below high, not 5 to 5"),
    ({"stated": {"z": (0, 5)}}, "has no feature 'z' to have a range; it has 'x0', 'x1'"),
    ({"feature_low": 0}, "must hold both of feature_low and feature_high, or neither"),
    ({"feature_low": [0] * 3, "feature_high": [9] * 3}, "one number, or 2, one per feature"),
    ({"feature_low": np.nan, "feature_high": 1.0}, "feature_low must hold a finite number"),
    (
        {"stated": {"x0": (0, 5)}, "x": images(np.uint8)},
        "holds images, whose pixels have one range; state it for all of them",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_stated_ranges_reject(load, options, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        load(**({"x": np.arange(40).reshape(20, 2)} | options))


def test_training_values_beyond_a_stated_range_saturate_and_are_told(load):
    data = load(stated=(5, 10), x=np.arange(20)[:, None])
    assert (data.x_train.min(), data.x_train.max()) == (5, 10)
    assert re.match(r"\d+ of 16 training values (was|were) beyond the range .* x0 \(5 to 10\)$",
                    data.notices[0])  # fmt: skip


EXTREMES = [
    [[-1e308], [1e308]],
    [[0.0], [5e-324]],
    [[1e300], [1e300]],
    [[-(2.0**60)], [2.0**60]],
    [[0.1], [0.1]],
    np.array([[-(2**63)], [2**63 - 1]]),
    np.array([[2**63 - 1], [2**63 - 1]]),
    np.array([[1_700_000_000_000_000_001], [1_700_000_000_000_000_003]]),
]


@pytest.mark.parametrize("x", EXTREMES)
def test_extreme_values_have_features_that_keep_their_order(x):
    x = np.array(x)
    features = make_features(x, ["a"], None, {})
    codes = features.quantize(x)[:, 0]
    assert codes[0] <= codes[1]
    if x[0, 0] != x[1, 0] and x[1, 0] - x[0, 0] != 5e-324:
        for kind in ("uniform", "quantile"):
            encoder = fit_thermometer(features, features.quantize(x), 1, kind)
            assert encoder.encode(features.quantize(x))[:, 0].tolist() == [False, True]


def test_labels_of_the_test_part_that_training_lacks_are_left_out_and_counted(load):
    x = np.arange(20)[:, None]
    data = load(x=x, x_test=x[:4], y_test=[0, 1, 5, 6])
    assert data.y_test.tolist() == [0, 1]
    told = "2 of 4 test samples are left out: no training sample has their labels (5, 6)"
    assert told in data.notices
    with pytest.raises(UsageError, match=r"no label in y_test is one of the classes in y \(0, 1\)"):
        load(x=x, x_test=x[:4], y_test=[5, 5, 6, 6])


def test_more_classes_than_samples_can_support_are_refused(load):
    x = np.arange(20)[:, None]
    assert len(load(x=x, y=np.arange(20) % 4).classes) == 4
    with pytest.raises(UsageError, match=r"has 20 samples of 6 classes, and needs 5 per class"):
        load(x=x, y=np.arange(20) % 6)
    assert len(load(x=x, y=np.arange(20) % 10, x_test=x, y_test=np.arange(20) % 10).classes) == 10
    message = r"y holds 11 different labels \(0, 1, 10, \.\.\.\) for 20 samples: too many classes"
    with pytest.raises(UsageError, match=message):
        load(x=x, y=np.arange(20) % 11)


def test_samples_of_both_parts_are_counted(load):
    """Values and label count: one of the two alone is no repetition."""
    x = np.arange(20)[:, None]
    told = [n for n in load(x=x, x_test=x[:4], y_test=[0, 1, 1, 1]).notices if "training part" in n]
    assert len(told) == 1
    assert told[0].startswith("3 of 4 test samples stand in the training part too")
    once = load(x=x, x_test=x[:4] + 100, y_test=[0, 1, 1, 1])
    assert not [n for n in once.notices if "training part" in n]


def test_labels_of_one_value_are_one_class(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "".join(f"{i},{i % 3}{'.0' * (i % 2)}\n" for i in range(30)))
    assert load_file(path).classes == ("0", "1", "2")
    assert load_file(path).label_column == "y"


def test_range_options():
    assert read_ranges([]) is None
    assert read_ranges(["0:255"]) == (0, 255)
    assert read_ranges(["a=b=-1.5:2", "c=0:1"]) == {"a=b": (-1.5, 2), "c": (0, 1)}
    for option in ("5", "a=5", "1:2:3", "nan:1", "x:y", "2:1"):
        with pytest.raises(UsageError, match=re.escape(repr(option))):
            read_ranges([option])
    with pytest.raises(UsageError, match="is of all features; leave out those of single ones"):
        read_ranges(["0:1", "a=0:1"])


def test_recipes_state_ranges():
    values = {
        "name": "t",
        "data": {"source": "file", "path": "d.csv", "range": {"a": [0, 9]}},
        "model": {"layers": [4]},
        "train": {"epochs": 1},
    }
    assert Recipe.of(values, "t").data.range == {"a": (0, 9)}
    assert with_data(Recipe.of(values, "t"), None, None, (0, 1.5)).data.range == (0, 1.5)
    values["data"] = {"source": "digits", "range": [0, 9]}
    with pytest.raises(UsageError, match="range is for source 'file' only"):
        Recipe.of(values, "t")
    values["data"] = {"source": "digits"}
    with pytest.raises(
        UsageError, match=r"^--range is for a data file; give the file with --data$"
    ):
        with_data(Recipe.of(values, "t"), None, None, (0, 1))
