"""Estimators: which tables a step reads, and when noise changes them."""

import pytest
import torch

from lgn_train.estimators import ESTIMATORS, discrete_tables
from lgn_train.parametrizations import PARAMETRIZATIONS

SEED = torch.tensor(11)


def parts(name="light", fan_in=2):
    tables = PARAMETRIZATIONS[name]
    return tables, tables.initial("gaussian", 200, fan_in, 0)


def of_step(estimator, step, temperature=1.0, name="light"):
    return ESTIMATORS[estimator].tables(*parts(name), temperature, SEED, torch.tensor(step))


@pytest.mark.parametrize("estimator", ["gumbel_st", "soft_gumbel"])
def test_noisy_estimators_draw_anew_each_step(estimator):
    assert torch.equal(of_step(estimator, 1).value, of_step(estimator, 1).value)
    assert not torch.equal(of_step(estimator, 1).value, of_step(estimator, 2).value)


@pytest.mark.parametrize("estimator", ["hard_st", "cage", "soft"])
def test_quiet_estimators_are_the_same_each_step(estimator):
    assert torch.equal(of_step(estimator, 1).value, of_step(estimator, 2).value)


@pytest.mark.parametrize("estimator", ["hard_st", "cage"])
def test_quiet_hard_estimators_read_the_discrete_tables(estimator):
    assert torch.equal(of_step(estimator, 0).value, discrete_tables(*parts()))


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_temperature_changes_the_soft_table_and_never_the_sampled_one(name):
    cold, warm = of_step("gumbel_st", 3, 0.1, name), of_step("gumbel_st", 3, 2.0, name)
    assert torch.equal(cold.value, warm.value)
    torch.testing.assert_close(of_step("gumbel_st", 3, 1e-4, name).soft, cold.value)
    assert float((warm.soft - warm.value).abs().mean()) > float(
        (cold.soft - cold.value).abs().mean()
    )


def test_mixture_has_temperature_1_where_noise_samples():
    tables, logits = parts()
    warm, cold = (ESTIMATORS["gumbel_st"].mixture(tables, logits, t).value for t in (2.0, 0.5))
    assert torch.equal(warm, cold)
    warm, cold = (ESTIMATORS["soft"].mixture(tables, logits, t).value for t in (2.0, 0.5))
    assert not torch.equal(warm, cold)
