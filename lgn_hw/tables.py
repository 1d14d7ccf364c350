"""Truth tables as boolean expressions: one recursion that software and hardware both follow."""

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
    constant appears. Each sub-expression is used once, so the result is a tree.
    """
    if len(masks) == 1:
        return constant(masks[0])
    half = len(masks) // 2
    low, high = tuple(masks[:half]), tuple(masks[half:])
    rest, x = inputs[:-1], inputs[-1]
    zeros, ones = (0,) * half, (full,) * half

    def of(part: Sequence[int]) -> Value:
        return compose(part, rest, full, constant)

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
    if half == 1:
        return constant(low[0]) ^ (constant(low[0] ^ high[0]) & x)
    return (of(high) & x) | (of(low) & ~x)
