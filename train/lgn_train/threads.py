"""How many threads a run computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from lgn_train.layers.circuit_layer import widest_stage
from lgn_train.packed.threads import with_kernel_threads
from lgn_train.parts import logic_layers

__all__ = ["threads_for"]

# Below, a thread's share of an operation is shorter than waking it.
SINGLE_THREAD_FLOATS = 1 << 20  # activations of a float layer


@contextmanager
def threads_for(model: nn.Module, batch_size: int) -> Iterator[None]:
    """Share out torch's threads as suits the model: give them to the kernels where all layers run
    on these, or let torch itself use one where all layers are small; leave them elsewhere.

    Threads of torch wait for each other, spinning, in every operation. Beside other work on the
    same cores two of them were measured to take six times the CPU time of one (64 000 gates); those
    of the kernels share pieces and sleep, and the few operations left to torch are short.
    With one thread the result cannot depend on the number of cores. That of the kernels does not in
    any case.
    """
    before = torch.get_num_threads()
    on_kernels = not any(layer.why_not_kernels() for layer in logic_layers(model))
    if on_kernels or widest_stage(model) * batch_size < SINGLE_THREAD_FLOATS:
        torch.set_num_threads(1)
    try:
        with with_kernel_threads(before):
            yield
    finally:
        torch.set_num_threads(before)
