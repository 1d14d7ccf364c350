"""Trials, one after another, until the time or their number is at its end; in each process."""

import math
from collections.abc import Callable
from pathlib import Path

import optuna

from lgn_hw.errors import LgnError, UsageError
from lgn_train.search.clock import Clock, OutOfTime
from lgn_train.search.evaluation import Measured, evaluate, total
from lgn_train.search.halving import goes_on, rungs_for
from lgn_train.search.space import first_guesses, recipe_of, suggest
from lgn_train.search.study import complete, failing, finished, open_study, reported, results
from lgn_train.search.task import Task

__all__ = ["explore", "start"]

FAILED_IN_A_ROW = 10  # trials, after which the reason is told: nothing will come of it

OnTrial = Callable[[optuna.Study], None]


def start(study: optuna.Study, task: Task) -> None:
    """Ask for the first guesses in a new study."""
    for guess in first_guesses(task.problem):
        study.enqueue_trial(guess)


def explore(
    task: Task,
    folder: Path,
    clock: Clock,
    *,
    trials: int | None = None,
    seed: int | None = None,
    on_trial: OnTrial = lambda study: None,
) -> None:
    """Run trials of a folder's study until the clock or their number is at its end.

    trials: of the whole study, those of other processes included. on_trial: called after each.
    Raises UsageError where trial after trial fails, with the reason.
    """
    study = open_study(folder, seed)
    failed = 0
    while clock.left > 0 and not (trials is not None and len(complete(study)) >= trials):
        trial = study.ask()
        try:
            with failing(study, trial):
                _run(task, study, trial, clock)
            failed = 0
        except OutOfTime:
            return
        except (LgnError, ArithmeticError, ValueError) as problem:
            failed += 1
            if failed >= FAILED_IN_A_ROW and not complete(study):
                raise UsageError(f"No design could be trained: {problem}") from problem
        on_trial(study)


def _run(task: Task, study: optuna.Study, trial: optuna.Trial, clock: Clock) -> None:
    """Take one trial up the rungs, and note how far it came."""
    suggest(trial, task.problem)
    started = clock.left
    rungs = rungs_for(task.longest, len(task.splits.parts))
    measured: list[Measured] = []
    for number, rung in enumerate(rungs):
        if number and rung.steps != rungs[number - 1].steps:
            measured = []
        recipe = recipe_of(trial.params, task.problem, rung.steps)
        for part in task.splits.parts[len(measured) : rung.parts]:
            measured.append(evaluate(recipe, part, task.settings.options, clock))
        found = total(measured)
        error, luts = 1 - found.accuracy, max(found.luts, 1.0)
        reported(trial, number, error, luts)
        beyond = {"luts": luts / task.settings.luts - 1, "guessing": error - task.guess_error}
        # Who only guesses may learn yet with more steps.
        going = beyond["luts"] <= 0 and goes_on(error, luts, results(study, number))
        if not going or rung is rungs[-1]:
            break
    result = {
        "error": error,
        "log_luts": math.log2(luts),
        "luts": luts,
        "right": found.right,
        "samples": found.samples,
        "steps": rung.steps,
        "whole": rung.parts == len(task.splits.parts) and number > 0 and error < task.guess_error,
        "seconds": round(started - clock.left, 2),
    }
    finished(study, trial, result, beyond)
