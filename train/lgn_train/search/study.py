"""The study that processes share: Optuna's sampler over a journal in the search's folder."""

import contextlib
import json
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from lgn_hw.errors import UsageError
from lgn_train.search.clock import OutOfTime

__all__ = [
    "JOURNAL",
    "RESULT",
    "complete",
    "failing",
    "finished",
    "open_study",
    "reported",
    "results",
]

JOURNAL = "study.journal"
NAME = "lgn-search"
RESULT = "result"  # a trial's attribute: the figures of its last rung
STARTUP = 20  # trials, the first guesses included, before the sampler learns from them


def open_study(folder: Path, seed: int | None) -> optuna.Study:
    """Return the study of a folder, a new one where there is none; safe beside other processes.

    Its objectives are the validation error and the logarithm of the LUTs, both to be small. seed:
    of the sampler; another one in each process. Raises UsageError where the journal is damaged.
    """
    optuna.logging.set_verbosity(logging.WARNING)
    path = str(folder / JOURNAL)
    if (folder / JOURNAL).exists():
        _mend(folder / JOURNAL)
    with warnings.catch_warnings():
        # multivariate has been marked as experimental for years
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        backend = JournalFileBackend(path, lock_obj=_KernelLock(f"{path}.lock"))
        sampler = TPESampler(
            n_startup_trials=STARTUP,
            multivariate=True,
            seed=seed,
        )
        return optuna.create_study(
            storage=JournalStorage(backend),
            study_name=NAME,
            sampler=sampler,
            directions=["minimize", "minimize"],
            load_if_exists=True,
        )


def _mend(path: Path) -> None:
    """Cut off what the end of a journal holds of an entry that was not written to its end.

    Optuna passes over such an end, but it writes the next entry behind it, and can then read
    neither. Raises UsageError where entries that were written whole are damaged.
    """
    with FileLock(f"{path}.lock"):
        lines = path.read_bytes().splitlines(keepends=True)
        whole = [line.endswith(b"\n") and _is_entry(line) for line in lines]
        kept = len(whole) - whole[::-1].index(True) if any(whole) else 0
        if not all(whole[:kept]):
            raise UsageError(
                f"{path} is damaged in line {whole.index(False) + 1}; remove this line, or copy the"
                " file again, or start over in another folder with --output"
            )
        if kept < len(lines):
            os.truncate(path, sum(map(len, lines[:kept])))


def _is_entry(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


class _KernelLock(JournalFileOpenLock):
    """A lock that the system frees with its process; after a kill, Optuna's own wait half a
    minute.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._lock = FileLock(path)

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def reported(trial: optuna.Trial, rung: int, error: float, luts: float) -> None:
    """Note what a trial reached at a rung, for its peers to compare with."""
    trial.set_user_attr(_rung(rung), (error, luts))


def results(study: optuna.Study, rung: int) -> list[tuple[float, float]]:
    """Return (error, LUTs) of all trials that reached a rung, running ones included."""
    trials = study.get_trials(deepcopy=False)
    return [tuple(t.user_attrs[_rung(rung)]) for t in trials if _rung(rung) in t.user_attrs]


def _rung(number: int) -> str:
    return f"rung{number}"


def finished(
    study: optuna.Study, trial: optuna.Trial, result: dict[str, Any], beyond: dict[str, float]
) -> None:
    """Note a trial's result. beyond: by how much it misses what is wanted; not above 0 if not."""
    trial.set_user_attr(RESULT, result)
    for name, value in beyond.items():
        trial.set_constraint(name, value)
    study.tell(trial, (result["error"], result["log_luts"]))


@contextlib.contextmanager
def failing(study: optuna.Study, trial: optuna.Trial) -> Iterator[None]:
    """Mark a trial as failed where it is left by an exception; one that was cut short comes again
    when the search goes on.
    """
    try:
        yield
    except BaseException as problem:
        with contextlib.suppress(Exception):
            study.tell(trial, state=TrialState.FAIL)
            if isinstance(problem, OutOfTime) or not isinstance(problem, Exception):
                study.enqueue_trial(trial.params)
        raise


def complete(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that ended with a result."""
    return list(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
