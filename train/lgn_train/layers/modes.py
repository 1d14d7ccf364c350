"""What a network computes: the training estimator, the soft mixture, or the discrete circuit."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from lgn_train.checks import one_of
from lgn_train.layers.circuit_layer import CircuitLayer

__all__ = ["MODES", "mode"]

MODES = ("train", "soft", "discrete")


@contextmanager
def mode(model: nn.Module, name: str) -> Iterator[None]:
    """Make every logic layer of a model compute in one mode, whatever train() and eval() say.

    train: as a training step does, with its noise; soft: the mixture of tables, without noise;
    discrete: the likeliest tables, as exported. Steps taken meanwhile leave no trace: counters and
    running confidences are those of before afterwards. Raises ValueError listing the modes.
    """
    one_of("mode", name, MODES)
    layers = [layer for layer in model.modules() if isinstance(layer, CircuitLayer)]
    before = [(layer, layer.forced_mode, layer.progress()) for layer in layers]
    for layer in layers:
        layer.forced_mode = name
    try:
        yield
    finally:
        for layer, forced, progress in before:
            layer.forced_mode = forced
            for value, past in progress:
                value.copy_(past)
