"""The designs of a study that are worth training with more seeds."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import optuna

from lgn_train.search.study import RESULT, complete

__all__ = ["Design", "best_designs", "by_merit", "pareto", "within_an_error"]

LEAST_ERROR = 1e-3  # fewer errors count like this, so that a design without any has a finite gain


@dataclass(frozen=True)
class Design:
    """A design as its trial left it. steps: optimiser steps of a training. seconds: what all
    trainings of the trial took together.
    """

    params: dict[str, Any]
    steps: int
    accuracy: float
    luts: float
    seconds: float
    trial: int

    @property
    def key(self) -> str:
        """A name that equal designs share."""
        said = json.dumps([sorted(self.params.items()), self.steps])
        return hashlib.sha256(said.encode()).hexdigest()[:12]


def best_designs(study: optuna.Study, luts: int, points: int) -> list[Design]:
    """Return the front of the trials that saw every validation sample, smallest first.

    Of more than `points` those are left out that take the smallest share of the next smaller one's
    errors away, and never the most accurate one; a single point is the smallest, as the one that
    other seeds leave within the budget.
    """
    found = [_design(trial) for trial in complete(study) if trial.user_attrs[RESULT]["whole"]]
    front = pareto([(d.accuracy, d.luts) for d in found])
    kept = [found[i] for i in front if found[i].luts <= luts]
    while len(kept) > max(points, 2):
        gains = _gains([design.accuracy for design in kept])
        kept.pop(gains.index(min(gains[:-1])))
    return kept[:points]


def _gains(accuracies: Sequence[float]) -> list[float]:
    """Return the logarithm of how many times fewer errors each has than the one before, and the
    first than one that is never right. From 95 to 97 % is more than from 20 to 40 %.
    """
    errors = [1.0, *(max(1 - accuracy, LEAST_ERROR) for accuracy in accuracies)]
    return [math.log(before / after) for before, after in pairwise(errors)]


def _design(trial: optuna.trial.FrozenTrial) -> Design:
    result = trial.user_attrs[RESULT]
    return Design(
        dict(trial.params),
        result["steps"],
        1 - result["error"],
        result["luts"],
        result["seconds"],
        trial.number,
    )


def by_merit(designs: Sequence[Design], samples: int) -> list[Design]:
    """Return a front with the recommended design first, then the most accurate ones."""
    first = within_an_error([design.accuracy for design in designs], samples)
    rest = [design for number, design in enumerate(designs) if number != first]
    return [designs[first], *reversed(rest)]


def within_an_error(accuracies: Sequence[float], samples: int) -> int:
    """Return the number of the first point of a front that is at most a standard error of the best
    accuracy, measured on so many samples, below it (Breiman et al., 1984: the one-SE rule).
    """
    best = max(accuracies)
    least = best - math.sqrt(best * (1 - best) / samples)
    return next(number for number, accuracy in enumerate(accuracies) if accuracy >= least)


def pareto(points: list[tuple[float, float]]) -> list[int]:
    """Return the numbers of the points (accuracy, LUTs) that no other one beats, fewest LUTs
    first: each is more accurate than all smaller ones.
    """
    order = sorted(range(len(points)), key=lambda i: (points[i][1], -points[i][0]))
    best, front = -math.inf, []
    for i in order:
        if points[i][0] > best:
            best = points[i][0]
            front.append(i)
    return front
