"""Count the votes for every class at once: full adders on triples, then a balanced adder tree."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.blocks.popcount import score_width
from lgn_hw.hdl.stages import Cuts, Stages

__all__ = ["Popcount", "score_width"]


class Popcount(wiring.Component):
    """Count the ones among each class's votes, one sample a clock cycle.

    sizes: how many votes each class has; they may differ, and may be 0.
    i_votes: all votes, class 0 lowest. o_scores: one unsigned number of score_width(sizes) bits
    for each class, class 0 lowest, `latency` clock cycles later.

    Level 1 turns three votes into a two-bit number; each further level adds pairs. Registers
    stand after every levels_per_stage levels and at the end (see stages.Stages).
    """

    def __init__(self, sizes: Sequence[int], levels_per_stage: Cuts) -> None:
        self.sizes = tuple(sizes)
        self.stages = Stages(max(_levels(size) for size in (0, *sizes)), levels_per_stage)
        self.latency = self.stages.latency
        self.width = score_width(sizes)
        super().__init__(
            {"i_votes": In(sum(self.sizes)), "o_scores": Out(self.width * len(self.sizes))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        numbers = self._votes_by_class()
        for level in range(1, max(1, self.stages.levels) + 1):
            wider = _triples(m, numbers) if level == 1 else [_pair_sums(c) for c in numbers]
            numbers = self._hold(m, level, wider)
        # A class without votes has no number; its score is 0.
        scores = [of_class[0] if of_class else Const(0, 0) for of_class in numbers]
        m.d.comb += self.o_scores.eq(Cat(_resized(score, self.width) for score in scores))
        return m

    def _votes_by_class(self) -> list[list[Value]]:
        votes = iter(list(self.i_votes))
        return [[next(votes) for _ in range(size)] for size in self.sizes]

    def _hold(self, m: Module, level: int, numbers: list[list[Value]]) -> list[list[Value]]:
        """Put the numbers of a level in one wide Signal, a register where a stage ends."""
        flat = [
            number[: size.bit_length()]
            for size, of_class in zip(self.sizes, numbers, strict=True)
            for number in of_class
        ]
        ends = self.stages.ends_at(level)
        held = Signal(sum(map(len, flat)), name=f"level{level}", reset_less=True)
        domain = m.d.sync if ends else m.d.comb
        domain += held.eq(Cat(flat))
        slices = iter(_sliced(held, [len(number) for number in flat]))
        return [[next(slices) for _ in of_class] for of_class in numbers]


def _levels(size: int) -> int:
    """Count the levels for `size` votes: one for the triples, then one for each halving."""
    triples = -(-size // 3)
    return 0 if size < 2 else 1 + (triples - 1).bit_length()


def _triples(m: Module, votes: list[list[Value]]) -> list[list[Value]]:
    """Count threes of votes with one wide full adder for all classes."""
    padded = [of_class + [Const(0, 1)] * (-len(of_class) % 3) for of_class in votes]
    flat = [vote for of_class in padded for vote in of_class]
    a, b, c = (Signal(len(flat) // 3, name=f"votes{i}") for i in range(3))
    total, carry = (Signal(len(flat) // 3, name=name) for name in ("total", "carry"))
    m.d.comb += [
        *(part.eq(Cat(flat[i::3])) for i, part in enumerate((a, b, c))),
        total.eq(a ^ b ^ c),
        carry.eq((a & b) | (c & (a | b))),
    ]
    counted = iter([Cat(low, high) for low, high in zip(total, carry, strict=True)])
    return [[next(counted) for _ in range(len(of_class) // 3)] for of_class in padded]


def _pair_sums(numbers: list[Value]) -> list[Value]:
    """Add neighbours; an odd one out goes on alone."""
    sums = [a + b for a, b in zip(numbers[::2], numbers[1::2], strict=False)]
    return sums + numbers[len(sums) * 2 :]


def _sliced(value: Value, widths: list[int]) -> list[Value]:
    slices, start = [], 0
    for width in widths:
        slices.append(value[start : start + width])
        start += width
    return slices


def _resized(value: Value, width: int) -> Value:
    return Cat(value, Const(0, width - len(value)))
