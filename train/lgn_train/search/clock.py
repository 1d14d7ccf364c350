"""A deadline that long work looks at."""

import time
from collections.abc import Callable
from typing import final

__all__ = ["Clock", "OutOfTime"]


class OutOfTime(Exception):
    """The deadline has passed; whoever set it catches this."""


@final
class Clock:
    """Count down from now; a clock of 0 seconds or less is at its end.

    now: what tells the time, in seconds: the wall's, where nothing else is given.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self._now = seconds, now
        self._end = now() + seconds

    @property
    def left(self) -> float:
        """Seconds until the end; negative after it."""
        return self._end - self._now()

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return self.seconds - self.left

    def check(self) -> None:
        """Raise OutOfTime after the end."""
        if self.left <= 0:
            raise OutOfTime

    def end_in(self, seconds: float) -> None:
        """Move the end: so many seconds from now, or now."""
        self._end = self._now() + max(0.0, seconds)

    def before(self, seconds: float) -> "Clock":
        """Return a clock that ends so much earlier."""
        return Clock(self.left - seconds, self._now)
