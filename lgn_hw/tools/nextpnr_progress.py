"""What nextpnr is at, from the log that it is writing: a large design takes it many minutes."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["following", "step_of"]

POLL_S = 1.0
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
    """Report what the nextpnr that runs in a folder or below it is at, until the block is over.

    report: called from another thread with a few words, once in a second; of several runs, with
    those of the log that was written to last. Logs of earlier runs are not looked at.
    """
    over, start = threading.Event(), time.time()

    def look() -> None:
        while not over.wait(POLL_S):
            found = _step_in(folder, start)
            if found is not None:
                report(found)

    # A daemon: a process that is interrupted need not wait for it.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def step_of(log: str) -> str | None:
    """Return what the last line that tells of progress says; None where there is none."""
    for line in reversed(log.splitlines()):
        for pattern, words in STEPS:
            found = pattern.search(line)
            if found is not None:
                return words.format(*(f"{int(number):,}" for number in found.groups()))
    return None


def _step_in(folder: Path, start: float) -> str | None:
    """Return what the newest log says that was written since a time."""
    try:
        logs = {log: log.stat().st_mtime for log in folder.rglob("pnr*.log")}
        new = [log for log, at in logs.items() if at >= start]
        if not new:
            return None
        with max(new, key=logs.__getitem__).open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL))
            return step_of(stream.read().decode(errors="replace"))
    except OSError:  # a folder that was moved to its place meanwhile
        return None
