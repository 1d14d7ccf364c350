"""The whole of it: rounds of changes and fitted tables, until a budget or a loss is reached."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, final

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads import HEADS
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.errors import UsageError
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.shrink.greedy import Greedy
from lgn_hw.shrink.parts import Part, Parts
from lgn_hw.shrink.sampled_net import SampledNet
from lgn_hw.shrink.simpler_tables import SimplerTables
from lgn_hw.synth.mapping import shrink_classifier

if TYPE_CHECKING:
    from lgn_hw.shrink.rounds import TunedRound

__all__ = [
    "Round",
    "Search",
    "Shrunk",
    "accuracy",
    "count_luts",
    "mapped",
    "shrink",
    "unit_of",
    "with_figures",
]

ROUND = 0.04  # of the LUTs at the start, which a round saves
LAST = 0.01  # ... at least, where a budget is nearer than that
# LUTs that a vote takes to be counted, where the head does not say: measured on a net of 450 votes.
BIT_COST = {4: 1.7, 6: 0.8}
PATIENCE = 3  # rounds in a row that lose too much, after which the search is over
# Of the provenance: figures of the net as it was trained, and a proof that no longer holds.
GONE = ("train_mode_accuracy", "soft_accuracy", "gap", "gap_soft", "unused_gates", "sums")


@dataclass(frozen=True)
class Round:
    """Say what the net is after a round.

    luts: of the whole circuit. accuracy: on the part to choose by. loss: mean cross-entropy on the
    part to fit. changed, inverted: nets replaced and table entries inverted since the start.
    """

    luts: int
    accuracy: float
    loss: float
    changed: int
    inverted: int


@dataclass(frozen=True, eq=False)
class Shrunk:
    """Hold the smaller classifier, what there was before and after, and all rounds between.

    held_out: accuracies on the part that chose nothing, before and after; None without one.
    interrupted: whether Ctrl-C ended it, so that it is the best until then. tuned: the rounds after
    which it was trained again, where it was.
    """

    classifier: Classifier
    before: Round
    after: Round
    rounds: tuple[Round, ...]
    held_out: tuple[float, float] | None
    interrupted: bool = False
    tuned: "tuple[TunedRound, ...]" = ()


def shrink(
    classifier: Classifier,
    parts: Parts,
    options: CoreOptions,
    *,
    luts: int | None = None,
    max_loss: float | None = None,
    on_round: Callable[[Round], None] = lambda found: None,
) -> Shrunk:
    """Return a classifier of fewer LUTs that decides otherwise here and there.

    options: the LUTs that are counted, those of the whole circuit (Circuit.luts), and the head.
    luts: the most there may be. max_loss: how far the accuracy on parts.choose may fall, a
    fraction; of the rounds that keep to it the smallest is taken. on_round: called after each.

    Patterns that no sample of parts.fit gives are don't-cares: the function is another one, also
    where no sample shows it. Ctrl-C ends the search, after the first round with the best until
    then. Raises UsageError where neither is given, or the budget was not reached.
    """
    if luts is None and max_loss is None:
        raise UsageError("Say how small it shall be, --luts, or what it may lose, --max-loss")
    search = Search(mapped(classifier, options), parts, options, luts, max_loss, classifier)
    try:
        while not search.over:
            on_round(search.round())
    except KeyboardInterrupt:
        if not search.rounds:
            raise
        return replace(search.result(), interrupted=True)
    return search.result()


def accuracy(classifier: Classifier, part: Part) -> float:
    """Return the share of a part's samples whose class is predicted."""
    return float((classifier.predict(part.codes) == part.labels).mean())


def unit_of(options: CoreOptions) -> str:
    """Return what a circuit is counted in, in the singular."""
    return "gate" if options.head == "gates" else "LUT"


def count_luts(classifier: Classifier, options: CoreOptions) -> int:
    """Return the LUTs of the whole circuit: encoder, gates, popcount and argmax."""
    return sum(Circuit.of(classifier, replace(options, scores=False)).luts.values())


