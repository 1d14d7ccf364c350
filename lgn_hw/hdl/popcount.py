"""Count the votes for every class at once: full adders on triples, then a balanced adder tree."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeVar

from lgn_hw.circuit.heads.counters import score_width
from lgn_hw.circuit.stages import Cuts, Stages
from lgn_hw.hdl.backend import Vectors
from lgn_hw.hdl.block import Block

__all__ = ["Popcount", "score_width"]

V = TypeVar("V", bound=Any)
Number = tuple[V, int]  # and its width


class Popcount(Block):
    """Count the ones among each class's votes, one sample a clock cycle.

    sizes: how many votes each class has; they may differ, and may be 0.
    i_votes: all votes, class 0 lowest. o_scores: one unsigned number of score_width(sizes) bits
    for each class, class 0 lowest, `latency` clock cycles later.

    Level 1 turns three votes into a two-bit number; each further level adds pairs. Registers
    stand where levels_per_stage says (see stages.Stages).
    """

    def __init__(self, sizes: Sequence[int], levels_per_stage: Cuts) -> None:
        self.sizes = tuple(sizes)
        self.stages = Stages(max(_levels(size) for size in (0, *sizes)), levels_per_stage)
        self.latency = self.stages.latency
        self.width = score_width(sizes)
        super().__init__(("i_votes", sum(self.sizes)), {"o_scores": self.width * len(self.sizes)})

    def lay_out(self, vectors: Vectors[V], source: V) -> tuple[V]:
        votes = source
        if self.stages.ends_at(0):
            votes = vectors.register("votes", sum(self.sizes), source)
        numbers = self._hold(vectors, 1, _triples(vectors, self._by_class(vectors, votes)))
        for level in range(2, self.stages.levels + 1):
            sums = [
                _pair_sums(vectors, of_class, size.bit_length())
                for size, of_class in zip(self.sizes, numbers, strict=True)
            ]
            numbers = self._hold(vectors, level, sums)
        return (vectors.join(self._score(vectors, of_class) for of_class in numbers),)

    def _score(self, vectors: Vectors[V], numbers: list[Number[V]]) -> V:
        """Widen the one number of a class; a class without votes has none, and scores 0."""
        value, width = numbers[0] if numbers else (vectors.constant(0, 0), 0)
        return vectors.join([value, vectors.constant(0, self.width - width)])

    def _by_class(self, vectors: Vectors[V], votes: V) -> list[list[V]]:
        bits = iter([vectors.slice(votes, i, 1) for i in range(sum(self.sizes))])
        return [[next(bits) for _ in range(size)] for size in self.sizes]

    def _hold(
        self, vectors: Vectors[V], level: int, numbers: list[list[Number[V]]]
    ) -> list[list[Number[V]]]:
        """Put the numbers of a level in one wide vector, a register where a stage ends."""
        flat = [number for of_class in numbers for number in of_class]
        ends = [0, *accumulate(width for _, width in flat)]
        value = vectors.join(value for value, _ in flat)
        held = vectors.hold(f"level{level}", ends[-1], value, register=self.stages.ends_at(level))
        slices = iter(
            [
                (vectors.slice(held, start, width), width)
                for start, (_, width) in zip(ends, flat, strict=False)
            ]
        )
        return [[next(slices) for _ in of_class] for of_class in numbers]


def _levels(size: int) -> int:
    """Count the levels for `size` votes: one for the triples, then one for each halving."""
    triples = -(-size // 3)
    return 0 if size < 2 else 1 + (triples - 1).bit_length()


def _triples(vectors: Vectors[V], votes: list[list[V]]) -> list[list[Number[V]]]:
    """Count threes of votes with one wide full adder for all classes."""
    zero = vectors.constant(0, 1)
    padded = [of_class + [zero] * (-len(of_class) % 3) for of_class in votes]
    flat = [vote for of_class in padded for vote in of_class]
    count = len(flat) // 3
    a, b, c = (vectors.wire(f"votes{i}", count, vectors.join(flat[i::3])) for i in range(3))
    total = vectors.wire("total", count, a ^ b ^ c)
    carry = vectors.wire("carry", count, (a & b) | (c & (a | b)))
    places = iter(range(count))

    def number(width: int) -> Number[V]:
        place = next(places)
        bits = [vectors.slice(value, place, 1) for value in (total, carry)]
        return vectors.join(bits[:width]), width

    # The vote of a class that has no other gives no carry.
    return [[number(min(len(own), 2)) for _ in range(0, len(own), 3)] for own in votes]


def _pair_sums(vectors: Vectors[V], numbers: list[Number[V]], most: int) -> list[Number[V]]:
    """Add neighbours, in `most` bits at most; an odd one out goes on alone."""
    sums = []
    for (a, width_a), (b, width_b) in zip(numbers[::2], numbers[1::2], strict=False):
        width = min(max(width_a, width_b) + 1, most)
        sums.append((vectors.add(a, b, width), width))
    return sums + numbers[len(sums) * 2 :]
