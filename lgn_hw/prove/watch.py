"""Long proofs say what they are at, and end in time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lgn_hw.tools.polling import polling

__all__ = ["Watch"]


def _say_nothing(_: str) -> None:
    """Take a report and drop it."""


@dataclass(frozen=True)
class Watch:
    """Take reports of a proof's steps, and know how long it may take.

    report: called with a few words, more than once a step, also from another thread. limit_s: for
    the whole proof, from when this object is made; None is no limit.
    """

    report: Callable[[str], None] = _say_nothing
    limit_s: float | None = None
    start: float = field(default_factory=time.monotonic)

    def allowed(self, wanted_s: float) -> float:
        """Return for how many seconds a step may run that wants so many; 0 where time is up."""
        if self.limit_s is None:
            return wanted_s
        return max(0.0, min(wanted_s, self.limit_s - (time.monotonic() - self.start)))

    @contextmanager
    def counting(self, what: str, files: list[Path]) -> Iterator[None]:
        """Report how many of some files are there, until the step is over.

        files: ABC writes one for each pair that it has decided; to look for them is the only way to
        see how far it is, because yosys holds its output back.
        """

        def look() -> None:
            done = sum(file.exists() for file in files)
            self.report(f"{what}, {done} of {len(files)} decided")

        with polling(look):
            yield
