"""Stratified splits that depend on the seed and the labels alone."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError
from lgn_train import rng
from lgn_train.data.dataset import Dataset
from lgn_train.rng import Stream

__all__ = ["hold_out", "stratified_split"]

TEST, VALIDATION = 0, 1  # numbers of the draws of one seed


def stratified_split(
    labels: NDArray[np.integer], test_samples: int, seed: int, draw: int = TEST
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sample numbers of the training and of the test part, each ascending.

    Every class gives its share of the test part, rounded so that the shares add up; the largest
    remainders, and on ties the lowest classes, are rounded up. draw: another one of the same seed.

    labels: int[samples]. The same seed, draw and labels give the same parts on every machine,
    because the permutation is this project's own (rng).
    """
    classes, sizes = np.unique(labels, return_counts=True)
    exact = sizes * (test_samples / len(labels))
    shares = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - shares), kind="stable")
    # The largest-remainder method: plain rounding could give a sample more or fewer than asked for.
    shares[order[: test_samples - int(shares.sum())]] += 1
    shuffled = rng.permutation(seed, draw, Stream.SPLIT, len(labels)).numpy()
    test = np.zeros(len(labels), bool)
    for label, share in zip(classes, shares, strict=True):
        test[shuffled[labels[shuffled] == label][:share]] = True
    return np.flatnonzero(~test), np.flatnonzero(test)


def hold_out(data: Dataset, fraction: float, seed: int) -> Dataset:
    """Return the data set with a validation part, a fraction of the training part of each class.

    Raises UsageError where a class would have no sample left to train on, or none to validate with.
    """
    samples = max(1, round(len(data.y_train) * fraction))
    kept, held = stratified_split(data.y_train, samples, seed, VALIDATION)
    _check_parts(data, fraction, data.y_train[kept], data.y_train[held])
    return replace(
        data,
        x_train=data.x_train[kept],
        y_train=data.y_train[kept],
        x_validation=data.x_train[held],
        y_validation=data.y_train[held],
        weight_train=None if data.weight_train is None else data.weight_train[kept],
    )


def _check_parts(
    data: Dataset, fraction: float, kept: NDArray[np.integer], held: NDArray[np.integer]
) -> None:
    """Raise UsageError where a class lost all of its samples to one side; the message names the
    smallest such class and a fraction that would do.
    """
    samples = len(data.y_train)
    sizes, in_kept, in_held = (
        np.bincount(y, minlength=len(data.classes)) for y in (data.y_train, kept, held)
    )
    wrong = np.flatnonzero((sizes > 0) & ((in_kept == 0) | (in_held == 0)))
    if not len(wrong):
        return
    number = wrong[sizes[wrong].argmin()]
    name, size = data.classes[number], int(sizes[number])
    if size == 1:
        raise UsageError(
            f"data.validation: class {name!r} has one training sample only, which cannot be both"
            " trained on and validated with; leave data.validation out, or give more samples"
        )
    if in_held[number]:
        raise UsageError(
            f"data.validation = {fraction:g} leaves none of the {size} training samples of class"
            f" {name!r} to train on; lower it"
        )
    smallest = int(sizes[sizes > 0].min())  # with a share of one there, every class has one
    enough = math.ceil(1000 * math.ceil(samples / smallest) / samples) / 1000
    raise UsageError(
        f"data.validation = {fraction:g} holds out none of the {size} training samples of class"
        f" {name!r}; raise it to {enough:g}, or leave it out"
    )
