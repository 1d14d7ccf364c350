"""Features are pixels where names or numbers say so, and nothing else is taken for an image."""

import pytest

from lgn_hw import UsageError
from lgn_hw.features import Features
from lgn_hw.image_shape import find_image_shape, parse_image_shape


def of(count, names=(), high=15):
    return Features.integers([0] * count, [high] * count, names)


def pixels(channels, rows, columns):
    return [f"{c}_{i}_{j}" for c in channels for i in range(rows) for j in range(columns)]


def test_names_of_pixels_say_the_shape():
    assert find_image_shape(of(6, pixels(["pixel"], 2, 3))) == (1, 2, 3)
    assert find_image_shape(of(18, pixels(["red", "green", "blue"], 2, 3))) == (3, 2, 3)


@pytest.mark.parametrize(
    "names",
    [pixels(["a", "b"], 2, 3), pixels(["p"], 2, 3)[::-1], [*pixels(["p"], 2, 3)[:5], "age"]],
)
def test_names_that_are_no_image_in_order_say_none(names):
    assert find_image_shape(of(len(names), names)) is None


def test_a_square_without_names_is_an_image():
    assert find_image_shape(of(784)) == (1, 28, 28)
    assert find_image_shape(of(36)) is None
    assert find_image_shape(of(50)) is None
    assert find_image_shape(of(49, [f"sensor {i}" for i in range(49)])) is None
    assert find_image_shape(Features.integers([0] * 49, [1, *[2] * 48])) is None


def test_a_stated_shape_must_have_the_features_pixels():
    assert parse_image_shape("3x4", of(12)) == (1, 3, 4)
    assert parse_image_shape("3x2x2", of(12)) == (3, 2, 2)
    assert parse_image_shape("none", of(784)) is None
    with pytest.raises(UsageError, match=r"3x5 must be 12, as many .* they are 15"):
        parse_image_shape("3x5", of(12))
    with pytest.raises(UsageError, match="or none, not '12'"):
        parse_image_shape("12", of(12))
