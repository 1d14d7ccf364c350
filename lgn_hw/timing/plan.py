"""Choose where registers stand: the fewest flip-flops for a clock, over the whole datapath.

Levels stand in a row, and a register after a level costs a known number of flip-flops. So the best
placement is a shortest path: dynamic programming over where the last stage began, quadratic in the
levels at worst, exact for the model.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lgn_hw.errors import UsageError
from lgn_hw.timing.levels import Level
from lgn_hw.timing.parts import Delays, Part

__all__ = ["Placement", "fewest_registers", "least_latency", "placements", "registers_for"]

UNIT = Delays(register=0, lut=1, carry=0)


@dataclass(frozen=True)
class Placement:
    """Registers after chosen levels of the datapath.

    registers: by block, the levels after which they stand. bits: how many flip-flops they take.
    period: the slowest stage in ns, by the delay model it was made for.
    """

    registers: Mapping[str, Sequence[int]]
    bits: int
    period: float

    @property
    def latency(self) -> int:
        """Clock cycles from a sample to its result: the number of registers on the way."""
        return sum(len(levels) for levels in self.registers.values())

    def __str__(self) -> str:
        places = (
            f"{block} {', '.join(map(str, levels))}"
            for block, levels in self.registers.items()
            if levels
        )
        return f"registers after {'; '.join(places)}"


def registers_for(levels: Sequence[Level], part: Part, clock_mhz: float) -> Placement:
    """Return the placement with the fewest flip-flops that meets a clock by the delay model.

    Raises UsageError with both frequencies where not even registers after every level do.
    """
    found = fewest_registers(levels, part.delays, 1000 / clock_mhz)
    if found is not None:
        return found
    # Registers after every level leave a stage per level: the slowest of them is the limit.
    slowest = max(levels, key=lambda level: _delay([level], part.delays))
    fastest = 1000 / _delay([slowest], part.delays)
    raise UsageError(
        f"No placement of registers reaches {clock_mhz:g} MHz on {part.name}: by the delay model,"
        f" level {slowest.number} of {slowest.block} alone allows {fastest:.1f} MHz"
    )


def least_latency(levels: Sequence[Level], sample_bits: int, delays: Delays = UNIT) -> Placement:
    """Return the placement with two registers: the sample before all logic, the result after it.

    Its period is in LUTs where no delays are given.
    """
    registers: dict[str, list[int]] = {level.block: [] for level in levels}
    registers[levels[0].block] = [0]
    registers[levels[-1].block] = [levels[-1].number]
    return Placement(registers, sample_bits + levels[-1].bits, _delay(levels, delays))


def placements(levels: Sequence[Level], delays: Delays) -> list[Placement]:
    """Return all best placements: each one faster than the one before, with more flip-flops."""
    found: list[Placement] = []
    placement = fewest_registers(levels, delays, math.inf)
    while placement is not None:
        found.append(placement)
        # A little faster than this one, so that it is not found again; rounding must not matter.
        placement = fewest_registers(levels, delays, placement.period * (1 - 1e-9))
    return found


def fewest_registers(levels: Sequence[Level], delays: Delays, period: float) -> Placement | None:
    """Return the placement with the fewest flip-flops whose stages take at most a period.

    Of equal ones that with the lowest latency, then the fastest. None where a level alone takes
    longer.
    """
    # best[i]: the cheapest way to end a stage after i levels, as (flip-flops, stages, slowest
    # stage, ends); tuples compare in the order of what matters.
    best: list[tuple[int, int, float, tuple[int, ...]] | None] = [(0, 0, 0.0, ())]
    for end in range(1, len(levels) + 1):
        found = []
        # Stages grow backwards from `end`; the first that is too slow, or would swallow a register
        # that must stand, ends it.
        for start in range(end - 1, -1, -1):
            stage = levels[start:end]
            delay = _delay(stage, delays)
            if delay > period or any(level.must for level in stage[:-1]):
                break
            before = best[start]
            if before is not None:
                bits, stages, slowest, ends = before
                after = (bits + stage[-1].bits, stages + 1, max(slowest, delay), (*ends, end))
                found.append(after)
        best.append(min(found, default=None))
    whole = best[-1]
    return None if whole is None else Placement(_by_block(levels, whole[3]), whole[0], whole[2])


def _by_block(levels: Sequence[Level], ends: Sequence[int]) -> dict[str, list[int]]:
    """Return the levels after which registers stand, by block."""
    registers: dict[str, list[int]] = {level.block: [] for level in levels}
    for end in ends:
        registers[levels[end - 1].block].append(levels[end - 1].number)
    return registers


def _delay(stage: Sequence[Level], delays: Delays) -> float:
    """Return how long a stage takes; levels of a block share LUTs, blocks do not."""
    luts: dict[str, float] = {}
    for level in stage:
        luts[level.block] = luts.get(level.block, 0) + level.luts
    carries = sum(level.carries for level in stage)
    return delays.path(sum(math.ceil(count - 1e-9) for count in luts.values()), carries)
