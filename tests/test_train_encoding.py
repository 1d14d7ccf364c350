"""Fitting of thermometers: where thresholds lie, and which are dropped."""

import numpy as np
import pytest

from lgn_hw.features import Features
from lgn_train import fit_thermometer


def fitted(column, levels=3, kind="uniform", low=0, high=15):
    return fit_thermometer(
        Features.integers([low], [high]), np.array(column)[:, None], levels, kind
    ).threshold.tolist()


def test_uniform_thresholds_divide_the_range():
    assert fitted(range(16)) == [3, 7, 11]
    assert fitted(range(-8, 8), low=-8, high=7) == [-5, -1, 3]


def test_uniform_thresholds_are_exact_for_integers():
    column = np.arange(17)
    cut = (np.arange(1, 6) / 6) * 16
    spec = fit_thermometer(Features.integers([0], [16]), column[:, None], 5)
    assert np.array_equal(spec.encode(column[:, None]), column[:, None] > cut)


def test_quantile_thresholds_divide_the_samples():
    assert fitted([0, 0, 1, 1, 2, 2, 15, 15], kind="quantile") == [0, 1, 2]


def test_quantile_keeps_one_threshold_of_a_sparse_feature():
    assert fitted([0] * 95 + [3, 4, 5, 9, 12], kind="quantile") == [0]


def test_quantile_tells_the_greatest_value_from_the_rest():
    assert fitted([0] * 2 + [10] * 8, kind="quantile") == [9]


@pytest.mark.parametrize("kind", ["uniform", "quantile"])
def test_constant_features_get_no_threshold(kind):
    features = Features.integers([0, 0], [15, 15])
    codes = np.stack([np.full(16, 4), np.arange(16)], axis=1)
    assert set(fit_thermometer(features, codes, 3, kind).feature.tolist()) == {1}


@pytest.mark.parametrize("kind", ["uniform", "quantile"])
def test_every_bit_varies_over_the_training_samples_and_none_repeats(kind):
    codes = np.random.default_rng(2).integers(0, 16, (40, 6)) // [1, 2, 3, 5, 8, 16]
    spec = fit_thermometer(Features.integers([0] * 6, [15] * 6), codes, 9, kind)
    assert set(spec.encode(codes).mean(axis=0)).isdisjoint({0.0, 1.0})
    assert len({*zip(spec.feature.tolist(), spec.threshold.tolist(), strict=True)}) == spec.num_bits


def test_fit_thermometer_rejects_samples_without_difference():
    message = "^No threshold tells the training samples apart: every feature is constant in them,"
    with pytest.raises(ValueError, match=message):
        fitted([5, 5, 5])


def test_fit_thermometer_rejects_options():
    with pytest.raises(ValueError, match=r"^kind must be one of uniform, quantile, not 'linear'$"):
        fitted([1, 2], kind="linear")
    with pytest.raises(ValueError, match=r"^levels must be 1 or more, not 0$"):
        fitted([1, 2], levels=0)
    with pytest.raises(ValueError, match=r"^codes must hold one training sample or more$"):
        fit_thermometer(Features.integers([0], [3]), np.zeros((0, 1), int))
