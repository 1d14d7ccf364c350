"""The losses of an epoch, added up where they are computed: nobody waits for a device.

A loss that is read on the host waits for the GPU to end the step. Summed on the device, it is read
once per epoch; a loss that is no number is remembered there with its step.
"""

from typing import final

import torch
from torch import Tensor

from lgn_hw.errors import CheckFailed

__all__ = ["Losses"]

CHECK_EVERY = 100  # steps on a GPU, whose queue is read empty by it; on a CPU nothing waits


@final
class Losses:
    """Add up losses on a device; the first that is no number is found some steps later."""

    def __init__(self, device: torch.device) -> None:
        self._sum = torch.zeros((), dtype=torch.float64, device=device)
        self._wrong = torch.full((2,), -1.0, dtype=torch.float64, device=device)  # step, loss
        self._every = CHECK_EVERY if device.type == "cuda" else 1

    def add(self, loss: Tensor, step: int, samples: int) -> None:
        """Take a step's mean loss over so many samples. Raises CheckFailed now and then, where a
        loss so far was no number.
        """
        found = torch.stack([torch.full_like(loss, step), loss])
        # Only the first one is kept: those after it follow from it.
        right = torch.isfinite(loss) | (self._wrong[0] >= 0)
        self._wrong.copy_(torch.where(right, self._wrong, found))
        self._sum += loss * samples
        if (step + 1) % self._every == 0:
            self.check()

    def check(self) -> None:
        """Raise CheckFailed where a loss was no number."""
        step, loss = self._wrong.tolist()
        if step >= 0:
            raise CheckFailed(
                f"The loss is {loss} at step {step:.0f}; lower train.learning_rate,"
                " or raise model.tau"
            )

    @property
    def sum(self) -> float:
        """The sum of all samples' losses. Raises CheckFailed where one was no number."""
        self.check()
        return float(self._sum)

    def start_from(self, total: float) -> None:
        """Begin again with a sum."""
        self._sum.fill_(total)
