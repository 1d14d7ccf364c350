"""How many threads a run computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from lgn_train.model import logic_layers

__all__ = ["threads_for"]

# Below, a thread's share of an operation is shorter than waking it: on two idle cores a second
# thread gains little, and on busy ones it was measured to take twelve times as long.
SINGLE_THREAD_ACTIVATIONS = 1 << 20


@contextmanager
def threads_for(model: nn.Module, batch_size: int) -> Iterator[None]:
    """Let torch use one thread where float layers are small, and its own number elsewhere.

    With one thread the result cannot depend on the number of cores either. Packed layers choose
    for themselves, and compute the same on any number.
    """
    before = torch.get_num_threads()
    layers = [layer for layer in logic_layers(model) if layer.why_not_packed()]
    widest = max((len(layer.logits) for layer in layers), default=SINGLE_THREAD_ACTIVATIONS)
    if widest * batch_size < SINGLE_THREAD_ACTIVATIONS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