def with_figures(
    given: Classifier,
    made: Classifier,
    before: Round,
    after: Round,
    parts: Parts,
    more: Mapping[str, Any] | None = None,
) -> Shrunk:
    """Return the result, measured on parts.held_out, whose provenance says how it was made."""
    held, figures = parts.held_out, None
    if held is not None:
        figures = accuracy(given, held), accuracy(made, held)
    provenance = {k: v for k, v in given.provenance.items() if k not in GONE}
    provenance |= {
        "shrunk_from": given.digest,
        "shrunk": {
            "before": asdict(before),
            "after": asdict(after),
            "fitted_on": len(parts.fit),
            "chosen_on": len(parts.choose),
            "held_out": None if held is None else len(held),
            "held_out_accuracy": None if figures is None else list(figures),
            **(more or {}),
        },
    }
    provenance.pop("accuracy", None)
    if figures is not None:
        provenance["accuracy"] = figures[1]
    return Shrunk(replace(made, provenance=provenance), before, after, (), figures)


@final
class Search:
    """Take a net whose nodes are LUTs from round to round, and keep the best.

    given: what it was made from by mapped(), which the result names.
    """

    def __init__(
        self,
        small: Classifier,
        parts: Parts,
        options: CoreOptions,
        luts: int | None,
        max_loss: float | None,
        given: Classifier | None = None,
    ) -> None:
        self._given, self._parts, self._options = given or small, parts, options
        self._luts, self._max_loss = luts, max_loss
        self._nets = SampledNet(small, parts.fit.codes, parts.fit.labels)
        self._changes = _changes_for(self._nets, options)
        self._inverted, self._failed, self._stuck = 0, 0, False
        self.before = self._measured(small)
        self.rounds: list[Round] = []
        self.best = small, self.before

    @property
    def over(self) -> bool:
        """Whether the budget is reached, too much was lost for long, or nothing is left."""
        fits = self._luts is not None and self.best[1].luts <= self._luts
        return fits or self._failed >= PATIENCE or self._stuck

    def round(self) -> Round:
        """Fit the tables, and but for the first time make changes before."""
        if self.rounds:
            self._stuck = not self._changes.shrink(self._step())
        self._inverted += self._changes.refit()
        made = optimize_classifier(self._nets.classifier())[0]
        found = self._measured(made)
        self.rounds.append(found)
        lost = self.before.accuracy - found.accuracy
        if self._max_loss is not None and lost > self._max_loss + 1e-9:
            self._failed += 1
        elif found.luts <= self.best[1].luts:
            self.best, self._failed = (made, found), 0
        return found

    def result(self) -> Shrunk:
        """Return the best; raises UsageError where it is above the budget."""
        made, after = self.best
        if self._luts is not None and after.luts > self._luts:
            lost = "" if self._max_loss is None else "; allow a higher --max-loss"
            reached = counted(after.luts, unit_of(self._options))
            raise UsageError(f"{reached} were reached, not {self._luts:,}{lost}")
        found = with_figures(self._given, made, self.before, after, self._parts)
        return replace(found, rounds=tuple(self.rounds))

    def _step(self) -> float:
        """Return the LUTs that the next round saves: what is beyond a budget loses for nothing."""
        most = ROUND * self.before.luts
        if self._luts is None:
            return most
        return min(most, max(LAST * self.before.luts, self.rounds[-1].luts - self._luts))

    def _measured(self, made: Classifier) -> Round:
        return Round(
            count_luts(made, self._options),
            accuracy(made, self._parts.choose),
            self._nets.loss,
            self._changes.replaced,
            self._inverted,
        )


def _changes_for(nets: SampledNet, options: CoreOptions) -> Greedy | SimplerTables:
    """Return what makes a net smaller: simpler tables save gates, but not LUTs of six inputs."""
    if options.head == "gates":
        return SimplerTables(nets)
    return Greedy(nets, HEADS[options.head].bit_cost or BIT_COST[options.lut_size or 6])


def mapped(classifier: Classifier, options: CoreOptions) -> Classifier:
    """Return the net with the same scores whose nodes fill LUTs; a change then saves whole ones.

    For gates nodes stay as they are: what a table may become is looked for in as many entries.
    """
    small = optimize_classifier(classifier)[0]
    arity = small.netlist.arity
    if options.head == "gates":
        return small
    if arity.size and int(arity.min()) == options.lut_size:
        return small
    return shrink_classifier(small, options, of=classifier)[0]
