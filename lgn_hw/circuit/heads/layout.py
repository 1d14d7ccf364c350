"""How a head is written in words, and what its levels cost.

The timing model (timing.levels) reads the costs from here, so that the hardware of a head and what
is said of it cannot drift apart.
"""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple, TypeVar

from lgn_hw.circuit.backend import WordBackend
from lgn_hw.circuit.registers import Stages

__all__ = ["Layout", "LevelCost"]

V = TypeVar("V", bound=Any)


class LevelCost(NamedTuple):
    """What one level costs: LUTs in a row, bits of carry chain in a row, flip-flops behind it."""

    luts: float
    carries: int
    bits: int


class Layout(ABC):
    """How a head is written in words, where it is more than a netlist of nodes.

    i_votes: num_votes bits, vote 0 lowest. o_scores: num_scores bits, class 0 lowest.
    depth: its levels, 0 where nothing is added up.
    """

    num_votes: int
    num_scores: int
    depth: int

    @abstractmethod
    def lay_out(self, backend: WordBackend[V], stages: Stages, votes: V) -> V:
        """Describe the hardware from the votes to the scores, with registers where stages ends."""

    @abstractmethod
    def levels(self) -> list[LevelCost]:
        """Return what each level costs, from level 1 on; at least one."""
