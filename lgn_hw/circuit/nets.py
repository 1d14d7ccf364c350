"""Where the nets of a netlist are, in the words of a module under construction.

A netlist numbers nets, a module has words. Nodes are grouped into words (see netlist.order), so
what a group reads is usually a few slices of earlier words, and only rarely single bits.
"""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lgn_hw.circuit.backend import WordBackend
from lgn_hw.netlist import FIRST_INPUT

__all__ = ["Nets"]

V = TypeVar("V", bound=Any)


class Nets(Generic[V]):
    """Know in which bit of which word each net is at the moment.

    count: how many nets the netlist has. backend: of the module that is written.
    """

    def __init__(self, count: int, backend: WordBackend[V]) -> None:
        self.backend = backend
        self._placed: list[V] = []
        self._home = np.zeros(count, np.int64)
        self._offset = np.zeros(count, np.int64)
        # Nets 0 and 1 as one word of two bits: constants are slices like all others.
        self.place(np.arange(FIRST_INPUT), backend.constant(0b10, FIRST_INPUT))

    def place(self, nets: NDArray[np.integer], word: V) -> None:
        """Say that some nets are the bits of a word from now on, in their order."""
        self._home[nets] = len(self._placed)
        self._offset[nets] = np.arange(len(nets))
        self._placed.append(word)

    def read(self, nets: NDArray[np.integer]) -> V:
        """Join nets, the first one lowest; neighbours in one word stay one slice."""
        home, offset = self._home[nets], self._offset[nets]
        # A slice ends where the next net is in another word or not the next bit of this one.
        breaks = np.flatnonzero((np.diff(home) != 0) | (np.diff(offset) != 1)) + 1
        starts = np.array([0, *breaks] if len(nets) else [], np.int64)
        lengths = np.diff([*starts, len(nets)])
        runs = zip(home[starts].tolist(), offset[starts].tolist(), lengths.tolist(), strict=True)
        return self.backend.join(self.backend.slice(self._placed[h], o, n) for h, o, n in runs)
