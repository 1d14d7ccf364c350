"""A search from its folder to its front: trials, then the best designs with more seeds."""

import json
import multiprocessing
import time
from collections.abc import Callable, Sequence
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, final

from lgn_hw.counted import counted
from lgn_hw.errors import UsageError
from lgn_hw.report.front_page import front_page
from lgn_train.search.clock import Clock
from lgn_train.search.designs import Design, best_designs, by_merit
from lgn_train.search.explore import explore, start
from lgn_train.search.finals import finish
from lgn_train.search.front import Describe, Front, front_of, write_points
from lgn_train.search.results import Final, result_of
from lgn_train.search.settings import FILE, Settings
from lgn_train.search.study import JOURNAL, RESULT, complete, open_study
from lgn_train.search.task import Task, opened
from lgn_train.search.waiting import held_folder

__all__ = ["Search"]

COMMAND = "search"
FINAL_SECONDS = 6.0  # of a final, besides training: mapping, proof, files
FINAL_TRAININGS = 1.3  # ... as long as its trial's, one network more
MOST_FINAL = 0.4  # of the time, kept for finals
STARTING = 10.0  # seconds that another process takes until its first trial

OnTrial = Callable[[Sequence[Design], int], None]


@final
class Search:
    """One process's part in a search, of which a folder holds the study.

    settings: what is searched. folder: new, empty, or a search's; then resume must be true, and
    the settings those of the folder. minutes: for all that follows. jobs: processes of this one.
    seeds: of each point that is shown; points: how many, at most. now: what tells the time.

    Other processes that open the same folder with resume share the trials. Raises UsageError where
    the folder or the data cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        minutes: float,
        resume: bool = False,
        jobs: int = 1,
        seeds: int = 3,
        points: int = 8,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.folder = settings, Path(folder)
        self.jobs, self.seeds, self.points = jobs, seeds, points
        self.clock = Clock(60 * minutes, now)
        self.task: Task = opened(settings)
        self._open(resume)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know about the data."""
        return self.task.data.notices

    def _open(self, resume: bool) -> None:
        """Mark the folder, begin its study, or check that it is of the same search."""
        with held_folder(self.folder, COMMAND) as owned:
            if (self.folder / JOURNAL).exists():
                if not resume:
                    raise UsageError(
                        f"{self.folder} holds a search; go on with --resume, or choose another"
                        " folder with --output"
                    )
                self.settings.check_same(self.folder, self.task.data)
                return
            if resume:
                raise UsageError(
                    f"{self.folder} holds no search to go on with; begin one without --resume, or"
                    " name its folder with --output"
                )
            stored = json.dumps(self.settings.to_dict(self.task.data), indent=2) + "\n"
            owned.write(FILE, stored.encode())
            start(open_study(self.folder, None), self.task)

    def explore(self, trials: int | None = None, on_trial: OnTrial = lambda front, n: None) -> None:
        """Run trials until the rest of the time is needed for the designs found, or so many more.

        on_trial: called after each trial of this process with the front and the number of trials.
        """
        study = open_study(self.folder, None)
        before = len(complete(study))
        until = None if trials is None else before + trials
        ending = self.clock.before(0)

        def after(study: Any) -> None:
            designs = best_designs(study, self.settings.luts, self.points)
            if designs:  # else there is nothing to keep time for
                ending.end_in(self.clock.left - self._reserve(designs))
            on_trial(designs, len(complete(study)))

        longest = self.clock.before(MOST_FINAL * self.clock.seconds)
        helpers = self._helpers(_explore_beside, max(0.0, longest.left - STARTING), until)
        try:
            explore(self.task, self.folder, ending, trials=until, on_trial=after)
        finally:
            _stop(helpers)

    def _reserve(self, designs: Sequence[Design]) -> float:
        """Estimate the seconds that the finals of designs take."""
        each = sum(FINAL_TRAININGS * design.seconds + FINAL_SECONDS for design in designs)
        return min(MOST_FINAL * self.clock.seconds, self.seeds * each / self.jobs)

    def finish(self, describe: Describe = lambda classifier: {}, on_final: Any = None) -> Front:
        """Train the best designs with seeds, prove them, and write the front; return it.

        describe: what else a row says of its classifier. on_final: called with how many of how
        many networks are done. Raises UsageError where no trial came to its end.
        """
        study = open_study(self.folder, None)
        designs = best_designs(study, self.settings.luts, self.points)
        if not designs:
            raise UsageError(self._why_none(study))
        ordered = by_merit(designs, self.task.splits.samples)
        finals = [(design, seed) for seed in range(1, self.seeds + 1) for design in ordered]
        helpers = self._helpers(_finish_beside, self.clock.left, finals)
        try:
            told = on_final or (lambda done, of: None)
            finish(self.task, self.folder, finals, self.clock, lambda done: told(done, len(finals)))
            _join(helpers, max(0.0, self.clock.left))
        finally:
            _stop(helpers)
        return self._write(study, designs, finals, describe)

    def _why_none(self, study: Any) -> str:
        trials = complete(study)
        if not trials:
            return "No trial came to its end; give more --minutes, or fewer --steps"
        least = min(trial.user_attrs[RESULT]["luts"] for trial in trials)
        return (
            f"None of {counted(len(trials), 'trial')} gave a design of"
            f" {counted(self.settings.luts, 'LUT')} that is"
            f" better than guessing; the smallest had {least:,.0f}: raise --luts or --minutes"
        )

    def _write(
        self, study: Any, designs: Sequence[Design], finals: Sequence[Final], describe: Describe
    ) -> Front:
        """Write points, figures and page of the front; raises UsageError where it has no point."""
        front = front_of(self.task, self.folder, designs, self.seeds)
        if not front.points:
            raise UsageError(
                f"The designs have more than {counted(self.settings.luts, 'LUT')} with other seeds,"
                " or are no better than guessing, or the time was too short; go on with --resume,"
                " or raise --luts"
            )
        with held_folder(self.folder, COMMAND) as owned, owned.work() as work:
            front = write_points(self.task, self.folder, front, designs, work, describe)
            data = self._document(study, front, finals)
            (work / FILE).write_bytes((self.folder / FILE).read_bytes())
            (work / "front.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
            (work / "index.html").write_text(front_page(data), encoding="utf-8")
        return front

    def _document(self, study: Any, front: Front, finals: Sequence[Final]) -> dict[str, Any]:
        trials = complete(study)
        whole = [t.user_attrs[RESULT] for t in trials if t.user_attrs[RESULT]["whole"]]
        done = sum(result_of(self.folder, one) is not None for one in finals)
        splits = self.task.splits
        return {
            **self.settings.to_dict(self.task.data),
            "classes": list(self.task.data.classes),
            "train_samples": len(self.task.data.x_train),
            "folds": 0 if splits.held_out else len(splits.parts),
            "trials": len(trials),
            "networks": done,
            "networks_wanted": len(finals),
            "points": list(front.points),
            "explored": [[round(r["luts"]), round(1 - r["error"], 5)] for r in whole],
        }

    def _helpers(self, target: Any, seconds: float, what: Any) -> list[SpawnProcess]:
        """Start the other processes; they end by themselves."""
        context = multiprocessing.get_context("spawn")
        arguments = self.settings, self.folder, seconds, what
        found = [context.Process(target=target, args=arguments) for _ in range(self.jobs - 1)]
        for process in found:
            process.start()
        return found


def _explore_beside(settings: Settings, folder: Path, seconds: float, trials: int | None) -> None:
    clock = Clock(seconds)
    explore(opened(settings), folder, clock, trials=trials)


def _finish_beside(
    settings: Settings, folder: Path, seconds: float, finals: Sequence[Final]
) -> None:
    clock = Clock(seconds)
    # Each final once; from the end, where the first process comes last.
    finish(opened(settings), folder, list(reversed(finals)), clock)


def _join(processes: Sequence[SpawnProcess], seconds: float) -> None:
    clock = Clock(seconds)
    for process in processes:
        process.join(max(0.0, clock.left))


def _stop(processes: Sequence[SpawnProcess]) -> None:
    for process in processes:
        process.terminate()
        process.join()
