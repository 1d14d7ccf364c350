"""A stratified split that depends on the seed and the labels alone."""

import numpy as np
from numpy.typing import NDArray

from lgn_train import noise
from lgn_train.noise import Stream

__all__ = ["stratified_split"]


def stratified_split(
    labels: NDArray[np.integer], test_samples: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sample numbers of the training and of the test part, each ascending.

    Every class gives its share of the test part, rounded so that the shares add up; the largest
    remainders, and on ties the lowest classes, are rounded up.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    exact = sizes * (test_samples / len(labels))
    shares = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - shares), kind="stable")
    shares[order[: test_samples - int(shares.sum())]] += 1
    shuffled = noise.permutation(seed, 0, Stream.SPLIT, len(labels)).numpy()
    test = np.zeros(len(labels), bool)
    for label, share in zip(classes, shares, strict=True):
        test[shuffled[labels[shuffled] == label][:share]] = True
    return np.flatnonzero(~test), np.flatnonzero(test)
