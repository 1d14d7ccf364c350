"""Adders in words: full adders on threes of votes, then a balanced tree; the head without LUTs.

What the adders are is left to synthesis, which knows its device: this is the head for whoever
gives no LUT size.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lgn_hw.circuit.backend import WordBackend
from lgn_hw.circuit.heads.head import Head, score_width
from lgn_hw.circuit.heads.layout import Layout, LevelCost
from lgn_hw.circuit.registers import Stages
from lgn_hw.circuit.votes import Votes

if TYPE_CHECKING:
    from lgn_hw.classifier import Classifier

__all__ = ["AdderLayout", "AdderTree", "plain_votes"]

LUT_SIZE = 4  # more than a full adder reads

V = TypeVar("V", bound=Any)
Number = tuple[V, int]  # and its width


def plain_votes(classifier: "Classifier") -> Votes:
    """Return every vote as it is, class 0 first; equal and constant ones are added up, too."""
    order = np.argsort(classifier.group, kind="stable")
    weight = np.arange(classifier.num_classes) == classifier.group[order][:, None]
    offset = np.zeros(classifier.num_classes, np.int64)
    return Votes(classifier.netlist.outputs[order], weight.astype(np.int32), offset)


class AdderLayout(Layout):
    """Write the adders of classes with so many votes; sizes may differ, and may be 0.

    Level 1 turns three votes into a two-bit number; each further level adds pairs.
    widths: for each level, from 1, and each class the widths of its numbers.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)
        self.width = score_width(self.sizes)
        self.num_votes, self.num_scores = sum(self.sizes), self.width * len(self.sizes)
        self.widths = _widths(self.sizes)
        self.depth = len(self.widths) if max(self.sizes, default=0) > 1 else 0

    def levels(self) -> list[LevelCost]:
        """A level is a LUT, and behind the triples as many carries as its widest sum has."""
        levels = [[width for of_class in level for width in of_class] for level in self.widths]
        return [
            LevelCost(1, max(level, default=0) if number else 0, sum(level))
            for number, level in enumerate(levels)
        ]

    def lay_out(self, backend: WordBackend[V], stages: Stages, votes: V) -> V:
        """Return the scores, class 0 lowest: sums of three votes, then of two numbers, level by
        level.
        """
        if stages.ends_at(0):
            votes = backend.register("votes", self.num_votes, votes)
        numbers = _triples(backend, self._by_class(backend, votes), self.widths[0])
        numbers = _held(backend, stages, 1, numbers)
        for level, widths in enumerate(self.widths[1:], 2):
            sums = [
                _pair_sums(backend, of_class, most)
                for of_class, most in zip(numbers, widths, strict=True)
            ]
            numbers = _held(backend, stages, level, sums)
        return backend.join(self._score(backend, of_class) for of_class in numbers)

    def _score(self, backend: WordBackend[V], numbers: list[Number[V]]) -> V:
        """Widen the one number of a class; a class without votes has none, and scores 0."""
        value, width = numbers[0] if numbers else (backend.constant(0, 0), 0)
        return backend.join([value, backend.constant(0, self.width - width)])

    def _by_class(self, backend: WordBackend[V], votes: V) -> list[list[V]]:
        """Cut the votes into those of each class, one bit per word."""
        bits = iter([backend.slice(votes, i, 1) for i in range(self.num_votes)])
        return [[next(bits) for _ in range(size)] for size in self.sizes]


