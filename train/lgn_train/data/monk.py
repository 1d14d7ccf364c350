"""The MONK's problems (UCI): three rules over six attributes, the third with noisy labels."""

import numpy as np

from lgn_train.checks import one_of
from lgn_train.data.categories import one_hot
from lgn_train.data.dataset import Dataset
from lgn_train.data.published import Published
from lgn_train.data.tabular import Samples, make_dataset

__all__ = ["MONKS", "load_monk"]

MONKS = Published(
    "MONK's problems",
    "uci/monks",
    "https://archive.ics.uci.edu/ml/machine-learning-databases/monks-problems/",
    {
        "monks-1.train": "d9c328b6f0e095ab10f7bc8468f1d2141f3d08be73e665c3bf0a62994c922606",
        "monks-1.test": "e501ada3b21d876ab86f3e1614747bd2edc443a685f229a25e480aa1dea629f6",
        "monks-2.train": "7ebcc278005737caad0cd52e6aa31256a2c3174da8047faf4ac3a9d35edbdaa8",
        "monks-2.test": "945650affde377c27f6218c8b17893e339ea831f4bee9f9d7123020699cfbf40",
        "monks-3.train": "726f258f80be06af4bb2d8831789514a663f5813e47429211fe19dcd367966f8",
        "monks-3.test": "1d816ae7347afaf895050667adc3f382904c6ed2332d0a2d09353f5e6cb54612",
    },
)
VALUES = (3, 3, 2, 3, 4, 2)  # of each attribute, counted from 1
CLASSES = ("0", "1")


def load_monk(problem: int) -> Dataset:
    """Return a problem, 1 to 3, with its official split: 124, 169 or 122 to train, all 432
    combinations of the attributes to test.

    A feature is 1 where an attribute has a value, and is named like `a5=3`. The files come from
    `$LGN_DATA/uci/monks` or the cache. Raises UsageError where they are missing or not the
    published ones.
    """
    one_of("problem", str(problem), "123")
    train, test = (
        _samples(MONKS.read(f"monks-{problem}.{part}").decode()) for part in ("train", "test")
    )
    names = [f"a{a}={value + 1}" for a, count in enumerate(VALUES, 1) for value in range(count)]
    return make_dataset(
        train, test, names, CLASSES, place=f"monks-{problem}", seed=0, published=True
    )


def _samples(text: str) -> Samples:
    """Read lines of a label, six attributes and the sample's name.

    Attribute values are numbered from 1 in the files; each becomes as many features as it has
    values, 17 in all.
    """
    rows = [line.split() for line in text.splitlines() if line.strip()]
    labels, *columns, _ = zip(*rows, strict=True)
    parts = [
        one_hot(cells, [str(value + 1) for value in range(count)])
        for cells, count in zip(columns, VALUES, strict=True)
    ]
    return Samples(np.concatenate(parts, axis=1), np.array([CLASSES.index(y) for y in labels]))
