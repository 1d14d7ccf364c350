"""What nextpnr is at, from the log that it is writing: a large design takes it many minutes."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lgn_hw.tools.polling import polling

__all__ = ["following", "step_of"]

LOGS = ("pnr*.log", "*/pnr*.log")  # of run_nextpnr
TAIL = 4096  # bytes of a log in which its last figures stand
# The first that matches a line names what it is about: the placer's passes, and each router's.
STEPS = (
    (re.compile(r"at iteration #(\d+), type ALL"), "placing, iteration {}"),
    (re.compile(r"at iteration #(\d+): temp"), "placing, refinement {}"),
    (
        re.compile(r"iter=(\d+) wires=\d+ overused=(\d+)"),
        "routing, iteration {}, {} wires claimed more than once",
    ),
    (
        re.compile(r"^Info:\s+(\d+) \|[\d\s]+\|[\d\s]+\|\s*(\d+)\s*\|"),
        "routing, iteration {}, {} connections left",
    ),
)


@contextmanager
def following(folder: Path, report: Callable[[str], None]) -> Iterator[None]:
    """Report what the nextpnr that runs in a folder, or in one in it, is at in a block.

    report: called from another thread with a few words, twice a second; of several runs, with
    those of the log that was written to last. Logs of earlier runs are not looked at.
    """
    before = _logs(folder)

    def look() -> None:
        found = _step_in(folder, before)
        if found is not None:
            report(found)

    with polling(look):
        yield


def step_of(log: str) -> str | None:
    """Return what the last line that tells of progress says; None where there is none."""
    for line in reversed(log.splitlines()):
        for pattern, words in STEPS:
            found = pattern.search(line)
            if found is not None:
                return words.format(*(f"{int(number):,}" for number in found.groups()))
    return None


def _logs(folder: Path) -> dict[Path, int]:
    """Return the logs in a folder, and when each was written to, in ns."""
    found = (log for pattern in LOGS for log in folder.glob(pattern))
    return {log: log.stat().st_mtime_ns for log in found}


def _step_in(folder: Path, before: dict[Path, int]) -> str | None:
    """Return what the newest log says, of those that are not as they were before."""
    try:
        new = {log: at for log, at in _logs(folder).items() if before.get(log) != at}
        if not new:
            return None
        with max(new, key=new.__getitem__).open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL))
            return step_of(stream.read().decode(errors="replace"))
    except OSError:  # a folder that was moved to its place meanwhile, or a log that was removed
        return None
