"""Learned wiring: each pin chooses one of a few inputs, as a node chooses one of its gates."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from lgn_train import rng
from lgn_train.checks import whole_number
from lgn_train.rng import Stream
from lgn_train.wiring.wiring import Wiring

__all__ = ["MAX_CANDIDATES", "Groups", "LearnedWiring", "Picks"]

MAX_CANDIDATES = 16  # as many as there are gates: the kernels choose them the same way
NO_CANDIDATE = -1e9  # the logit of a place without a candidate
# How far below the kept ones a new candidate starts. At 0 it displaces inputs that are of use
# before it has shown to be better: MNIST, 600 nodes of 6 inputs, 15 epochs: 96.9 % at 0, 97.2 at 1.
HANDICAP = 1.0


@dataclass(frozen=True, eq=False)
class Picks:
    """What the pins read in one step.

    index: int64[nodes, fan_in], which candidate. shares: float32[nodes, fan_in, 16], the
    probability of each, to which the gradient goes; empty where none is wanted.
    """

    index: Tensor
    shares: Tensor


@dataclass(frozen=True)
class Groups:
    """Which inputs a node may draw: those of its group, of count groups that take turns.

    block: how many neighbouring inputs belong together, as places of a channel do. nodes: how many
    neighbouring nodes do, as those of a kernel.
    """

    count: int = 1
    block: int = 1
    nodes: int = 1

    def drawn(self, words: Tensor, inputs: int) -> Tensor:
        """Turn random words[nodes, ...] into inputs, of which there are so many."""
        own = words % (inputs // self.count)
        group = torch.arange(len(words), device=words.device) // self.nodes % self.count
        group = group.view(-1, *[1] * (words.ndim - 1))
        return (own // self.block * self.count + group) * self.block + own % self.block


@final
class LearnedWiring(nn.Module):
    """Choose the input of each pin among candidates[nodes, fan_in, count], all different.

    As Gumbel-ST chooses gates (2506.07500): forward, a pin reads its likeliest candidate under
    Gumbel noise, drawn once per step; backward, its logits get the gradient of the softmax mixture
    of all candidates' values, and the inputs that of the one that was read. Without noise
    (Hard-ST) and in the discrete circuit a pin reads its likeliest candidate.

    inputs: what candidates are numbers of. groups: what redraw() keeps to, as candidates should.
    Raises ValueError where there are too many or too few.
    """

    candidates: Tensor  # int32[nodes, fan_in, 16], -1 for none, as the kernels read them

    def __init__(self, candidates: Tensor, inputs: int, groups: Groups = Groups()) -> None:
        super().__init__()
        self.count = checked_candidates(candidates.shape[2])
        self.inputs, self.groups = inputs, groups
        shape = (*candidates.shape[:2], MAX_CANDIDATES)
        numbers, logits = torch.full(shape, -1, dtype=torch.int32), torch.full(shape, NO_CANDIDATE)
        numbers[..., : self.count] = candidates
        logits[..., : self.count] = 0.0
        self.register_buffer("candidates", numbers)
        self.logits = nn.Parameter(logits)

    @property
    def scores(self) -> Tensor:
        """The logits by which pins choose.

        Those of places without a candidate are always NO_CANDIDATE: weight decay moves parameters
        towards 0, and a place that was chosen would be read outside of all inputs.
        """
        spare = MAX_CANDIDATES - self.count
        if not spare:
            return self.logits
        lowest = max(NO_CANDIDATE, torch.finfo(self.logits.dtype).min)
        return functional.pad(self.logits[..., : self.count], (0, spare), value=lowest)

    def picks(self, seed: Tensor, step: Tensor, temperature: float, noisy: bool) -> Picks:
        """Choose as a training step does, in float operations: the reference of the kernels."""
        scores = self.scores
        if noisy:
            drawn = rng.gumbel(seed, step, Stream.PICKS, scores.numel())
            scores = scores + drawn.view(scores.shape)
        shares = torch.softmax(scores / temperature, dim=-1)
        return Picks(scores.argmax(dim=-1), shares)

    def likeliest(self) -> Picks:
        """Choose as the discrete circuit does."""
        return Picks(self.scores.detach().argmax(dim=-1), self.logits.new_empty(0))

    @torch.no_grad()
    def redraw(self, seed: Tensor, step: int) -> Tensor:
        """Exchange the less likely half of each pin's candidates for inputs drawn from its group.

        A function of seed and step. The new ones start HANDICAP below the mean of the pin's kept
        ones; what the node could read already is not drawn again, the old candidate stays then.
        Return bool[nodes, fan_in, 16], the places that changed: what an optimiser remembers of
        them is of other inputs.
        """
        kept = -(-self.count // 2)
        order = self.logits[..., : self.count].argsort(dim=2, descending=True, stable=True)
        losers = order[..., kept:]
        words = rng.words(seed, step, Stream.REDRAW, losers.numel())
        drawn = self.groups.drawn(words.view(losers.shape), self.inputs)
        # A pin that offered one input twice would choose between equals.
        fresh = ~self._offered_already(drawn)
        old = self.candidates.gather(2, losers)
        self.candidates.scatter_(2, losers, torch.where(fresh, drawn.to(old.dtype), old))
        start = self.logits.gather(2, order[..., :kept]).mean(dim=2, keepdim=True) - HANDICAP
        logits = torch.where(fresh, start, self.logits.gather(2, losers))
        self.logits.scatter_(2, losers, logits)
        return torch.zeros_like(self.logits, dtype=torch.bool).scatter_(2, losers, fresh)

    def _offered_already(self, drawn: Tensor) -> Tensor:
        """Say of inputs drawn for pins whether their node offers them, or drew them before."""
        flat = drawn.flatten(1).unsqueeze(2)
        offered = (flat == self.candidates.flatten(1).unsqueeze(1)).any(dim=2)
        repeated = (flat == flat.transpose(1, 2)).tril(-1).any(dim=2)
        return (offered | repeated).view(drawn.shape)

    def wired(self, picks: Picks) -> Wiring:
        """Return the wiring that reads what was picked."""
        chosen = self.candidates.gather(2, picks.index.unsqueeze(2)).squeeze(2)
        return Wiring(chosen.long(), self.inputs)

    def pins(self, x: Tensor, picks: Picks) -> Tensor:
        """Return [fan_in * nodes, batch], the values at the pins of feature-major x.

        Their value is that of the picked inputs, exactly; their gradient goes to these, and that
        of the mixture of all candidates to the picks' shares.
        """
        read = self.wired(picks).gather(x).flatten(0, 1)
        if not picks.shares.numel():
            return read
        values = x.detach()[self.candidates[..., : self.count].long()]  # [..., count, batch]
        # The value is that of the picked inputs: the mixture is added and taken off again, and
        # leaves its gradient.
        mixture = (picks.shares[..., : self.count, None] * values).sum(dim=2)
        mixture = mixture.transpose(0, 1).flatten(0, 1)
        return read + (mixture - mixture.detach())

    def extra_repr(self) -> str:
        return f"candidates={self.count}"


def checked_candidates(count: int) -> int:
    """Return how many candidates a pin has; raises ValueError where it is not 2 to 16."""
    if not 2 <= whole_number("candidates", count) <= MAX_CANDIDATES:
        raise ValueError(f"candidates must be 2 to {MAX_CANDIDATES}, or 0 for none, not {count}")
    return count
