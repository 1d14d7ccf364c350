"""What is measured of a network: accuracies by mode, gaps between them, unused gates.

The discretization gap is what is lost when a network of soft or sampled gates becomes a circuit. It
is measured in two ways, because papers do: against the mixture of gates, and against training as it
is.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lgn_train.export import export_model
from lgn_train.layers.logic_layer import LogicLayer
from lgn_train.packed.threads import kernel_threads
from lgn_train.parametrizations import PARAMETRIZATIONS
from lgn_train.parts import logic_layers, parts_of
from lgn_train.predictions import predictions

__all__ = [
    "Accuracies",
    "accuracy",
    "figures_of",
    "measure",
    "unused_gates",
    "unused_threshold",
]

THRESHOLD_NODES = 4096


@dataclass(frozen=True)
class Accuracies:
    """Accuracies on one set of samples, as fractions.

    train_mode: with the estimator's tables, noise included, redrawn for every 1000 samples, and
    more often where layers are wider than 33 000 nodes.
    soft: with the mixture of tables. discrete: with the likeliest tables, as exported.
    """

    train_mode: float
    soft: float
    discrete: float

    @property
    def gap_train(self) -> float:
        """The discretization gap as 2506.07500 measures it: train mode minus discrete."""
        return self.train_mode - self.discrete

    @property
    def gap_soft(self) -> float:
        """The gap of the soft mixture: soft minus discrete."""
        return self.soft - self.discrete


def figures_of(
    model: nn.Module, x: NDArray[np.integer], y: NDArray[np.integer]
) -> dict[str, float]:
    """Return the accuracies, gaps and unused gates of a model, named as in metrics.jsonl."""
    found = measure(model, x, y)
    return {
        "train_mode_accuracy": found.train_mode,
        "soft_accuracy": found.soft,
        "discrete_accuracy": found.discrete,
        "gap_train": found.gap_train,
        "gap_soft": found.gap_soft,
        "unused_gates": unused_gates(model),
    }


def measure(model: nn.Module, x: NDArray[np.integer], y: NDArray[np.integer]) -> Accuracies:
    """Measure a model on integer codes and class numbers; leaves the model as it was."""
    return Accuracies(*(accuracy(model, x, y, name) for name in ("train", "soft", "discrete")))


def accuracy(model: nn.Module, x: NDArray[np.integer], y: NDArray[np.integer], name: str) -> float:
    """Return the fraction of samples that the model classifies rightly in a mode.

    The discrete one is measured on the classifier that the model exports, on lgn_hw's engine.
    """
    return float((_classes(model, x, name) == y).mean())


def _classes(model: nn.Module, x: NDArray[np.integer], name: str) -> NDArray[np.integer]:
    """Return int64[samples], the classes in a mode; the discrete ones by the exported
    classifier.
    """
    if name != "discrete":
        return predictions(model, x, name)
    names = [str(c) for c in range(parts_of(model)[2].k)]
    # The discrete accuracy is not that of a simulation of the circuit in torch, but of the
    # classifier that is built.
    return export_model(model, names).predict(x, kernel_threads())


def unused_gates(model: nn.Module) -> float:
    """Return the fraction of nodes whose distribution over tables is still undecided.

    A node is unused where the entropy of that distribution (2506.07500) is above the mean entropy
    of Gaussian-initialised nodes of the same parametrisation and fan-in, so half to six tenths of
    such nodes are unused before training. The threshold is that of Gaussian logits whatever the
    layer's own init is: residual nodes all start decided, below it, and count as unused only
    where training makes them undecided. For light and walsh the distribution is a product of one
    coin per entry, and its entropy the sum of theirs.
    """
    layers = logic_layers(model)
    # All layers together, so that a wide layer counts for its nodes.
    undecided = torch.cat([layer.entropy() > unused_threshold(layer) for layer in layers])
    return float(undecided.double().mean())


def unused_threshold(layer: LogicLayer) -> float:
    """Return the entropy, in nats, above which a node of the layer counts as unused."""
    return _mean_initial_entropy(layer.parametrization, layer.fan_in)


@cache
def _mean_initial_entropy(parametrization: str, fan_in: int) -> float:
    """Return the mean entropy of Gaussian nodes, in nats, over THRESHOLD_NODES draws of seed 0."""
    tables = PARAMETRIZATIONS[parametrization]
    entropy: Tensor = tables.entropy(tables.initial("gaussian", THRESHOLD_NODES, fan_in, 0))
    return float(entropy.mean())
