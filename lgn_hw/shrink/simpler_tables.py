"""Give nodes tables of fewer gates, where what that costs on samples is worth it.

A sample reads one entry of a node's table. So what another table costs is about the sum of what
its inverted entries cost, each over the samples that read it. Of the tables that a few steps lead
to, the one is taken whose gates at a price, plus the loss, are least (a Lagrangian: at one price
for all nodes none could save a gate for less). The price rises from round to round. Entries that
few samples read, or none, cost little, and become what makes the table simple.
"""

from functools import cache
from itertools import product
from typing import final

import numpy as np
from numpy.typing import NDArray

from lgn_hw.shrink.gate_costs import gates_of
from lgn_hw.shrink.sampled_net import SampledNet

__all__ = ["SimplerTables"]

CHEAP = 1e-6  # of a gate, the first price: mean loss over the samples
DEARER = 1.5  # a round's price against the one before
DEAREST = 1.0  # mean loss; at this price nothing is worth a gate
# Standard errors that an entry's loss is taken dearer, and samples that each entry is read by
# besides, of the mean loss: what few samples show, or none, may be chance. With 0.5 and 0 a net of
# 850 nodes lost 0.15 points of the validation part at 12,900 gates of its tables, with these none.
DOUBT, UNSEEN = 4.0, 1.0
LEAST = 1e-6  # gained by a step, so that rounding does not make steps go on for ever


@final
class SimplerTables:
    """Make the tables of a net simpler in rounds, in each of which a gate has one price."""

    replaced = 0  # nets: they stay

    def __init__(self, nets: SampledNet) -> None:
        self.nets = nets
        self._price = CHEAP * nets.samples
        self._inverted = 0

    def shrink(self, gates: float) -> float:
        """Raise the price until about so many gates are saved; return how many were."""
        nets, saved = self.nets, 0.0
        while saved < gates and self._price < DEAREST * nets.samples:
            for node in range(len(nets.pins)):
                if nets.is_alive(node):
                    saved += self._simplify(node)
            self._price *= DEARER
        return saved

    def refit(self) -> int:
        """Return how many entries were inverted since the last call; they are fitted already."""
        inverted, self._inverted = self._inverted, 0
        return inverted

    def _simplify(self, node: int) -> float:
        """Take a node's best table; return the gates that it saves."""
        nets, arity = self.nets, len(self.nets.pins[node])
        old = np.uint64(nets.tables[node]) & np.uint64((1 << (1 << arity)) - 1)
        losses = self._entry_losses(node)
        first = gates = float(gates_of(np.array([old]), arity)[0])
        values = old_values = _values(np.array([old]), arity)[0]
        while True:
            # Whoever inverts an entry twice has what it cost back.
            cost = np.where(values == old_values, losses, -losses)
            found = _neighbours(values, cost)
            loss = (found != values) @ cost
            worth = np.flatnonzero(loss < self._price * gates)
            counts = gates_of(_packed(found[worth]), arity)
            gain = self._price * (gates - counts) - loss[worth]
            best = int(gain.argmax()) if len(gain) else 0
            if not len(gain) or gain[best] <= LEAST:
                break
            values, gates = found[worth[best]], float(counts[best])
        inverted = np.flatnonzero(values != old_values)
        if len(inverted):
            nets.flip_entries(node, inverted.tolist())
            self._inverted += len(inverted)
        return first - gates

    def _entry_losses(self, node: int) -> NDArray[np.float64]:
        """Return by how much the loss rises where an entry is inverted, in doubt more."""
        nets, size = self.nets, 1 << len(self.nets.pins[node])
        losses, entries = nets.flip_losses(nets.first_node + node), nets.entries(node)
        spread = np.sqrt(np.bincount(entries, losses * losses, size))
        unseen = UNSEEN * np.maximum(losses, 0).mean()
        return np.bincount(entries, losses, size) + DOUBT * spread + unseen


def _neighbours(values: NDArray[np.bool_], cost: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return bool[tables, entries]: a cube of entries set to 1 or 0, or an input not read.

    cost: of inverting each entry; without an input both entries become what costs less.
    """
    size = len(values)
    arity = size.bit_length() - 1
    cubes = _cubes(arity)
    to_one, to_zero = np.where(values, 0, cost), np.where(values, cost, 0)
    unread = []
    for pin in range(arity):
        other = np.arange(size) ^ (1 << pin)
        unread.append(to_one + to_one[other] < to_zero + to_zero[other])
    return np.concatenate([cubes | values, ~cubes & values, np.reshape(unread, (arity, size))])


@cache
def _cubes(arity: int) -> NDArray[np.bool_]:
    """Return bool[3**arity, entries]: each input is 0, is 1, or may be either."""
    entries = np.arange(1 << arity)
    ones = [entries >> pin & 1 == 1 for pin in range(arity)]
    inputs = [(~one, one, np.ones_like(one)) for one in ones]
    rows = [np.logical_and.reduce(choice) for choice in product(*inputs)]
    return np.array(rows) if arity else np.ones((1, 1), bool)


def _values(tables: NDArray[np.uint64], arity: int) -> NDArray[np.bool_]:
    """Return bool[tables, entries]."""
    return (tables[:, None] >> np.arange(1 << arity, dtype=np.uint64) & np.uint64(1)).astype(bool)


def _packed(values: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return uint64[tables], the inverse of _values."""
    weights = np.uint64(1) << np.arange(values.shape[1], dtype=np.uint64)
    return np.where(values, weights, np.uint64(0)).sum(axis=1, dtype=np.uint64)
