"""How many threads a run computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["threads_for"]

# Below, a thread's share of an operation is shorter than waking it: on two idle cores a second
# thread gains little, and on busy ones it was measured to take twelve times as long.
SINGLE_THREAD_ACTIVATIONS = 1 << 20


@contextmanager
def threads_for(widest_layer: int, batch_size: int) -> Iterator[None]:
    """Let torch use one thread where layers are small, and its own number elsewhere.

    With one thread the result cannot depend on the number of cores either.
    """
    before = torch.get_num_threads()
    if widest_layer * batch_size < SINGLE_THREAD_ACTIVATIONS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
