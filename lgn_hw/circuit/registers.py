"""Where registers stand: the one rule by which every block is pipelined.

A *level* is one step of a block's own logic, a LUT or an adder; a *stage* is what lies between two
rows of registers. All paths of a block pass the same registers, so the latency is their number, and
a result leaves the core in every clock cycle (an initiation interval of 1).
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lgn_hw.errors import UsageError

__all__ = ["BlockRegisters", "Registers", "Stages", "registers_of"]

# Of one block: levels between registers, or the levels after which they stand.
BlockRegisters = int | tuple[int, ...]
# Of a core: levels between registers, or the levels after which they stand by block.
Registers = int | Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Stages:
    """Cut a block of `levels` levels into pipeline stages.

    levels: how many levels of its own logic the block has, counted from 1; a block without any
    counts as one level that holds no logic. registers: they stand after every so many levels, and
    after the last one; 0 puts them after the last one only. Or a tuple: exactly the levels after
    which registers stand, ascending; none of them need be the last, and level 0 is what the block
    reads.

    Raises UsageError where registers is negative, or a level is not in the block.
    """

    levels: int
    registers: BlockRegisters

    def __post_init__(self) -> None:
        if isinstance(self.registers, tuple):
            self._check_levels(self.registers)
        elif self.registers < 0:
            raise UsageError(
                "Registers must stand after every 1 or more levels, or 0 for the end only,"
                f" not {self.registers}"
            )

    @cached_property
    def after(self) -> tuple[int, ...]:
        """The levels after which registers stand, ascending."""
        if isinstance(self.registers, tuple):
            return self.registers
        # A block that computes nothing still ends in registers, so that blocks can be put together
        # without asking what is in them.
        last, step = max(1, self.levels), self.registers
        return (*(range(step, last, step) if step else ()), last)

    @property
    def latency(self) -> int:
        """The clock cycles from input to output: the number of registers on the way."""
        return len(self.after)

    def stage_of(self, level: int) -> int:
        """Return the stage, from 0, that computes a level; level 0 are the inputs."""
        return bisect_left(self.after, level)

    def ends_at(self, level: int) -> bool:
        """Say whether registers follow a level; level 0 is what the block reads."""
        return level in self.after

    def _check_levels(self, after: tuple[int, ...]) -> None:
        """Raise UsageError unless the levels ascend and lie in the block."""
        last = max(1, self.levels)
        # Equal to the sorted set only if they ascend, none stands twice and all are there.
        if list(after) != sorted({*after} & {*range(last + 1)}):
            raise UsageError(
                f"Registers must stand after levels 0 to {last}, ascending, not {list(after)}"
            )


def registers_of(registers: Registers, block: str) -> BlockRegisters:
    """Return where the registers of one block stand."""
    return registers if isinstance(registers, int) else tuple(registers.get(block, ()))
