"""Truth tables as 64-bit words, of many nodes at once: what a change of a node's pins does to it.

A *wide* table has 64 entries whatever the number of inputs: it does not depend on the pins that
the node does not read, so that every rule below is the same for nodes of one to six inputs.

The two cofactors of a pin are masks and shifts of one word, for all nodes at once.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALL_ONES", "cofactors", "flipped", "merged", "narrow", "swapped", "widen"]

PINS = 6  # whose tables fill a word: 2**6 entries, and netlist.MAX_FANIN
ALL_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
# The entries of a wide table in which pin j is 1; they lie 2**j above those in which it is 0.
PIN_IS_ONE = tuple(
    np.uint64(sum(1 << entry for entry in range(64) if entry >> pin & 1)) for pin in range(PINS)
)
DISTANCE = tuple(np.uint64(1 << pin) for pin in range(PINS))


def widen(table: NDArray[np.uint64], arity: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return tables of 2**arity entries repeated to 64."""
    wide = table.copy()
    for pin in range(PINS):
        unread = arity <= pin
        wide[unread] |= wide[unread] << DISTANCE[pin]
    return wide


def narrow(table: NDArray[np.uint64], arity: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return the first 2**arity entries of wide tables; the inverse of widen."""
    entries = np.uint64(1) << np.minimum(arity, PINS).astype(np.uint64)
    return table & (ALL_ONES >> (np.uint64(64) - entries))


def cofactors(table: NDArray[np.uint64], pin: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the wide tables that remain where a pin is 0, and where it is 1."""
    one, distance = PIN_IS_ONE[pin], DISTANCE[pin]
    low, high = table & ~one, table & one
    return low | (low << distance), high | (high >> distance)


def flipped(table: NDArray[np.uint64], pin: int) -> NDArray[np.uint64]:
    """Return the wide tables that read the inverse of a pin."""
    one, distance = PIN_IS_ONE[pin], DISTANCE[pin]
    return ((table & one) >> distance) | ((table & ~one) << distance)


def merged(table: NDArray[np.uint64], pin: int, into: int) -> NDArray[np.uint64]:
    """Return the wide tables that read pin `into` in the place of `pin` too."""
    low, high = cofactors(table, pin)
    return (low & ~PIN_IS_ONE[into]) | (high & PIN_IS_ONE[into])


def swapped(table: NDArray[np.uint64], low: int, high: int) -> NDArray[np.uint64]:
    """Return the wide tables with two pins exchanged; low < high."""
    distance = DISTANCE[high] - DISTANCE[low]
    only_low = PIN_IS_ONE[low] & ~PIN_IS_ONE[high]
    # A delta swap: entries whose two pins differ change places, the others stay.
    moving = (table ^ (table >> distance)) & only_low
    return table ^ moving ^ (moving << distance)
