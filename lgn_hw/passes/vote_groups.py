"""Which votes of a class are worth adding up in LUTs of their own: a search among partitions.

The popcount costs LUTs for every bit that it adds up, so votes that read the same few nets are
cheaper as the bits of their sum. Which votes go together is a set partition, for which no fast
exact method is known; simulated annealing finds a good one, and a fixed seed makes it the same one
every time.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgn_hw.encoder import Thermometer
from lgn_hw.netlist import FIRST_INPUT
from lgn_hw.netlist.functions import Function

__all__ = ["ReachablePatterns", "Sum", "VoteGroups", "weights_of"]

MOVES = 400  # tried for each vote
MOST_MOVES = 800_000  # in all, so that a large netlist takes minutes
HOT, COLD = 1.0, 0.05  # temperatures in LUTs, from first to last
# What a bit costs that is still to be counted, in LUTs (see circuit.heads.counters.COUNTERS).
BIT_COST = {4: 1.7, 6: 1.0}


class ReachablePatterns:
    """Know which patterns of encoder bits occur: x > 7 implies x > 3."""

    def __init__(self, encoder: Thermometer) -> None:
        pairs = zip(encoder.feature.tolist(), encoder.threshold.tolist(), strict=True)
        self._of = {FIRST_INPUT + bit: pair for bit, pair in enumerate(pairs)}

    def over(self, leaves: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return bool[2**leaves], whether a pattern of these nets occurs as far as that goes."""
        # The thermometer code of one feature is monotone: of n bits only n + 1 patterns occur, and
        # the others are don't-cares, with which a table may do as it likes.
        patterns = np.arange(1 << len(leaves))
        occurs = np.ones(len(patterns), bool)
        for i, low in enumerate(leaves):
            for j, high in enumerate(leaves):
                if self._implies(high, low):
                    occurs &= (patterns >> j & 1) <= (patterns >> i & 1)
        return occurs

    def _implies(self, high: int, low: int) -> bool:
        """Say whether one bit cannot be 1 without another: both compare one feature."""
        (f, above), (g, below) = (self._of.get(net, (-net, 0)) for net in (high, low))
        return f == g and above > below


