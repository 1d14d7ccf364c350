"""What the figures say, in sentences: which of the paper's three claims holds at this size."""

from collections.abc import Mapping
from typing import Any

from lgn_train.reproduce.plots_nodes import ADAM_EPSILON
from lgn_train.reproduce.scale import DLGN, GUMBEL

__all__ = ["in_words"]

Figures = Mapping[str, Any]


def in_words(found: Figures) -> str:
    """Return sentences on gap, unused gates and speed, and on the gradients behind them.

    The paper's three claims are that the gap shrinks by 98 %, that unused gates vanish, and that
    the Gumbel LGN is 4.5 times faster; each is said to hold or not to hold by the figures, never
    assumed. Empty unless both methods were run.
    """
    methods = found["methods"]
    if not {DLGN, GUMBEL} <= methods.keys():
        return ""
    dlgn, gumbel = methods[DLGN], methods[GUMBEL]
    sentences = [_gap(dlgn, gumbel), _unused(dlgn, gumbel), _speed(gumbel), _frozen(found)]
    return "".join(f"* {sentence}\n" for sentence in sentences)


def _gap(dlgn: Figures, gumbel: Figures) -> str:
    """Say how much smaller the gap is, and whether that is more than chance.

    The caution compares the difference of the means with the sum of both standard deviations: a
    rough rule that needs no assumption about three seeds, and errs towards caution.
    """
    gaps = [figures["gap_train"] for figures in (dlgn, gumbel)]
    soft, ours = (abs(gap["mean"]) for gap in gaps)
    head = f"**Gap.** The DLGN's is {100 * soft:.2f} points, the Gumbel LGN's {100 * ours:.2f}"
    if not soft:
        return f"{head}: there is none to remove here."
    change = f"{100 * abs(1 - ours / soft):.0f} % {'less' if ours <= soft else 'more'}"
    # A change of less than the spread of the seeds is not a finding.
    spreads = [gap["spread"] for gap in gaps]  # None of a single seed
    if None in spreads:
        caution = "; of a single seed, so that it is not known how much they vary"
    elif abs(soft - ours) <= sum(spreads):
        caution = "; but the two differ by no more than they vary from seed to seed"
    else:
        caution = ", by more than they vary from seed to seed"
    largest = 100 * dlgn["gap_largest"]["mean"]
    return (
        f"{head}: {change} (the paper: 98 % less){caution}. In training the DLGN's gap is up to"
        f" {largest:.2f} points."
    )


def _unused(dlgn: Figures, gumbel: Figures) -> str:
    """Say how many gates are undecided before and after training, in percent."""
    start, soft, ours = (
        100 * figure["mean"]
        for figure in (dlgn["unused_start"], dlgn["unused_end"], gumbel["unused_end"])
    )
    return (
        f"**Unused gates.** Of {start:.1f} % before training the DLGN leaves {soft:.2f} %, the"
        f" Gumbel LGN {ours:.2f} %."
    )


def _speed(gumbel: Figures) -> str:
    """Say when the Gumbel LGN reaches the DLGN's best discrete accuracy, in time and in steps;
    both, because a packed step costs less than a float one whatever the method learns.
    """
    reaching, seeds = gumbel["seeds_reaching"], gumbel["seeds"]
    if not reaching:
        return (
            "**Speed.** The Gumbel LGN does not reach the DLGN's best discrete accuracy in these"
            " steps: at this size the paper's 4.5 times is not seen."
        )
    wall, steps = (gumbel["speedup"][clock]["mean"] for clock in ("seconds", "step"))
    pace = f"{wall:.2f} times sooner" if wall >= 1 else f"{1 / wall:.2f} times later"
    some = "" if reaching == seeds else f", in {reaching} of {seeds} seeds"
    return (
        f"**Speed.** The Gumbel LGN reaches the DLGN's best discrete accuracy {pace} in wall"
        f" time, after {1 / steps:.2f} times the steps{some} (the paper: 4.5 times sooner)."
    )


def _frozen(found: Figures) -> str:
    """Say how many layers start with gradients below Adam's epsilon, by method."""
    counts = [
        sum(value < ADAM_EPSILON for value in found["layers"][name]["gradient"][0])
        for name in (DLGN, GUMBEL)
    ]
    layers = len(found["layers"][DLGN]["gradient"][0])
    return (
        f"**Why.** At the start the median gradient is below Adam's epsilon, {ADAM_EPSILON:.0e}, in"
        f" {counts[0]} of the DLGN's {layers} layers, and in {counts[1]} of the Gumbel LGN's."
    )
