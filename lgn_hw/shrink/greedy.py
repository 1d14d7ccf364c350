"""Change nets in the order of their price, and fit the tables to what is left."""

from typing import final

import numpy as np

from lgn_hw.shrink.changes import Change, Changes
from lgn_hw.shrink.sampled_net import SampledNet

__all__ = ["Greedy"]

DEARER = 1.5  # times the dearest price of a round: what a change may come to cost in it
CERTAIN = 2.0  # standard errors by which a table's entry must be wrong to be inverted


@final
class Greedy:
    """Make a net smaller in rounds, each time the changes with the lowest prices.

    All prices are computed when a round starts, and a change's again before it is made: where
    it has become much dearer by others, it waits for the next round.
    """

    def __init__(self, nets: SampledNet, bit_cost: float) -> None:
        self.nets = nets
        self._changes = Changes(nets, bit_cost)
        self.replaced = 0  # nets, since the start

    def shrink(self, luts: float) -> float:
        """Make changes until about so many LUTs are saved; return how many were."""
        nets = self.nets
        self._changes.refresh()
        alive = [nets.first_node + n for n in range(len(nets.pins)) if nets.is_alive(n)]
        found = sorted((self._changes.cheapest(net) for net in alive), key=lambda c: c.price)
        limit = DEARER * max(_price_of(found, luts), 0.0)
        saved = 0.0
        for old in found:
            if saved >= luts:
                return saved
            if nets.is_alive(old.net - nets.first_node):
                change = self._changes.cheapest(old.net)
                saved += self._made(change) if change.price <= limit else 0.0
        return saved or self._one_more(found)

    def _one_more(self, found: list[Change]) -> float:
        """Make the cheapest change there is, where all became dearer than they were."""
        change = min(found, key=lambda change: change.price, default=None)
        if change is None or not np.isfinite(change.price):
            return 0.0
        return self._made(self._changes.cheapest(change.net))

    def _made(self, change: Change) -> float:
        self.nets.replace(change.net, change.literal)
        self.replaced += 1
        return change.luts

    def refit(self) -> int:
        """Invert the entries of tables that lower the loss; return how many.

        All entries of a node at once: in a sample it reads one of them. An entry without samples
        stays as it is, and so does one whose gain may be chance.
        """
        nets, inverted = self.nets, 0
        for node in range(len(nets.pins)):
            if not nets.is_alive(node):
                continue
            losses = nets.flip_losses(nets.first_node + node)
            entries, size = nets.entries(node), 1 << len(nets.pins[node])
            gain = np.bincount(entries, losses, size)
            spread = np.sqrt(np.bincount(entries, losses * losses, size))
            wrong = np.flatnonzero(gain < -CERTAIN * spread)
            if len(wrong):
                nets.flip_entries(node, wrong.tolist())
                inverted += len(wrong)
        return inverted


def _price_of(found: list[Change], luts: float) -> float:
    """Return the price of the last change that, with those before it, saves so many LUTs."""
    price = 0.0
    for change in found:
        if not np.isfinite(change.price) or luts <= 0:
            break
        price, luts = change.price, luts - change.luts
    return price
