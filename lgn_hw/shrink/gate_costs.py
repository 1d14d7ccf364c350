"""How many gates of two inputs a table takes, for many tables at once.

The count is that of the best of all Shannon expansions, input by input: an AND where one half is
constant, an XOR where the halves are inverse, and a multiplexer of both halves otherwise. A
synthesis finds better ones, but tables that are simple here are simple there.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["gates_of"]

Tables = NDArray[np.uint64]
# Against an AND or OR, inverters included: about what their standard cells take.
XOR, MULTIPLEXER = 2.2, 2.6
LOOKED_UP = 4  # inputs of a table whose cost is looked up: 65,536 of them
NEVER = np.float32(np.inf)


def gates_of(tables: Tables, arity: int) -> NDArray[np.float32]:
    """Return float32[n], the gates that each of some tables takes.

    tables: uint64[n], of 2**arity entries each, entry i in bit i. arity: 0 to 6.
    """
    if arity <= LOOKED_UP:
        return _costs(arity)[tables.astype(np.int64)]
    return _expanded(tables, arity)


@cache
def _costs(arity: int) -> NDArray[np.float32]:
    """Return the costs of all tables of so many inputs."""
    count = 1 << (1 << arity)
    if arity < 2:  # a constant, an input or its inverse
        return np.zeros(count, np.float32)
    return _expanded(np.arange(count, dtype=np.uint64), arity)


def _expanded(tables: Tables, arity: int) -> NDArray[np.float32]:
    best = np.full(len(tables), NEVER)
    for pin in range(arity):
        best = np.minimum(best, _split(*_halves(tables, arity, pin), arity - 1))
    return best


def _split(low: Tables, high: Tables, arity: int) -> NDArray[np.float32]:
    """Return the costs of choosing between two tables by one more input."""
    ones = np.uint64((1 << (1 << arity)) - 1)
    of_low, of_high = gates_of(low, arity), gates_of(high, arity)
    flat = [(table == 0) | (table == ones) for table in (low, high)]
    found = np.where(low == high ^ ones, XOR + of_low, MULTIPLEXER + of_low + of_high)
    found = np.where(flat[0], 1 + of_high, np.where(flat[1], 1 + of_low, found))
    found = np.where(flat[0] & flat[1], 0, found)
    return np.where(low == high, of_low, found).astype(np.float32)


def _halves(tables: Tables, arity: int, pin: int) -> tuple[Tables, Tables]:
    """Return the tables where an input is 0, and where it is 1, over the other inputs."""
    masks, distance = _masks(arity), np.uint64(1 << pin)
    halves = [tables & masks[pin], tables >> distance & masks[pin]]
    for step in range(pin, arity - 1):
        # Runs of 2**step entries lie twice as far apart: every second one moves next to the first.
        halves = [(h | h >> np.uint64(1 << step)) & masks[step + 1] for h in halves]
    return halves[0], halves[1]


@cache
def _masks(arity: int) -> tuple[np.uint64, ...]:
    """Return for each input the entries in which it is 0."""
    entries = range(1 << arity)
    zero = [sum(1 << e for e in entries if not e >> pin & 1) for pin in range(arity)]
    return tuple(np.uint64(mask) for mask in zero)
