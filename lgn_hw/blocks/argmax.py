"""Find the class with most votes: a tournament of comparators in small nodes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lgn_hw.blocks.builder import ONE, ZERO, Builder, table_of
from lgn_hw.netlist import Netlist
from lgn_hw.passes.dead import remove_dead_nodes
from lgn_hw.passes.optimize import simplify

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
        candidates = winners + candidates[2 * len(winners) :]
    outputs = candidates[0].number + (builder.inputs if scores else [])
    return remove_dead_nodes(simplify(builder.netlist(outputs)))


@dataclass(frozen=True)
class _Candidate:
    """A score and the number of its class, as literals, the lowest bit first."""

    score: list[int]
    number: list[int]


def _winner(builder: Builder, lut_size: int, a: _Candidate, b: _Candidate) -> _Candidate:
    """Choose the later one only where its score is strictly higher."""
    width = max(len(a.score), len(b.score))
    first, second = (x.score + [ZERO] * (width - len(x.score)) for x in (a, b))
    later = _greater(builder, lut_size, second, first)

    def choose(pairs: Sequence[tuple[int, int]]) -> list[int]:
        return [x if x == y else builder.node(CHOOSE, [later, x, y]) for x, y in pairs]

    return _Candidate(
        choose(list(zip(first, second, strict=True))),
        choose(list(zip(a.number, b.number, strict=True))),
    )


CHOOSE = table_of(lambda later, x, y: y if later else x, 3)


def _greater(builder: Builder, lut_size: int, a: list[int], b: list[int]) -> int:
    """Return whether a > b: digits are compared side by side, then joined by a tree."""
    size = lut_size // 2
    digits = []
    for start in range(0, len(a), size):
        pins = a[start : start + size] + b[start : start + size]
        digits.append(tuple(builder.node(table, pins) for table in _digit_tables(len(pins) // 2)))
    while len(digits) > 1:
        # Of n digits a node reads n greater and n - 1 equal: all but the lowest one's.
        size = (lut_size + 1) // 2
        digits = [_joined(builder, digits[i : i + size]) for i in range(0, len(digits), size)]
    return digits[0][0] if digits else ZERO


def _joined(builder: Builder, digits: list[tuple[int, ...]]) -> tuple[int, ...]:
    """Join (greater, equal) of digits, the lowest one first."""
    if len(digits) == 1:
        return digits[0]
    count = len(digits)
    greater = [digit[0] for digit in digits]
    equal = [digit[1] for digit in digits]
    decides = builder.node(table_of(_decides(count), 2 * count - 1), greater + equal[1:])
    return decides, builder.node((1 << (1 << count)) - (1 << ((1 << count) - 1)), equal)


def _decides(count: int) -> Callable[..., int]:
    def greater(*pins: int) -> int:
        found, equal = pins[:count], (1, *pins[count:])
        return next((found[i] for i in reversed(range(count)) if not equal[i]), found[0])

    return greater


def _digit_tables(size: int) -> tuple[int, int]:
    """Return the tables of a > b and a == b for numbers of `size` bits."""
    entries = [(x & ((1 << size) - 1), x >> size) for x in range(1 << 2 * size)]
    greater = sum(1 << x for x, (a, b) in enumerate(entries) if a > b)
    return greater, sum(1 << x for x, (a, b) in enumerate(entries) if a == b)
