"""Find the class with most votes: a tournament of comparators in small nodes.

A tournament halves the candidates level by level, so that its depth grows with the logarithm of the
classes, and each match is one comparison and one multiplexer per bit. Ties go to the lower number,
as numpy.argmax breaks them: software and hardware agree without a rule of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from lgn_hw.circuit.two_input import two_input_netlist
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.builder import ONE, ZERO, Builder, table_of
from lgn_hw.passes.collapse import collapse

__all__ = ["argmax_netlist", "class_width"]


def class_width(num_classes: int) -> int:
    """Return the bits of a class number; at least 1."""
    return max(1, (num_classes - 1).bit_length())


def argmax_netlist(highest: Sequence[int], width: int, lut_size: int, *, scores: bool) -> Netlist:
    """Return scores to the number of the highest one, the lowest such number on a tie.

    highest: a bound for each class; bits of a score that it never reaches are not looked at.
    width: the bits of each score, class 0 first. Outputs: class_width bits, the lowest first, and
    where scores is true the inputs after them.
    """
    if lut_size == 2:  # a comparison needs three inputs: two bits and what is below them
        return two_input_netlist(argmax_netlist(highest, width, 3, scores=scores))
    builder = Builder(len(highest) * width)
    candidates = [
        _Candidate(
            builder.inputs[c * width : c * width + bound.bit_length()],
            [ONE if c >> bit & 1 else ZERO for bit in range(class_width(len(highest)))],
        )
        for c, bound in enumerate(highest)
    ]
    while len(candidates) > 1:
        pairs = zip(candidates[::2], candidates[1::2], strict=False)
        winners = [_winner(builder, lut_size, a, b) for a, b in pairs]
        # An odd one out goes on alone, at the end: so neighbours always stand in the order of their
        # numbers.
        candidates = winners + candidates[2 * len(winners) :]
    outputs = candidates[0].number + (builder.inputs if scores else [])
    return collapse(builder.netlist(outputs), lut_size)


@dataclass(frozen=True)
class _Candidate:
    """A score and the number of its class, as literals, the lowest bit first."""

    score: list[int]
    number: list[int]


def _winner(builder: Builder, lut_size: int, a: _Candidate, b: _Candidate) -> _Candidate:
    """Choose the later one only where its score is strictly higher."""
    # Scores are as wide as their bound; the shorter one is filled up with constant zeros, which
    # fold away.
    width = max(len(a.score), len(b.score))
    first, second = (x.score + [ZERO] * (width - len(x.score)) for x in (a, b))
    later = _greater(builder, lut_size, second, first)

    def choose(pairs: Sequence[tuple[int, int]]) -> list[int]:
        # Bits that both have alike, as the high bits of small class numbers, need no multiplexer.
        return [x if x == y else builder.node(CHOOSE, [later, x, y]) for x, y in pairs]

    return _Candidate(
        choose(list(zip(first, second, strict=True))),
        choose(list(zip(a.number, b.number, strict=True))),
    )


CHOOSE = table_of(lambda later, x, y: y if later else x, 3)


def _greater(builder: Builder, lut_size: int, a: list[int], b: list[int]) -> int:
    """Return whether a > b: as many low bits as fit, then the bits above them with that answer."""
    below, taken = ZERO, 0
    while taken < len(a):
        # A bit of each number takes two pins; behind the first node one pin reads the comparison
        # below.
        size = lut_size // 2 if taken == 0 else (lut_size - 1) // 2
        pins = [*a[taken : taken + size], *b[taken : taken + size]]
        table = _greater_table(len(pins) // 2, taken > 0)
        below = builder.node(table, [below, *pins] if taken else pins)
        taken += size
    return below


@cache
def _greater_table(size: int, below: bool) -> int:
    """Return the table of a > b for numbers of `size` bits; pin 0 decides where they are equal."""

    def greater(*pins: int) -> bool:
        equal, bits = (pins[0], pins[1:]) if below else (0, pins)
        a, b = (sum(bit << i for i, bit in enumerate(half)) for half in (bits[:size], bits[size:]))
        return a > b or (a == b and equal == 1)

    return table_of(greater, 2 * size + below)
