"""Structural hashing (strash): nodes with equal tables, or inverse ones, on equal nets are one.

The name and the method are those of and-inverter graphs; here a node is a table of up to six inputs
instead of an AND, and the key of the hash is the sorted nets beside the table.
"""

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist import Netlist
from lgn_hw.passes.sweep import Batch, sweep

__all__ = ["Sharing", "share_nodes"]

MULTIPLIER = np.uint64(0x9E37_79B9_7F4A_7C15)  # 2**64 / golden ratio: spreads neighbours apart


def share_nodes(netlist: Netlist) -> Netlist:
    """Return the same function with equal nodes shared, whatever the order of their inputs.

    Two nodes are equal where they read the same nets and have the same table, or the inverse one,
    once their inputs are sorted. That no net is the inverse of another is for absorb_aliases to see
    to, which makes this complete up to the polarity of inputs.
    """
    return sweep(netlist, [Sharing(netlist)])


class Sharing:
    """Stand for the first node seen that is equal; a rule with a memory of one sweep.

    netlist: the one that is swept.
    """

    def __init__(self, netlist: Netlist) -> None:
        nodes, pins = netlist.num_nodes, int(netlist.arity.max(initial=1))
        # The hash of a row to the first entry that had it.
        self._entry_of: dict[int, int] = {}
        self._count = 0
        self._own = np.zeros(nodes, np.int64)
        self._rows = np.zeros((nodes, 1 + pins), np.uint64)
        self._inverse = np.zeros(nodes, np.int64)

    def __call__(self, batch: Batch) -> None:
        """Sort the inputs of a copy, so that nodes that stay keep theirs."""
        sorted_ = Batch(batch.own, batch.literal, batch.fanin.copy(), batch.table.copy())
        _sort_pins(sorted_)
        # Of a table and its inverse, the one whose entry 0 is 0 is entered: both then meet in one
        # row.
        inverse = sorted_.table & np.uint64(1)
        # 0 - 1 wraps to all ones in uint64, which inverts the table; 0 - 0 leaves it.
        table = sorted_.table ^ (np.uint64(0) - inverse)
        rows = np.column_stack([table, sorted_.fanin.astype(np.uint64)])
        entry = self._enter(batch.own, rows, inverse.astype(np.int64))
        first = np.array(
            [
                self._entry_of.setdefault(*it)
                for it in zip(_hashes(rows).tolist(), entry, strict=True)
            ],
            np.int64,
        )
        # A hash that two different rows share leaves them two nodes.
        same = (first != entry) & (self._rows[first] == rows).all(axis=1)
        # What another rule replaced already stays replaced.
        same &= batch.literal == batch.own
        standing = self._own[first] ^ self._inverse[first] ^ self._inverse[entry]
        batch.literal[same] = standing[same]

    def _enter(
        self, own: NDArray[np.int64], rows: NDArray[np.uint64], inverse: NDArray[np.int64]
    ) -> range:
        """Enter nodes of which none equal has been seen."""
        entry = range(self._count, self._count + len(rows))
        self._own[entry], self._rows[entry], self._inverse[entry] = own, rows, inverse
        self._count = entry.stop
        return entry


def _sort_pins(batch: Batch) -> None:
    """Sort the nets of each node, those not read last."""
    # A bubble sort: at most six pins, and each exchange is one operation on all nodes of the level.
    for last in range(batch.pins - 1, 0, -1):
        for pin in range(last):
            left, right = batch.fanin[:, pin], batch.fanin[:, pin + 1]
            batch.swap_pins((right != 0) & ((left > right) | (left == 0)), pin, pin + 1)


def _hashes(rows: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash of each row; equal rows have equal ones."""
    key = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        key = (key ^ column) * MULTIPLIER
        # A product's low bits only depend on low bits of its factors; folding high ones down mixes
        # them in before the next column.
        key ^= key >> np.uint64(29)
    return key
