"""What is recorded of a network under training: accuracies, undecided nodes, gradients by layer."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lgn_train.data.dataset import Dataset
from lgn_train.explain import explain
from lgn_train.metrics import accuracy, unused_threshold
from lgn_train.parts import logic_layers
from lgn_train.reproduce.scale import DLGN

__all__ = [
    "accuracies",
    "entropy_axis",
    "entropy_counts",
    "gradients",
    "network_digest",
    "path_of",
    "some_measured",
    "unused_by_layer",
]

BINS = 40  # of an entropy histogram, from 0 to the entropy of a node that is wholly undecided


def some_measured(data: Dataset, most: int) -> tuple[str, Any, Any]:
    """Return the part that is measured, its codes and class numbers: at most so many samples, at
    equal distances, as a file may hold them class by class.
    """
    part, x, y = data.measured
    some = np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int)
    return part, x[some], y[some]


def accuracies(
    model: nn.Module, x: NDArray[np.integer], y: NDArray[np.integer], estimator: str
) -> dict[str, float]:
    """Return the fractions that are classified rightly in train mode, soft and discrete.

    x: int[samples, features], codes; y: int[samples], class numbers. estimator: of the model's
    logic layers, which decides whether train mode and soft mixture are the same thing.
    """
    soft = accuracy(model, x, y, "soft")
    # A DLGN trains the mixture itself: it need not be measured twice.
    train_mode = soft if estimator == DLGN else accuracy(model, x, y, "train")
    return {"train_mode": train_mode, "soft": soft, "discrete": accuracy(model, x, y, "discrete")}


def unused_by_layer(model: nn.Module) -> list[float]:
    """Return the fraction of unused nodes of each layer, see unused_gates()."""
    layers = logic_layers(model)
    shares = [(layer.entropy() > unused_threshold(layer)).double().mean() for layer in layers]
    return [round(float(share), 6) for share in shares]


def gradients(model: nn.Module) -> list[float]:
    """Return the median of the absolute gradient of each layer's logits, of the last batch.

    In the layers' order, from the inputs; 0.0 before the first backward pass. The median and not
    the mean: single nodes have gradients that are larger by powers of ten.
    """
    found = [layer.logits.grad for layer in logic_layers(model)]
    return [0.0 if grad is None else float(grad.abs().median()) for grad in found]


def path_of(model: nn.Module) -> str:
    """Return how training computes, like `float` or `packed words, C++ kernels`.

    Recorded with every run, because a wall time means nothing without it.
    """
    first_layer = explain(model.train()).splitlines()[0]
    return first_layer.partition(": ")[2].partition(":")[0]


def network_digest(model: nn.Module) -> str:
    """Return the SHA-256 of all initial logits and of the wiring.

    Equal for two models that start from the same network, on a CPU or a GPU; check_equal_starts
    compares it.
    """
    found = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        if name.endswith((".logits", ".wiring")):
            # Logits and wiring: what decides the network at the start.
            found.update(tensor.contiguous().cpu().numpy().tobytes())
    return found.hexdigest()


def entropy_axis(model: nn.Module) -> dict[str, float]:
    """Return the largest entropy that a node can have, and the one above which it is unused.

    In nats, of the first layer: all layers of the experiment have one parametrisation and fan-in.
    The largest is log(2) for each entry of the table, 2**fan_in of them: a coin per entry.
    """
    layer = logic_layers(model)[0]
    return {"largest": float(np.log(2)) * 2**layer.fan_in, "threshold": unused_threshold(layer)}


def entropy_counts(model: nn.Module) -> list[int]:
    """Return a histogram of the entropies of all nodes, from 0 to the largest.

    Returns BINS counts. Rounding may lift an entropy a little above the largest, which histogram()
    would drop; clipping keeps every node counted.
    """
    layers = logic_layers(model)
    values = np.concatenate([layer.entropy().cpu().numpy() for layer in layers])
    largest = entropy_axis(model)["largest"]
    counts, _ = np.histogram(values.clip(0, largest), bins=BINS, range=(0, largest))
    found: list[int] = counts.tolist()
    return found