@dataclass(frozen=True)
class Sum:
    """Add up votes: offset + sum over the bits of weight * function.

    bits: pairs of (weight, uint8[2**leaves]). luts: how many of them are not a leaf or its inverse.
    """

    leaves: tuple[int, ...]
    occurs: NDArray[np.bool_]
    offset: int
    bits: tuple[tuple[int, NDArray[np.uint8]], ...]
    luts: int

    @classmethod
    def of(
        cls, votes: Sequence[tuple[Function, int]], leaves: tuple[int, ...], care: ReachablePatterns
    ) -> "Sum":
        """Return the sum of votes of given weights in as few bits as its range needs."""
        occurs = care.over(leaves)
        total = sum(weight * function.over(leaves).astype(np.int64) for function, weight in votes)
        total = np.asarray(total)
        # What every sample gives goes into the offset, which costs no LUT: constants are added up
        # before.
        offset = int(total[occurs].min())
        # Patterns that never occur would widen the range for nothing.
        rest = np.where(occurs, total - offset, 0)
        bits = []
        for weight, unary in weights_of(int(rest.max())):
            bit = (rest >= unary if unary else rest // weight % 2).astype(np.uint8)
            rest = rest - weight * bit if unary else rest
            if bit.any():
                bits.append((weight, bit))
        known = {_key(function, occurs) for function in _wires(len(leaves))}
        # A bit that equals a leaf, or its inverse, is a wire: the counter reads an inverse for
        # nothing.
        luts = len({_key(bit, occurs) for _, bit in bits} - known)
        return cls(leaves, occurs, offset, tuple(bits), luts)


def weights_of(highest: int) -> list[tuple[int, int]]:
    """Return the weights of as many bits as numbers up to `highest` need, lowest first.

    The weights add up to `highest` where that many bits allow it. Each comes with 0 where the bit
    is that of the binary number, and else with the number from which the bit is 1 and is taken off
    the number before the others are read.
    """
    found, weight, rest = [], 1, highest
    while rest:
        # An even rest cannot be halved by a bit of weight 1: one bit is taken off that says "at
        # least so many", and then the rest is odd. So the weights add up to `highest` exactly, and
        # no score seems to have a higher bound than it has.
        if rest % 2 == 0:
            found.append((weight, rest * weight))
            rest -= 1
        found.append((weight, 0))
        weight, rest = 2 * weight, rest // 2
    binary = [(1 << bit, 0) for bit in range(highest.bit_length())]
    return found if len(found) == len(binary) else binary


class VoteGroups:
    """Cut the votes of one class into groups, each added up over at most `size` nets.

    votes: net to weight. functions: of all nets. The cost of a group is its LUTs and bit_cost for
    each of its bits, BIT_COST where not given. Simulated annealing moves and
    exchanges votes, the same for the same input.
    """

    def __init__(
        self,
        votes: Mapping[int, int],
        functions: Sequence[Function],
        care: ReachablePatterns,
        size: int,
        bit_cost: float | None = None,
    ) -> None:
        self._counted = BIT_COST[size] if bit_cost is None else bit_cost
        self._votes, self._functions, self._care, self._size = votes, functions, care, size
        self._nets = sorted(votes)
        # Costs by group: annealing comes back to the same groups all the time, and a cost takes
        # numpy.
        self._known: dict[frozenset[int], float] = {}
        self._group = [frozenset([net]) for net in self._nets]
        self._place = {net: i for i, net in enumerate(self._nets)}
        self._sharing: dict[int, list[int]] = {}
        for net in self._nets:
            for leaf in functions[net].leaves:
                self._sharing.setdefault(leaf, []).append(net)

    def search(self, moves: int, seed: int) -> list[frozenset[int]]:
        """Return the groups, those with the lowest nets first.

        moves: tried for each vote that may move. seed: of the search's own random numbers; the
        result is a function of the arguments alone.
        """
        chance = random.Random(seed)
        # A vote of no net is a constant, one of too many nets fits into no sum.
        movable = [net for net in self._nets if 0 < len(self._functions[net].leaves) <= self._size]
        steps = moves * len(movable) if len(movable) > 1 else 0
        for step in range(steps):
            # Cooled geometrically, as annealing mostly is.
            heat = HOT * (COLD / HOT) ** (step / steps)
            self._try(chance.choice(movable), movable, chance, heat)
        return sorted((group for group in self._group if group), key=min)

    def sum_of(self, group: frozenset[int]) -> Sum | None:
        """Return a group's sum; None where it has too many leaves."""
        members = [self._functions[net] for net in sorted(group)]
        leaves = tuple(sorted({leaf for member in members for leaf in member.leaves}))
        if len(leaves) > self._size:
            return None
        weights = [self._votes[net] for net in sorted(group)]
        return Sum.of(list(zip(members, weights, strict=True)), leaves, self._care)

    def cost(self, group: frozenset[int]) -> float:
        """Return what a group costs in LUTs, its bits' counting included; infinity if too wide."""
        if group not in self._known:
            found = self.sum_of(group) if group else None
            if found is not None:
                self._known[group] = found.luts + self._counted * len(found.bits)
            # A vote of too many nets stays alone, which has to be possible at a finite cost.
            elif len(group) == 1:
                self._known[group] = 1 + self._counted
            else:
                self._known[group] = math.inf if group else 0
        return self._known[group]

    def _try(self, net: int, movable: list[int], chance: random.Random, heat: float) -> None:
        """Move a vote to another one's group, exchange the two, or put it alone."""
        # Votes that share a leaf are likely to be worth a group; others are tried too, so that
        # every partition can be reached.
        shared = self._sharing[chance.choice(self._functions[net].leaves)]
        other = chance.choice(shared if chance.random() < 0.6 else movable)
        here, there = self._place[net], self._place[other]
        exchange = chance.random() < 0.3
        alone = here == there
        if alone:
            self._group.append(frozenset())
            there = len(self._group) - 1
        before = self._group[here], self._group[there]
        left, right = before[0] - {net}, before[1] | {net}
        if exchange and not alone:
            left, right = left | {other}, right - {other}
        change = self.cost(right) + self.cost(left) - sum(map(self.cost, before))
        # The Metropolis rule: a worse partition is taken with a probability that falls with the
        # heat.
        if change <= 0 or chance.random() < math.exp(-change / heat):
            self._group[here], self._group[there] = left, right
            self._place |= dict.fromkeys(left, here) | dict.fromkeys(right, there)
        elif alone:
            self._group.pop()


def _wires(count: int) -> list[NDArray[np.uint8]]:
    """Return the tables of wires: bit i of pattern p."""
    patterns = np.arange(1 << count)
    return [(patterns >> pin & 1).astype(np.uint8) for pin in range(count)]


def _key(values: NDArray[np.uint8], occurs: NDArray[np.bool_]) -> bytes:
    """Name a function up to inversion, where it matters."""
    found = values[occurs]
    return (found ^ found[0]).tobytes()
