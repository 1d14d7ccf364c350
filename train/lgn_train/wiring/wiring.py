"""A fixed wiring and its inverse: gather the pins forward, collect their gradients backward."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["Wiring"]


@dataclass(frozen=True, eq=False)
class Wiring:
    """Hold which input each pin reads, and, for each input, which pins read it.

    source: int64[fan_in * nodes], the input of pin p of node i at p * nodes + i.
    readers: int64[fan_in * nodes], the pins grouped by input, ascending within an input.
    starts: int64[inputs], where each input's group starts.
    fan_in: pins a node.
    """

    source: Tensor
    readers: Tensor
    starts: Tensor
    fan_in: int

    @classmethod
    def of(cls, indices: Tensor, inputs: int) -> "Wiring":
        """Build the wiring of indices[nodes, fan_in], which must be in 0 .. inputs-1."""
        source = indices.t().reshape(-1)
        readers = torch.argsort(source, stable=True)
        counts = torch.bincount(source, minlength=inputs)
        return cls(source, readers, counts.cumsum(0) - counts, indices.shape[1])

    def gather(self, x: Tensor) -> Tensor:
        """Return pins[fan_in, nodes, batch] of x[inputs, batch]."""
        return x.index_select(0, self.source).view(
            self.fan_in, len(self.source) // self.fan_in, x.shape[1]
        )

    def collect(self, gradient: Tensor) -> Tensor:
        """Return [inputs, batch], the sum over each input's pins of gradient[fan_in, nodes, batch].

        A bag is summed in one order by one thread, so the result is deterministic; measured on
        two cores it also takes half the time of index_add and a tenth of segment_reduce.
        """
        rows = gradient.reshape(len(self.source), gradient.shape[-1])
        if not rows.numel():
            return rows.new_zeros(len(self.starts), rows.shape[1])  # refused by embedding_bag
        return F.embedding_bag(self.readers, rows, self.starts, mode="sum")
