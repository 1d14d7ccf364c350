"""Which samples say what a change costs, which choose the result, and which only measure it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError
from lgn_hw.samples import Samples

__all__ = ["Part", "Parts", "split"]


@dataclass(frozen=True, eq=False)
class Part:
    """Hold codes[samples, features] and class numbers[samples]."""

    codes: NDArray[np.integer]
    labels: NDArray[np.integer]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Parts:
    """Hold the samples that a net is made smaller with.

    fit: what changes cost is measured on these, and tables are fitted to them. choose: of all that
    was made, the smallest that is good enough on these is kept. held_out: neither, so that the
    accuracy on them is honest; None where there are none.
    """

    fit: Part
    choose: Part
    held_out: Part | None = None


def split(samples: Samples, seed: int = 0) -> Parts:
    """Cut labelled samples into 60 % to fit, 20 % to choose and 20 % to measure, of each class
    alike. Raises UsageError where there are too few.
    """
    if samples.labels is None or samples.labelled < len(samples):
        raise UsageError(
            f"Every sample must have a label that is one of the classifier's classes;"
            f" {len(samples) - samples.labelled} of {len(samples)} have none: name the column with"
            " --label, or leave them out"
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(samples))
    order = order[np.argsort(samples.labels[order], kind="stable")]
    # Of each ten neighbours in the order of classes six go to the first part, two to each other.
    place = np.arange(len(order)) % 10
    fit, choose, held = (
        np.sort(order[np.isin(place, p)]) for p in ((0, 2, 4, 5, 7, 9), (1, 6), (3, 8))
    )
    if not (len(choose) and len(held)):
        raise UsageError(f"{len(samples)} samples cannot be cut in three; give 10 or more")
    return Parts(*(Part(samples.codes[rows], samples.labels[rows]) for rows in (fit, choose, held)))
