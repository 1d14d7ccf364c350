"""What designs are compared on: one validation part of large data, folds of small data."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lgn_train.data.dataset import Dataset
from lgn_train.data.split import hold_out
from lgn_train.rng import Stream, permutation
from lgn_train.search.sizes import FEW, LARGE

__all__ = ["HELD_OUT", "Splits", "fold_numbers", "split"]

HELD_OUT = 0.2  # of the training part of large data
MOST_HELD_OUT = 10_000  # samples: enough for differences of half a point
FOLDS_DRAW = 2  # number of the draw of a seed, beside the test part and the validation part


@dataclass(frozen=True, eq=False)
class Splits:
    """The training part, cut for validation; the test part is in none of it but to be kept.

    parts: data sets with a validation part each; together they validate every sample once, or
    hold out one part. held_out: that part's fraction; 0 where there are folds, and the final
    network is trained on the whole training part.
    """

    parts: tuple[Dataset, ...]
    held_out: float

    @property
    def samples(self) -> int:
        """How many samples all parts validate together."""
        return sum(len(part.measured[2]) for part in self.parts)


def split(data: Dataset, fraction: float, seed: int) -> Splits:
    """Cut a data set that has no validation part. fraction: as the recipe says; 0 chooses.

    Small data are cut into folds: 5 of fewer than 1 000 samples, 3 of fewer than 5 000. Raises
    UsageError where a part cannot be held out.
    """
    rows = len(data.x_train)
    if fraction or rows >= LARGE:
        fraction = fraction or round(min(HELD_OUT, MOST_HELD_OUT / rows), 4)
        return Splits((hold_out(data, fraction, seed),), fraction)
    count = min(5 if rows < FEW else 3, rows)
    numbers = fold_numbers(data.y_train, count, seed)
    return Splits(tuple(_fold(data, numbers == fold) for fold in range(count)), 0.0)


def fold_numbers(labels: NDArray[np.integer], folds: int, seed: int) -> NDArray[np.int64]:
    """Return int64[samples], the fold of each: every class is dealt out evenly, in turn."""
    order = permutation(seed, FOLDS_DRAW, Stream.SPLIT, len(labels)).numpy()
    by_class = order[np.argsort(labels[order], kind="stable")]
    numbers = np.empty(len(labels), np.int64)
    numbers[by_class] = np.arange(len(labels)) % folds
    return numbers


def _fold(data: Dataset, held: NDArray[np.bool_]) -> Dataset:
    return replace(
        data,
        x_train=data.x_train[~held],
        y_train=data.y_train[~held],
        x_validation=data.x_train[held],
        y_validation=data.y_train[held],
    )
