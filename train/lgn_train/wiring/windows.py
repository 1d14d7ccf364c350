"""Places of a convolution's windows, for the leaves of its kernels."""

import torch
from torch import Tensor

from lgn_train import rng
from lgn_train.rng import Stream
from lgn_train.wiring.random import random_wiring

__all__ = ["window_places"]


def window_places(
    channels: int, kernels: int, size: int, channels_per_kernel: int, count: int, seed: int
) -> Tensor:
    """Draw int64[kernels, count], each a place (channel * size + row) * size + column.

    Channels are dealt like the inputs of random_wiring, channels_per_kernel to each kernel; its
    places differ where the window has as many, and so do neighbouring ones always, as many as
    there are.
    """
    area = size**2
    places = channels_per_kernel * area
    # Sorting random words is a random order; each kernel has its own row of them.
    keys = rng.words(seed, 0, Stream.PLACES, kernels * places)
    order = torch.argsort(keys.view(kernels, places), dim=1, stable=True)
    picked = order.repeat(1, -(-count // places))[:, :count]
    own = random_wiring(channels, kernels, channels_per_kernel, seed)
    return own.gather(1, picked // area) * area + picked % area
