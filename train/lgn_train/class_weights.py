"""How much each class counts in the loss."""

import difflib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError

__all__ = ["ClassWeight", "class_weights"]

ClassWeight = str | Sequence[float] | Mapping[str, float] | None


def class_weights(
    option: ClassWeight, labels: NDArray[np.integer], classes: Sequence[str]
) -> NDArray[np.float64] | None:
    """Return float64[classes], scaled so that their mean over the samples is 1; or None.

    option: "balanced", by which all classes count alike, however many samples they have; a weight
    per class in their order; or weights by class name, 1 for those not named. labels: class
    numbers of the training samples. Raises UsageError where the weights do not fit the classes.
    """
    sizes = np.bincount(labels, minlength=len(classes))
    match option:
        case None:
            return None
        case str():  # "balanced"; a recipe holds no other word
            weights = np.where(sizes > 0, 1 / np.maximum(sizes, 1), 1.0)
        case Mapping():
            weights = _by_name(option, classes)
        case _:
            weights = _by_number(option, classes)
    return weights * (len(labels) / (weights * sizes).sum())


def _by_name(option: Mapping[str, float], classes: Sequence[str]) -> NDArray[np.float64]:
    """Return float64[classes] of weights by name; raises UsageError with the nearest name."""
    for name in option:
        if name not in classes:
            near = difflib.get_close_matches(name, classes, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"they are {', '.join(classes)}"
            raise UsageError(f"train.class_weight: {name!r} is not one of the classes; {hint}")
    return np.array([option.get(name, 1.0) for name in classes])


def _by_number(option: Sequence[float], classes: Sequence[str]) -> NDArray[np.float64]:
    """Return float64[classes] of a weight per class; raises UsageError where some are missing."""
    if len(option) != len(classes):
        raise UsageError(
            f"train.class_weight must have a weight for each of the {len(classes)} classes,"
            f" {', '.join(classes)}; it has {len(option)}"
        )
    return np.array(option, np.float64)
