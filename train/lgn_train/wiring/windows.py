"""Places of a convolution's windows, for the leaves of its kernels."""

import torch
from torch import Tensor

from lgn_train import rng
from lgn_train.rng import Stream
from lgn_train.wiring.random import random_wiring

__all__ = ["window_inputs", "window_places"]


def window_places(
    channels: int, kernels: int, size: int, channels_per_kernel: int, count: int, seed: int,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """Draw int64[kernels, count], each a place (channel * size + row) * size + column.

    Channels are dealt like the inputs of random_wiring, channels_per_kernel to each kernel; its
    places differ where the window has as many, and so do neighbouring ones always, as many as
    there are. With groups, kernel k has channels c with c % groups == k % groups; groups divides
    channels.
    """
    area = size**2
    places = channels_per_kernel * area
    # Sorting random words is a random order; each kernel has its own row of them.
    keys = rng.words(seed, 0, Stream.PLACES, kernels * places)
    order = torch.argsort(keys.view(kernels, places), dim=1, stable=True)
    picked = order.repeat(1, -(-count // places))[:, :count]
    own = random_wiring(channels // groups, kernels, channels_per_kernel, seed)
    own = own * groups + (torch.arange(kernels) % groups)[:, None]
    return own.gather(1, picked // area) * area + picked % area


def window_inputs(
    leaves: Tensor,
    size: int,
    rows: int,
    columns: int,
    positions: tuple[int, int],
    stride: int,
    padding: int,
) -> Tensor:
    """Return int64[kernels, leaves, positions], the value of the image at each leaf; -1 outside.

    leaves: int64[kernels, leaves], places of the window. rows, columns: of the image. positions:
    how many a window takes down and across.
    """
    height, width = positions
    corner_row = torch.arange(height)[:, None] * stride - padding
    corner_column = torch.arange(width)[None, :] * stride - padding
    row = (leaves // size % size)[..., None, None] + corner_row
    column = (leaves % size)[..., None, None] + corner_column
    channel = (leaves // size**2)[..., None, None]
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    place = (channel * rows + row) * columns + column
    return torch.where(inside, place, -1).flatten(2)
