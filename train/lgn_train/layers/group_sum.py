"""GroupSum: the head that counts votes."""

from typing import final

from torch import Tensor, nn

from lgn_train.checks import positive_integer, positive_number
from lgn_train.packed.bits import PackedBits

__all__ = ["GroupSum"]


@final
class GroupSum(nn.Module):
    """Sum each of k equal groups of neighbouring inputs and divide by tau (2210.08277).

    float[batch, n] to logits[batch, k]; group c is inputs c*n/k .. (c+1)*n/k - 1. tau, the
    softmax temperature of the loss, is near sqrt(n/k) where training goes well. It does not
    change which class wins.
    """

    def __init__(self, k: int, tau: float = 1.0) -> None:
        super().__init__()
        self.k = positive_integer("k", k)
        self.tau = positive_number("tau", tau)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits; raises ValueError where k does not divide the inputs."""
        if x.ndim != 2 or x.shape[1] % self.k or not x.shape[1]:
            raise ValueError(
                f"x must have shape (batch, a multiple of k = {self.k}), not {tuple(x.shape)}"
            )
        # Counted on packed words: the outputs themselves never become floats.
        if isinstance(x, PackedBits):
            return x.given.votes(self.k) / self.tau
        groups = x.t().reshape(self.k, x.shape[1] // self.k, x.shape[0])
        return groups.sum(dim=1).t() / self.tau

    def extra_repr(self) -> str:
        return f"k={self.k}, tau={self.tau}"
