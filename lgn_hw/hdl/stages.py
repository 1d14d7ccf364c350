"""Where registers stand: the one rule by which every block is pipelined."""

from dataclasses import dataclass

from lgn_hw.errors import UsageError

__all__ = ["Stages"]


@dataclass(frozen=True)
class Stages:
    """Cut a block of `levels` levels into pipeline stages, each ended by registers.

    levels: how many levels of its own logic the block has, counted from 1.
    levels_per_stage: registers stand after every so many levels, and after the last one; 0 puts
    them after the last one only. A block without levels has one register too, so that a block's
    outputs always come from registers.

    Raises UsageError where levels_per_stage is negative.
    """

    levels: int
    levels_per_stage: int

    def __post_init__(self) -> None:
        if self.levels_per_stage < 0:
            raise UsageError(
                "levels_per_stage must be 0 (registers at the end only) or more,"
                f" not {self.levels_per_stage}"
            )

    @property
    def latency(self) -> int:
        """The clock cycles from input to output: the number of stages, at least 1."""
        if not self.levels_per_stage:
            return 1
        return max(1, -(-self.levels // self.levels_per_stage))

    def stage_of(self, level: int) -> int:
        """Return the stage, from 0, that computes a level; level 0 are the inputs."""
        if not self.levels_per_stage or level == 0:
            return 0
        return (level - 1) // self.levels_per_stage

    def ends_at(self, level: int) -> bool:
        """Say whether registers follow a level, from 1."""
        if level >= self.levels:
            return True
        return bool(self.levels_per_stage) and level % self.levels_per_stage == 0
