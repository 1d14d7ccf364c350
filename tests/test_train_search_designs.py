"""Which designs of a study are shown, and how long they are trained."""

import optuna
import pytest

from lgn_train.recipe import Data
from lgn_train.search import Settings
from lgn_train.search.designs import best_designs
from lgn_train.search.study import RESULT


def study_of(*found):
    """Return a study whose trials came to these LUTs and accuracies."""
    study = optuna.create_study(directions=["minimize", "minimize"])
    for luts, accuracy in found:
        result = {"error": 1 - accuracy, "luts": luts, "steps": 9, "seconds": 1.0, "whole": True}
        values = (result["error"], luts)
        study.add_trial(optuna.trial.create_trial(values=values, user_attrs={RESULT: result}))
    return study


def shown(study, points):
    return [design.luts for design in best_designs(study, 500, points)]


def test_a_front_of_few_points_keeps_the_most_accurate_one():
    study = study_of((12, 0.2), (45, 0.4), (106, 0.75), (161, 0.94), (300, 0.97), (480, 0.975))
    assert shown(study, 1) == [161]  # of the last two
    assert shown(study, 3) == [106, 161, 480]
    assert shown(study, 6) == [12, 45, 106, 161, 300, 480]


def test_a_design_without_an_error_stays_and_one_above_the_budget_does_not():
    study = study_of((10, 0.9), (20, 1.0), (501, 1.0))
    assert shown(study, 2) == [10, 20]


@pytest.mark.parametrize(("rows", "steps"), [(142, 1000), (1437, 2000), (32_561, 3000)])
def test_more_samples_are_trained_on_for_longer(rows, steps):
    settings = Settings("table", Data(source="digits"), luts=500)
    assert settings.longest(rows) == steps
