"""Augmentation: every epoch moves and mirrors the training images anew, by the seed."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from lgn_train import noise
from lgn_train.noise import Stream

__all__ = ["Augmentation"]


@final
@dataclass(frozen=True)
class Augmentation:
    """How the images of one epoch are changed; equal seeds and epochs change them alike.

    shift: pixels that an image moves at most, each way; what enters is `border`, a code for each
    channel. flip: mirror half of the images, left to right. shape: (channels, rows, columns).
    samples: of the data set.
    """

    shape: tuple[int, int, int]
    samples: int
    shift: int
    flip: bool
    border: tuple[int, ...]
    seed: int
    epoch: int

    def __call__(self, codes: Tensor, indices: Tensor) -> Tensor:
        """Return codes[batch, features] changed; indices: where the data set has the samples."""
        channels, rows, columns = self.shape
        images = codes.view(-1, channels, rows, columns)
        border = torch.tensor(self.border, device=codes.device).to(codes.dtype)[:, None, None]
        room = F.pad(images - border, [self.shift] * 4) + border
        draws = self._draws[indices.to(self._draws.device)].to(codes.device)
        down = torch.arange(rows, device=codes.device) + draws[:, :1]
        right = torch.arange(columns, device=codes.device) + draws[:, 1:2]
        if self.flip:
            right = torch.where(draws[:, 2:] == 1, right.flip(1), right)
        picks = (
            torch.arange(len(codes), device=codes.device)[:, None, None, None],
            torch.arange(channels, device=codes.device)[:, None, None],
            down[:, None, :, None],
            right[:, None, None, :],
        )
        return room[picks].reshape(codes.shape)

    @cached_property
    def _draws(self) -> Tensor:
        """int64[samples, 3]: rows down, columns right in the padded image; whether to flip."""
        words = noise.words(self.seed, self.epoch, Stream.AUGMENT, 3 * self.samples).view(-1, 3)
        sizes = torch.tensor([2 * self.shift + 1, 2 * self.shift + 1, 2])
        return words % sizes
