"""What a net may become: a constant, or another net; and what that costs and saves."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lgn_hw.shrink.sampled_net import SampledNet

__all__ = ["Change", "Changes"]

LOOKED_AT = 1 << 21  # values of all nets with which one is compared, to choose a few of them
MOST_SAMPLES = 4096  # of these values
INVERSE = 0.5  # of a bit: what the constant takes that the inverse of a vote leaves
CHOSEN = 3  # nets whose exact cost is then computed


@dataclass(frozen=True)
class Change:
    """Say that whoever reads a net shall read a literal.

    loss: by how much the sum of all samples' losses rises. luts: about how many LUTs it saves.
    """

    net: int
    literal: int
    loss: float
    luts: float

    @property
    def price(self) -> float:
        """The loss for each LUT, the lower the better; what saves nothing has no price."""
        return self.loss / self.luts if self.luts > 0 else np.inf


@final
class Changes:
    """Find the cheapest change of each net.

    bit_cost: LUTs that a bit takes which is still to be counted.
    """

    def __init__(self, nets: SampledNet, bit_cost: float) -> None:
        self._nets, self._bit_cost = nets, bit_cost
        step = max(1, nets.samples // min(MOST_SAMPLES, max(1, LOOKED_AT // nets.num_nets)))
        self._looked_at = slice(None, None, step)
        self._table = np.stack([nets.bits(net)[::step] for net in range(nets.num_nets)])
        self._table = self._table.astype(np.float32)
        self._dead = np.zeros(nets.num_nets, bool)
        self.refresh()

    def refresh(self) -> None:
        """Look at the nets as they are now."""
        nets = self._nets
        for net in range(nets.first_node, nets.num_nets):
            self._dead[net] = not nets.is_alive(net - nets.first_node)
            if not self._dead[net]:
                self._table[net] = nets.bits(net)[self._looked_at]

    def cheapest(self, net: int) -> Change:
        """Return the change with the lowest price; a constant or another net."""
        nets = self._nets
        losses, bits = nets.flip_losses(net), nets.bits(net)
        ones, zeros = float(losses[bits].sum()), float(losses[~bits].sum())
        found = [self._change(net, 0, ones), self._change(net, 2, zeros)]
        for literal in self._similar(net, losses, bits):
            differs = bits ^ nets.bits(literal >> 1) ^ bool(literal & 1)
            found.append(self._change(net, literal, float(losses[differs].sum())))
        return min(found, key=lambda change: change.price)

    def _change(self, net: int, literal: int, loss: float) -> Change:
        nets = self._nets
        luts = nets.deaths(net, literal >> 1)
        weights = nets.votes[2 * net] - nets.votes[2 * net + 1]
        bits: float = _bits(weights)
        if literal > 3:
            sign = -1 if literal & 1 else 1
            there = nets.votes[literal & ~1] - nets.votes[literal | 1]
            bits += _bits(there) - _bits(there + sign * weights)
            # The inverse of a vote leaves a constant to be counted beside it.
            bits -= INVERSE * (literal & 1) * np.count_nonzero(weights)
        return Change(net, literal, loss, luts + self._bit_cost * bits)

    def _similar(self, net: int, losses: NDArray[np.float64], bits: NDArray[np.bool_]) -> list[int]:
        """Return the literals that cost least on some samples, none of which depends on the net."""
        some = self._looked_at
        ones = np.where(bits, -losses, losses)[some].astype(np.float32)
        cost = self._table @ ones  # of a literal, but for what is common to all
        both = np.stack([cost, ones.sum() - cost], axis=1).ravel()
        both[:4] = np.inf  # constants
        both[2 * net : 2 * net + 2] = np.inf
        if self._nets.readers[net]:
            both[2 * net :] = np.inf
        both[np.repeat(self._dead, 2)] = np.inf
        best = np.argpartition(both, CHOSEN)[:CHOSEN]
        return [lit for lit in best.tolist() if np.isfinite(both[lit]) and self._follows(lit >> 1)]

    def _follows(self, net: int) -> bool:
        """Say whether a net is what its values say: a node that died since may not be."""
        return net < self._nets.first_node or self._nets.is_alive(net - self._nets.first_node)


def _bits(weights: NDArray[np.integer]) -> int:
    """Count the bits that are counted for a net of these weights."""
    return sum(abs(weight).bit_count() for weight in weights.tolist())
