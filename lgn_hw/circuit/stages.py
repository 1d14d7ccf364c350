"""Where registers stand: the one rule by which every block is pipelined."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lgn_hw.errors import UsageError

__all__ = ["Cuts", "Spacing", "Stages", "cuts_of"]

# Of one block: levels between registers, or the levels after which they stand.
Cuts = int | tuple[int, ...]
# Of a core: levels between registers, or the levels after which they stand by block.
Spacing = int | Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Stages:
    """Cut a block of `levels` levels into pipeline stages.

    levels: how many levels of its own logic the block has, counted from 1; a block without any
    counts as one level that holds no logic. levels_per_stage: registers stand after every so many
    levels, and after the last one; 0 puts them after the last one only. Or a tuple: exactly the
    levels after which registers stand, ascending; none of them need be the last, and level 0 is
    what the block reads.

    Raises UsageError where levels_per_stage is negative, or a level is not in the block.
    """

    levels: int
    levels_per_stage: Cuts

    def __post_init__(self) -> None:
        if isinstance(self.levels_per_stage, tuple):
            self._check_levels(self.levels_per_stage)
        elif self.levels_per_stage < 0:
            raise UsageError(
                "levels_per_stage must be 0 (registers at the end only) or more,"
                f" not {self.levels_per_stage}"
            )

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        """The levels after which registers stand, ascending."""
        if isinstance(self.levels_per_stage, tuple):
            return self.levels_per_stage
        last, step = max(1, self.levels), self.levels_per_stage
        return (*(range(step, last, step) if step else ()), last)

    @property
    def latency(self) -> int:
        """The clock cycles from input to output: the number of registers on the way."""
        return len(self.cuts)

    def stage_of(self, level: int) -> int:
        """Return the stage, from 0, that computes a level; level 0 are the inputs."""
        return bisect_left(self.cuts, level)

    def ends_at(self, level: int) -> bool:
        """Say whether registers follow a level; level 0 is what the block reads."""
        return level in self.cuts

    def _check_levels(self, cuts: tuple[int, ...]) -> None:
        last = max(1, self.levels)
        if list(cuts) != sorted({*cuts} & {*range(last + 1)}):
            raise UsageError(
                f"Registers must stand after levels 0 to {last}, ascending, not {list(cuts)}"
            )


def cuts_of(spacing: Spacing, block: str) -> Cuts:
    """Return where the registers of one block stand."""
    return spacing if isinstance(spacing, int) else tuple(spacing.get(block, ()))
