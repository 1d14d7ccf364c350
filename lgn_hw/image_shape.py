"""Whether a classifier's features are the pixels of an image, and how these are arranged."""

import math
import re

from lgn_hw.errors import UsageError
from lgn_hw.features import Features

__all__ = ["Shape", "find_image_shape", "parse_image_shape"]

Shape = tuple[int, int, int]  # channels, rows, columns

PIXEL = re.compile(r"(.*?)_?([0-9]+)_([0-9]+)")  # as lgn_train names them: pixel_3_5, red_3_5
LEAST_SIDE = 7  # of a square that is taken for an image though nothing names its pixels


def find_image_shape(features: Features) -> Shape | None:
    """Return (channels, rows, columns) where features are pixels in that order; else None.

    They are where their names say so, `pixel_ROW_COLUMN`; or where nothing named them, all have
    one range, and their number is a square of 7 or more, as of an .npz of images.
    """
    named = _named_shape(features.names)
    if named is not None:
        return named
    side = math.isqrt(len(features))
    automatic = features.names == tuple(f"x{i}" for i in range(len(features)))
    ranges = {*zip(features.low.tolist(), features.high.tolist(), strict=True)}
    if automatic and len(ranges) == 1 and side >= LEAST_SIDE and side * side == len(features):
        return 1, side, side
    return None


def parse_image_shape(text: str, features: Features) -> Shape | None:
    """Return the shape that a user states: `28x28`, `3x32x32`, or `none` for a table.

    Raises UsageError where it is no shape, or not of so many pixels as there are features.
    """
    if text == "none":
        return None
    found = re.fullmatch(r"(?:([0-9]{1,6})x)?([0-9]{1,6})x([0-9]{1,6})", text)
    if found is None:
        raise UsageError(
            f"An image's shape must be ROWSxCOLUMNS, 3xROWSxCOLUMNS or none, not {text!r}"
        )
    channels, rows, columns = (int(number or 1) for number in found.groups())
    if channels not in (1, 3) or channels * rows * columns != len(features):
        raise UsageError(
            f"The pixels of an image of {text} must be {len(features)}, as many as there are"
            f" features, of 1 channel or 3; they are {channels * rows * columns}"
        )
    return channels, rows, columns


def _named_shape(names: tuple[str, ...]) -> Shape | None:
    """Return the shape that the features' names give where they match PIXEL, in order and complete;
    else None.
    """
    found = [PIXEL.fullmatch(name) for name in names]
    pixels = [(m[1], int(m[2]), int(m[3])) for m in found if m is not None]
    # One feature of that name is a column of a table rather than an image.
    if len(pixels) < max(len(names), 2):
        return None
    channels = list(dict.fromkeys(channel for channel, _, _ in pixels))
    rows = 1 + max(row for _, row, _ in pixels)
    columns = 1 + max(column for _, _, column in pixels)
    if len(channels) not in (1, 3) or len(channels) * rows * columns != len(names):
        return None
    order = [(c, row, column) for c in channels for row in range(rows) for column in range(columns)]
    return (len(channels), rows, columns) if order == pixels else None
