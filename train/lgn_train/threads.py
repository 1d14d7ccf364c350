"""How many threads a run computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from lgn_train.layers.circuit_layer import widest_stage
from lgn_train.parts import logic_layers

__all__ = ["threads_for"]

# Below, a thread's share of an operation is shorter than waking it: on two idle cores a second
# thread gains little, and on busy ones it was measured to take twelve times as long.
SINGLE_THREAD_FLOATS = 1 << 20  # activations of a float layer
SINGLE_THREAD_BITS = 1 << 19  # of a packed one


@contextmanager
def threads_for(model: nn.Module, batch_size: int) -> Iterator[None]:
    """Let torch use one thread where all layers are small, and its own number elsewhere.

    With one thread the result cannot depend on the number of cores. That of packed layers does
    not in any case.
    """
    before = torch.get_num_threads()
    packed = not any(layer.why_not_kernels() for layer in logic_layers(model))
    limit = SINGLE_THREAD_BITS if packed else SINGLE_THREAD_FLOATS
    if widest_stage(model) * batch_size < limit:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
