"""How many cycles a frame takes: the control of a streaming core, played in software."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lgn_hw.hdl.streaming.collector import Collector
from lgn_hw.hdl.streaming.or_pool import OrPool
from lgn_hw.hdl.streaming.staged import Staged
from lgn_hw.hdl.streaming.tally import Tally
from lgn_hw.hdl.streaming.window import LineWindow

if TYPE_CHECKING:
    from lgn_hw.hdl.streaming.core import StreamingCore

__all__ = ["FrameCycles", "frame_cycles"]

FRAMES = 12  # small ones are under way many at once


@dataclass(frozen=True)
class FrameCycles:
    """Say in clock cycles how a frame goes through a core that nobody makes wait.

    interval: from the first pixel of a frame to that of the next one, back to back. latency: from
    the acceptance of the last pixel of a frame to its result. frame: from the first pixel to it.
    """

    interval: int
    latency: int
    frame: int

    def frames_per_s(self, clock_mhz: float) -> float:
        """Return how many frames per second a clock gives."""
        return clock_mhz * 1e6 / self.interval

    def latency_us(self, clock_mhz: float) -> float:
        """Return the microseconds from a frame's first pixel to its result."""
        return self.frame / clock_mhz


class _Stage(ABC):
    """The valid bits of a stage, and which of its slots give something."""

    def __init__(self, depth: int = 1) -> None:
        self.valid = [False] * depth

    def advances(self, ready: bool) -> bool:
        return not self.valid[-1] or ready

    def takes(self, ready: bool) -> bool:
        """Return whether the stage is ready for a value."""
        return self.advances(ready)

    def step(self, value: bool, ready: bool) -> None:
        """Go on by a cycle, in which a value was offered, and the next stage was ready."""
        if self.advances(ready):
            self.valid = [self.gives(value), *self.valid[:-1]]

    @abstractmethod
    def gives(self, value: bool) -> bool:
        """Say whether this slot has a value for the next stage."""


class _Delay(_Stage):
    def gives(self, value: bool) -> bool:
        return value


class _Every(_Stage):
    """Give one value for every so many, at the last of them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count, self.seen = count, 0

    def gives(self, value: bool) -> bool:
        self.seen += value
        if self.seen < self.count or not value:
            return False
        self.seen = 0
        return True


class _Pool(_Stage):
    def __init__(self, pool: OrPool) -> None:
        super().__init__()
        self.size, self.columns, self.place = pool.size, pool.columns * pool.size, 0

    def gives(self, value: bool) -> bool:
        if not value:
            return False
        row, column = divmod(self.place, self.columns)
        self.place = (self.place + 1) % (self.columns * self.size)
        return row == self.size - 1 and column % self.size == self.size - 1


class _Window(_Stage):
    """A window, which has no register behind it, and the kernels that read it."""

    def __init__(self, window: LineWindow, latency: int) -> None:
        super().__init__(latency)
        self.window, self.primed = window, not window.padding
        at_start = (window.rows - 1, window.columns) if window.padding else (0, 0)
        self.row, self.column = at_start

    def takes(self, ready: bool) -> bool:
        return self._is_free(ready) and not self._is_zero()

    def step(self, value: bool, ready: bool) -> None:
        moves = (value or self._is_zero()) and self._is_free(ready)
        if self.advances(ready):
            self.valid = [moves and self.gives(value), *self.valid[:-1]]
        if moves:
            self._move()

    def gives(self, value: bool) -> bool:
        window = self.window
        ends = [p - (window.size - 1 - window.padding) for p in (self.row, self.column)]
        return self.primed and all(end >= 0 and end % window.stride == 0 for end in ends)

    def _is_free(self, ready: bool) -> bool:
        """Return whether the scan can go on: the kernels do, or the place ends no window."""
        return self.advances(ready) or not self.gives(True)

    def _move(self) -> None:
        self.column = (self.column + 1) % self.window.pitch
        if not self.column:
            self.row = (self.row + 1) % self.window.height
            self.primed = self.primed or not self.row

    def _is_zero(self) -> bool:
        return self.row >= self.window.rows or self.column >= self.window.columns


def frame_cycles(core: "StreamingCore") -> FrameCycles:
    """Play the control of a core: one frame alone, then some back to back."""
    starts, lasts, results = _play(core, 1)
    alone = results[0] - lasts[0], results[0] - starts[0]
    starts, _, _ = _play(core, FRAMES)
    return FrameCycles(starts[-1] - starts[-2], *alone)


def _stages(core: "StreamingCore") -> list[_Stage]:
    """Return the stages of a core, freshly reset."""
    stages: list[_Stage] = [_Delay()]
    parts = iter(core.parts.values())
    for part in parts:
        if isinstance(part, LineWindow):
            kernels = next(parts)
            assert isinstance(kernels, Staged)
            stages.append(_Window(part, kernels.block.latency))
        elif isinstance(part, OrPool):
            stages.append(_Pool(part))
        elif isinstance(part, Staged):
            stages.append(_Delay(part.block.latency))
        elif isinstance(part, Tally):
            stages += [_Delay(part.popcount.latency), _Every(part.positions)]
        else:
            assert isinstance(part, Collector)
            stages.append(_Every(part.rows * part.columns))
    return stages


def _play(core: "StreamingCore", frames: int) -> tuple[list[int], list[int], list[int]]:
    """Return the cycles of first pixels, last pixels and results, from a core at rest on."""
    stages, pixels, depth = _stages(core), core.framer.pixels, core.framer.depth
    for _ in range(sum(s.window.height * s.window.pitch for s in stages if isinstance(s, _Window))):
        _cycle(stages, False, False)  # the zeros after a reset
    sent, cycle = 0, 0
    starts: list[int] = []
    lasts: list[int] = []
    results: list[int] = []
    while len(results) < frames:
        # A result waits until it is known how its frame ended, and few such ends are kept.
        told = len(lasts) - len(results)
        offers = sent < frames * pixels and told < depth
        if stages[-1].valid[-1] and told:
            results.append(cycle)
        if _cycle(stages, offers, told > 0):
            if sent % pixels == 0:
                starts.append(cycle)
            sent += 1
            if sent % pixels == 0:
                lasts.append(cycle)
        cycle += 1
    return starts, lasts, results


def _cycle(stages: list[_Stage], offers: bool, leaves: bool) -> bool:
    """Move all stages by a cycle, in which a result may leave; return whether a pixel was taken."""
    ready = [leaves] * (len(stages) + 1)
    for number in reversed(range(len(stages))):
        ready[number] = stages[number].takes(ready[number + 1])
    given = [offers, *(stage.valid[-1] for stage in stages)]
    taken = [value and able for value, able in zip(given, ready, strict=True)]
    for number, stage in enumerate(stages):
        stage.step(taken[number], ready[number + 1])
    return taken[0]
