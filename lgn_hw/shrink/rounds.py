"""Shrink and train again, in turn: what training recovers, the next round may lose."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import final

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.shrink.parts import Parts
from lgn_hw.shrink.shrink import (
    Round,
    Search,
    Shrunk,
    accuracy,
    count_luts,
    mapped,
    with_figures,
)

__all__ = ["TunedRound", "shrink_in_rounds"]

STEP = 0.12  # of the LUTs, which a round saves before the net is trained again
SMALLEST_STEP = 0.03  # half of the last step, and a quarter; then it is over
MOST_ROUNDS = 20


@dataclass(frozen=True)
class TunedRound:
    """Say what a round did; accuracies on the part to choose by.

    luts: of the whole circuit. shrunk_accuracy: before the net was trained again; accuracy: then.
    kept: whether it is within what may be lost, so that the next round goes on from it.
    """

    luts: int
    shrunk_accuracy: float
    accuracy: float
    kept: bool


def shrink_in_rounds(
    classifier: Classifier,
    parts: Parts,
    options: CoreOptions,
    tune: Callable[[Classifier], Classifier],
    *,
    luts: int | None = None,
    max_loss: float | None = None,
    rounds: int | None = None,
    on_round: Callable[[TunedRound], None] = lambda found: None,
) -> Shrunk:
    """Return a classifier of fewer LUTs, by rounds of shrink() and of training again.

    tune: trains a classifier further on parts.fit and returns it, no worse on parts.choose. rounds:
    at most so many; None for as many as the budget or the loss allow. A round that loses too much
    is tried again from the last one that was kept, with half its step. parts.held_out is measured
    once, at the end. The other arguments and errors are those of shrink(); Ctrl-C ends the search
    with the best until then.
    """
    if luts is None and max_loss is None:
        raise UsageError("Say how small it shall be, --luts, or what it may lose, --max-loss")
    search = _Rounds(classifier, parts, options, tune, luts, max_loss, rounds)
    try:
        while not search.over:
            on_round(search.round())
    except KeyboardInterrupt:
        if not search.tuned:
            raise
        return replace(search.result(), interrupted=True)
    return search.result()


@final
class _Rounds:
    """Take a net from round to round; `best` is the smallest that was kept."""

    def __init__(
        self,
        classifier: Classifier,
        parts: Parts,
        options: CoreOptions,
        tune: Callable[[Classifier], Classifier],
        luts: int | None,
        max_loss: float | None,
        rounds: int | None,
    ) -> None:
        self._given, self._parts, self._options, self._tune = classifier, parts, options, tune
        self._luts, self._max_loss = luts, max_loss
        self._left, self._step = rounds or MOST_ROUNDS, STEP
        self._spread = rounds is not None and luts is not None
        small = mapped(classifier, options)
        self.before = self._measured(small)
        self.best = small, self.before
        self.tuned: list[TunedRound] = []

    @property
    def over(self) -> bool:
        """Whether the budget is reached, the rounds are over, or nothing can be saved."""
        fits = self._luts is not None and self.best[1].luts <= self._luts
        return fits or not self._left or self._step < SMALLEST_STEP

    def round(self) -> TunedRound:
        """Shrink the best net by a step, train it again, and keep it or not."""
        start, figures = self.best
        target = self._target(figures.luts)
        search = Search(start, self._parts, self._options, target, None)
        while not search.over:
            search.round()
        net, shrunk = search.best
        made = optimize_classifier(self._tune(net))[0]
        after = self._measured(made, shrunk)
        lost = self.before.accuracy - after.accuracy
        kept = self._max_loss is None or lost <= self._max_loss + 1e-9
        if kept and after.luts < figures.luts:
            self.best = made, after
        else:
            self._step /= 2
        self._left -= 1
        entry = TunedRound(after.luts, shrunk.accuracy, after.accuracy, kept)
        self.tuned.append(entry)
        return entry

    def result(self) -> Shrunk:
        """Return the best; raises UsageError where it is above the budget."""
        made, after = self.best
        if self._luts is not None and after.luts > self._luts:
            more = "; allow a higher --max-loss or more --rounds"
            raise UsageError(f"{after.luts} LUTs were reached, not {self._luts}{more}")
        rounds = {"rounds": [asdict(entry) for entry in self.tuned]}
        found = with_figures(self._given, made, self.before, after, self._parts, rounds)
        return replace(found, tuned=tuple(self.tuned))

    def _target(self, luts: int) -> int:
        """Return the LUTs that the next round shall reach."""
        share = 1 - self._step
        if self._luts is None:
            return int(share * luts)
        if self._spread:
            share = (self._luts / luts) ** (1 / self._left)
        return max(self._luts, int(share * luts))

    def _measured(self, made: Classifier, shrunk: Round | None = None) -> Round:
        luts, share = count_luts(made, self._options), accuracy(made, self._parts.choose)
        if shrunk is None:
            return Round(luts, share, 0.0, 0, 0)
        old = self.best[1]
        changed, inverted = old.changed + shrunk.changed, old.inverted + shrunk.inverted
        return Round(luts, share, shrunk.loss, changed, inverted)
