"""Fitting of thermometers: where the thresholds of each feature lie.

The thresholds are fitted before training and stay. Where they lie decides how many bits a feature
becomes, and so how much hardware its comparison takes.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.encoder import Thermometer
from lgn_hw.errors import UsageError
from lgn_hw.features import Features
from lgn_train.checks import one_of, positive_integer

if TYPE_CHECKING:
    from lgn_train.data.dataset import Dataset
    from lgn_train.recipe import Recipe

__all__ = ["ENCODER_KINDS", "fit_thermometer", "fitted_encoder"]

ENCODER_KINDS = ("uniform", "quantile")
EXACT = 1 << 52  # sums of floats are exact to one half up to here


def fit_thermometer(
    features: Features, codes: ArrayLike, levels: int = 3, kind: str = "uniform"
) -> Thermometer:
    """Fit thresholds to training codes[samples, features], at most `levels` a feature.

    kind: "uniform" places threshold i of n at (i+1)/(n+1) of the feature's range, rounded down,
    which changes no bit of integers; "quantile" at that share of its sorted training codes.
    Equal thresholds are one, and those whose bit is the same for all training samples are
    dropped, so sparse features keep few. Raises ValueError where none is left, and
    ClassifierError on codes outside the features' ranges.
    """
    one_of("kind", kind, ENCODER_KINDS)
    # Thresholds at equal shares, neither end among them: a threshold at an end would tell nothing
    # apart.
    shares = np.arange(1, positive_integer("levels", levels) + 1) / (levels + 1)
    codes = features.validated(codes)
    if not len(codes):
        raise ValueError("codes must hold one training sample or more")
    # Of the training samples, not of the range: a bit that is constant in training carries nothing
    # to learn from.
    low, high = (end.astype(np.int64) for end in (codes.min(axis=0), codes.max(axis=0)))
    if kind == "uniform":
        placed = _evenly(features, shares)
    else:
        # Codes that occur. Where the greatest one is meant, the step below it is the threshold
        # that tells it from the rest.
        ordered = np.sort(codes, axis=0)
        places = np.floor(shares * (len(codes) - 1)).astype(np.int64)
        placed = np.minimum(ordered[places].astype(np.int64), high - 1)
    kept = [
        _distinct(column, low[feature], high[feature]) for feature, column in enumerate(placed.T)
    ]
    if not any(len(thresholds) for thresholds in kept):
        raise ValueError(
            "No threshold tells the training samples apart: every feature is constant in them,"
            " or varies where no threshold lies; raise levels or use kind 'quantile'"
        )
    feature = np.repeat(np.arange(len(kept)), [len(thresholds) for thresholds in kept])
    return Thermometer(features, feature.astype(np.int32), np.concatenate(kept))


def _evenly(features: Features, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return int64[shares, features], at these shares of the ranges, rounded down."""
    low, high = features.low.astype(object), features.high.astype(object)  # no int64 overflows
    # Beyond that floats would round a threshold: those features are placed with Python's integers.
    large = [max(-lo, hi) > EXACT for lo, hi in zip(low, high, strict=True)]
    floats = features.low + shares[:, None] * (features.high.astype(float) - features.low)
    placed = np.floor(np.where(large, 0, floats)).astype(np.int64)
    for feature in np.flatnonzero(large):
        span, parts = high[feature] - low[feature], len(shares) + 1
        placed[:, feature] = [low[feature] + span * i // parts for i in range(1, parts)]
    return placed


def _distinct(thresholds: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    """Return the different thresholds whose bit is not the same for all training samples."""
    found = np.unique(thresholds)
    return found[(found >= low) & (found < high)]


def fitted_encoder(recipe: "Recipe", data: "Dataset") -> Thermometer:
    """Return the recipe's encoder; raises UsageError where the samples allow none."""
    options = recipe.encoder
    try:
        return fit_thermometer(data.features, data.x_train, options.levels, options.kind)
    except ValueError as problem:
        raise UsageError(f"encoder: {problem}") from problem
