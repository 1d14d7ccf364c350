"""Data-parallel training: the ranks that torchrun starts share every batch.

Each rank computes the samples of its share; then gradients and loss are summed over the ranks in
one flat buffer, and every rank takes the same optimiser step. Not DistributedDataParallel: it
averages over ranks, which weighs samples unequally where shares differ in size; it renames the
parameters in checkpoints; and the overlap that its hooks buy is small here, where a layer hands
over one gradient at the end of its own backward pass. Noise is a function of (seed, step, node),
so that all ranks sample the same gates.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, final

import torch

# Before the ranks join: its functions take the group of all ranks as a default argument. Imported
# later, by an optimiser, they would keep that group and its threads after the ranks part, and a
# thread that still holds a tensor aborts a process that ends.
import torch.distributed.nn
from torch import Tensor, distributed
from torch.nn import Parameter

__all__ = ["World"]

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # set by torchrun

PATIENCE = timedelta(days=1)  # of ranks; torchrun ends them where one of them fails

T = TypeVar("T")


@final
@dataclass(frozen=True)
class World:
    """The ranks that train together, as one of them sees them; alone by default."""

    rank: int = 0
    size: int = 1

    @classmethod
    def joined(cls, device: torch.device) -> "World":
        """Join the other ranks where torchrun started this process."""
        launched = all(name in os.environ for name in VARIABLES)
        if launched and not distributed.is_initialized():
            if device.type == "cuda":
                torch.cuda.set_device(device)
            # What ranks tell each other goes through gloo: the others wait there while the first
            # one measures and exports, for longer than NCCL would.
            backends = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
            distributed.init_process_group(backends, timeout=PATIENCE)
        return cls.current()

    @classmethod
    def current(cls) -> "World":
        """Return the ranks that were joined, or this process alone."""
        if not distributed.is_initialized():
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    def leave(self) -> None:
        """Part from the other ranks once all are done: a rank that is still connected while
        another one ends may abort. Where training failed, torchrun ends the others instead.
        """
        if self.size > 1:
            distributed.barrier()
            distributed.destroy_process_group()

    @staticmethod
    def speaks() -> bool:
        """Whether this process prints for all: torchrun's first, or one that is alone. Known
        before the ranks join, and after they part.
        """
        return os.environ.get("RANK", "0") == "0"

    @property
    def first(self) -> bool:
        """Whether this rank writes files and speaks to the user."""
        return self.rank == 0

    def share(self, batch: Tensor) -> tuple[Tensor, float]:
        """Return this rank's part of a batch, and the weight of a sample in the batch's mean.

        A rank that is left without samples gets one of weight 0: its layers must take part in
        the step, so that the noise of the next one is that of the other ranks.
        """
        # Every size-th sample: shares differ by one sample at most, whatever the batch size.
        mine = batch[self.rank :: self.size]
        return (mine, 1 / len(batch)) if len(mine) else (batch[:1], 0.0)

    def add_up(self, loss: Tensor, parameters: Iterable[Parameter]) -> Tensor:
        """Sum the gradients over the ranks, in place, and return the sum of the losses."""
        if self.size == 1:
            return loss.detach()
        gradients = [p.grad for p in parameters if p.grad is not None]
        # One message with everything in it: each has a latency, and layers are small.
        flat = torch.cat([loss.detach().view(1), *(g.reshape(-1) for g in gradients)])
        distributed.all_reduce(flat)
        total, *parts = torch.split(flat, [1, *(g.numel() for g in gradients)])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        return total.view(())

    def from_first(self, value: T) -> T:
        """Return the value that the first rank calls this with."""
        if self.size == 1:
            return value
        held = [value]
        distributed.broadcast_object_list(held, src=0)
        return held[0]
