"""Packing: 64 samples per word, sample s in bit s % 64 of word s // 64.

Bit-parallel simulation has always packed patterns into machine words: one bitwise instruction then
evaluates a gate for 64 samples.
"""

import torch
from torch import Tensor

__all__ = ["WORD_BITS", "pack", "unpack", "words_for"]

WORD_BITS, BYTE_BITS = 64, 8


def words_for(samples: int) -> int:
    """Return how many words hold the samples."""
    return -(-samples // WORD_BITS)


def pack(bits: Tensor) -> Tensor:
    """Return int64[nets, words] of bool[nets, samples]; bits past the samples are 0."""
    nets, samples = bits.shape
    whole = bits.new_zeros(nets, words_for(samples) * WORD_BITS, dtype=torch.uint8)
    whole[:, :samples] = bits
    octets = whole.view(nets, words_for(samples) * WORD_BITS // BYTE_BITS, BYTE_BITS) << _shifts(
        bits
    )
    octets = octets.sum(dim=2, dtype=torch.uint8).view(
        nets, words_for(samples), WORD_BITS // BYTE_BITS
    )
    return octets.view(torch.int64).squeeze(2)


def unpack(rows: Tensor, samples: int) -> Tensor:
    """Return float32[nets, samples] of 0.0 and 1.0."""
    octets = rows.view(torch.uint8)[:, : -(-samples // BYTE_BITS)]
    bits = (octets.unsqueeze(2) >> _shifts(rows)) & 1
    return bits.reshape(len(rows), -1)[:, :samples].float()


def _shifts(like: Tensor) -> Tensor:
    return torch.arange(BYTE_BITS, dtype=torch.uint8, device=like.device)
