"""Successive halving on two objectives: most trials end after a short training on few samples.

Asynchronous, as ASHA (Li et al., 2020, arXiv 1810.05934): whoever reaches a rung goes on if it is
among the best third of those that reached it so far. The best are those that fewest others
dominate, being as accurate with fewer LUTs or more accurate with as many; Optuna's own pruners
take one objective only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Rung", "goes_on", "rungs_for"]

KEPT = 3  # one in so many trials goes on
FIRST = 4  # trials that go on in any case: there is nothing yet to compare with


@dataclass(frozen=True)
class Rung:
    """How much a trial is given: optimiser steps on each of the first so many parts."""

    steps: int
    parts: int


def rungs_for(steps: int, parts: int) -> tuple[Rung, ...]:
    """Return the rungs, up to all parts and all steps."""
    short = max(1, steps // 3)
    first = Rung(short, 1) if parts > 1 else Rung(max(1, steps // 9), 1)
    return first, Rung(short, parts), Rung(steps, parts)


def goes_on(error: float, luts: float, peers: Sequence[tuple[float, float]]) -> bool:
    """Say whether a design with a validation error and LUTs goes on. peers: those of all designs
    at this rung, itself included.
    """
    if len(peers) <= FIRST:
        return True
    points = np.array(peers)
    dominated = np.array([_dominators(points, *point) for point in points])
    better = int((dominated < _dominators(points, error, luts)).sum())
    return better < len(peers) / KEPT


def _dominators(points: np.ndarray, error: float, luts: float) -> int:
    """Count the points that are no worse in both, and better in one."""
    no_worse = (points[:, 0] <= error) & (points[:, 1] <= luts)
    return int((no_worse & ((points[:, 0] < error) | (points[:, 1] < luts))).sum())
