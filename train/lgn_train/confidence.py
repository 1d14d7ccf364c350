"""CAGE's temperature: the gradient's softmax grows colder as a layer grows confident (2603.14157).

A layer keeps one running confidence, c <- 0.99 c + 0.01 m, where m is the mean over its choices of
the likeliest one's probability; c starts at 1 / n for choices among n. The gradient's temperature
falls linearly from 3.0 at c = 1 / n to 0.5 at c = 1. n is 16 where gates are chosen, as published;
light and walsh choose each entry of a table between 0 and 1, so that n is 2 there, which is ours.
"""

from torch import Tensor

__all__ = ["backward_temperature", "initial_confidence", "update_confidence"]

KEPT = 0.99
WARMEST, COLDEST = 3.0, 0.5


def initial_confidence(choices: int) -> float:
    """Return the running confidence before training: all of `choices` are equally likely."""
    return 1 / choices


def backward_temperature(confidence: float, choices: int) -> float:
    """Return the temperature of the gradient at a running confidence."""
    start = initial_confidence(choices)
    sureness = min(1.0, max(0.0, (confidence - start) / (1 - start)))
    return WARMEST - (WARMEST - COLDEST) * sureness


def update_confidence(confidence: Tensor, mean: Tensor) -> None:
    """Move a layer's running confidence towards the mean probability of its likeliest choices."""
    confidence.mul_(KEPT).add_(mean.detach().to(confidence), alpha=1 - KEPT)