class AdderTree(Head):
    """Count the votes of every class with full adders on threes, then a balanced tree of adders.

    Threes of votes become numbers of two bits, then neighbours are added, an odd one going on
    alone. No number has more bits than the highest score of its class. Every vote must count once
    for one class (see `plain_votes`). Only proofs need the netlist: what is built is the layout.
    """

    lut_sizes = (None,)

    def __init__(self, votes: Votes, lut_size: int = LUT_SIZE) -> None:
        super().__init__(votes, lut_size)

    def layout(self) -> AdderLayout:
        """Return the adders as words; only the sizes of the classes decide them."""
        return AdderLayout(self.votes.highest.tolist())

    def _count(self, bits: Sequence[tuple[int, int]], highest: int) -> list[int]:
        """Count in threes, then add neighbours until one number is left."""
        width, votes = highest.bit_length(), [literal for _, literal in bits]
        # Full adders on threes are the first level; a rest of one or two is a wire or a half adder.
        numbers = [self._added(0, votes[i : i + 3], width) for i in range(0, len(votes), 3)]
        while len(numbers) > 1:
            sums = [
                self._sum(a, b, width) for a, b in zip(numbers[::2], numbers[1::2], strict=False)
            ]
            numbers = sums + numbers[len(sums) * 2 :]
        return self._padded(numbers[0] if numbers else [])

    def _sum(self, a: list[int], b: list[int], width: int) -> list[int]:
        """Add two numbers by a ripple of full adders, lowest bit first."""
        total: list[int] = []
        carry: list[int] = []
        for power in range(max(len(a), len(b))):
            bits = a[power : power + 1] + b[power : power + 1] + carry
            low, *carry = self._added(power, bits, width)
            total.append(low)
        return total + carry

    def _added(self, power: int, bits: list[int], width: int) -> list[int]:
        """Add one to three bits of a weight: a wire, a half or a full adder."""
        if len(bits) == 1:
            return bits
        outputs = self._counter((len(bits),), power, [(power, bit) for bit in bits], width)
        return [literal for _, literal in outputs]


def _widths(sizes: Sequence[int]) -> list[list[list[int]]]:
    """Follow the widths of all numbers from level to level, until each class has one at most."""
    # The vote of a class that has no other gives no carry.
    levels = [[[min(size - i, 2) for i in range(0, size, 3)] for size in sizes]]
    while any(len(of_class) > 1 for of_class in levels[-1]):
        levels.append([_sums(c, s.bit_length()) for c, s in zip(levels[-1], sizes, strict=True)])
    return levels


def _sums(widths: list[int], most: int) -> list[int]:
    """Return the widths after one level of pairwise sums; an odd one out keeps its width."""
    pairs = zip(widths[::2], widths[1::2], strict=False)
    sums = [min(max(a, b) + 1, most) for a, b in pairs]
    return sums + widths[2 * len(sums) :]


def _triples(
    backend: WordBackend[V], votes: list[list[V]], widths: list[list[int]]
) -> list[list[Number[V]]]:
    """Count threes of votes with one wide full adder for all classes."""
    zero = backend.constant(0, 1)
    padded = [of_class + [zero] * (-len(of_class) % 3) for of_class in votes]
    flat = [vote for of_class in padded for vote in of_class]
    # One word operation for all classes: shorter text, and the same gates after synthesis.
    count = len(flat) // 3
    a, b, c = (backend.wire(f"votes{i}", count, backend.join(flat[i::3])) for i in range(3))
    total = backend.wire("total", count, a ^ b ^ c)
    carry = backend.wire("carry", count, (a & b) | (c & (a | b)))
    places = iter(range(count))

    def number(width: int) -> Number[V]:
        place = next(places)
        bits = [backend.slice(value, place, 1) for value in (total, carry)]
        return backend.join(bits[:width]), width

    return [[number(width) for width in of_class] for of_class in widths]


def _pair_sums(
    backend: WordBackend[V], numbers: list[Number[V]], widths: list[int]
) -> list[Number[V]]:
    """Add neighbours; an odd one out goes on alone."""
    pairs = zip(numbers[::2], numbers[1::2], widths, strict=False)
    sums = [(backend.add(a, b, width), width) for (a, _), (b, _), width in pairs]
    return sums + numbers[len(sums) * 2 :]


def _held(
    backend: WordBackend[V], stages: Stages, level: int, numbers: list[list[Number[V]]]
) -> list[list[Number[V]]]:
    """Put the numbers of a level in one wide word, a register where a stage ends."""
    flat = [number for of_class in numbers for number in of_class]
    ends = [0, *accumulate(width for _, width in flat)]
    value = backend.join(value for value, _ in flat)
    held = backend.hold(f"level{level}", ends[-1], value, register=stages.ends_at(level))
    slices = iter(
        [
            (backend.slice(held, start, width), width)
            for start, (_, width) in zip(ends, flat, strict=False)
        ]
    )
    return [[next(slices) for _ in of_class] for of_class in numbers]
