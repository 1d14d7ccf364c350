"""Estimators: which tables a step reads, and when noise changes them."""

import pytest
import torch

from lgn_train.estimators import ESTIMATORS, WARMEST, discrete_tables
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
def test_confidence_is_0_where_all_is_open_and_near_1_where_all_is_certain(name):
    tables = PARAMETRIZATIONS[name]
    logits = torch.zeros(1, tables.num_logits(2))
    assert float(tables.confidence(tables.scores(logits)).abs().max()) < 1e-6
    logits[0, 1] = 50.0  # decides a gate; one entry; all entries at once
    assert float(tables.confidence(tables.scores(logits)).max()) == pytest.approx(1)


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_cage_warms_choices_that_are_certain_and_no_others(name):
    tables = PARAMETRIZATIONS[name]
    logits = torch.zeros(2, tables.num_logits(2))
    logits[1, 1] = 12.0
    found = ESTIMATORS["cage"].tables(tables, logits, 0.1, SEED, torch.tensor(0)).soft
    torch.testing.assert_close(found[0], tables.soft(tables.scores(logits), 0.1)[0])
    warm = 0.1 + (WARMEST - 0.1) * tables.confidence(tables.scores(logits))
    torch.testing.assert_close(found, tables.soft(tables.scores(logits), warm))


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_cage_passes_a_gradient_where_hard_st_passes_none(name):
    def gradient(estimator):
        tables, logits = PARAMETRIZATIONS[name], 4 * parts(name)[1].requires_grad_()
        found = ESTIMATORS[estimator].tables(tables, logits, 0.01, SEED, torch.tensor(0))
        (d_logits,) = torch.autograd.grad(found.soft.square().sum(), logits)
        return float(d_logits.abs().amax(dim=1).median())  # of a node in the middle

    assert gradient("hard_st") < 1e-6
    assert gradient("cage") > 1e-2


def test_cage_above_the_warmest_is_hard_st():
    assert torch.equal(of_step("cage", 0, 2.5).soft, of_step("hard_st", 0, 2.5).soft)


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
