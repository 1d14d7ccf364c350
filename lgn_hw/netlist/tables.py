"""Truth tables as boolean expressions: one recursion that software and hardware both follow.

numpy words, Amaranth values, Verilog text, AIG literals and BLIF covers all get their expression of
a table from here, so that a gate means one thing everywhere.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

__all__ = ["compose"]

# Whatever knows & | ^ ~: a numpy array of words, or an Amaranth value.
Value = TypeVar("Value", bound=Any)


def compose(
    masks: Sequence[int],
    inputs: Sequence[Value],
    full: int,
    constant: Callable[[int], Value],
) -> Value:
    """Express the tables of many nodes at once as bitwise operations on their inputs.

    masks: 2**k integers; bit i of masks[j] is table entry j of node i.
    inputs: k values, input 0 first; input 0 is bit 0 of a table index.
    full: the mask with a bit for every node.
    constant: makes a value of a mask.

    Shannon expansion on the last input. Where all nodes share one table every mask is 0 or full,
    the folding below leaves the fewest operations (one or two for the 16 two-input gates), and no
    constant appears. Equal sub-expressions are made once, so the result is a decision diagram: a
    symmetric function of six inputs has about 20 operations.
    """
    return _expand(tuple(masks), inputs, full, constant, {})


def _expand(
    masks: tuple[int, ...],
    inputs: Sequence[Value],
    full: int,
    constant: Callable[[int], Value],
    known: dict[tuple[int, ...], Value],
) -> Value:
    """Make a sub-expression, or take it from those that are known."""
    if masks not in known:

        def of(part: tuple[int, ...]) -> Value:
            return _expand(part, inputs, full, constant, known)

        known[masks] = _choose(masks, inputs, full, constant, of)
    return known[masks]


def _choose(
    masks: tuple[int, ...],
    inputs: Sequence[Value],
    full: int,
    constant: Callable[[int], Value],
    of: Callable[[tuple[int, ...]], Value],
) -> Value:
    """Join the two halves of a table by as few operations as they allow."""
    if len(masks) == 1:
        return constant(masks[0])
    half = len(masks) // 2
    low, high, x = masks[:half], masks[half:], inputs[half.bit_length() - 1]
    zeros, ones = (0,) * half, (full,) * half
    # From the cheapest form to the most general: neither half needs the input, the input alone, its
    # inverse, an XOR, one AND or OR, and at last a multiplexer.
    if low == high:
        return of(low)
    if (low, high) == (zeros, ones):
        return x
    if (low, high) == (ones, zeros):
        return ~x
    if all(a ^ b == full for a, b in zip(low, high, strict=True)):
        return of(low) ^ x
    if low == zeros:
        return of(high) & x
    if high == zeros:
        return of(low) & ~x
    if low == ones:
        return of(high) | ~x
    if high == ones:
        return of(low) | x
    # Where low implies high, the multiplexer needs no second AND: low | (high & x).
    if not any(a & ~b for a, b in zip(low, high, strict=True)):
        return of(low) | (of(high) & x)
    if not any(b & ~a for a, b in zip(low, high, strict=True)):
        return of(high) | (of(low) & ~x)
    if half == 1:
        return constant(low[0]) ^ (constant(low[0] ^ high[0]) & x)
    return (of(high) & x) | (of(low) & ~x)
