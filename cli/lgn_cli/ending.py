"""How a command ends when it is told to: with nothing of it left running.

A command starts yosys, simulators and compilers. Without this a terminated `lgn` would leave them
running, and their files half written.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

__all__ = ["Ended", "end_on_signals"]


class Ended(BaseException):
    """A signal that ends the command; code is what a shell calls a program that it ended."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number


@contextmanager
def end_on_signals() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP end all programs that were started, then raise Ended."""
    before = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # the last is not on every system
        number = getattr(signal, name, None)
        # Who starts a program with nohup, or in the background, wants the signal ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    """Kill what was started, then end this process by an exception, so that files are closed."""
    for child in _descendants(os.getpid()):
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
    raise Ended(number)


def _descendants(parent: int) -> list[int]:
    """Return the processes below one, where the system lists them in /proc."""
    children: dict[int, list[int]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The second field is the program's name in brackets, which may hold spaces and brackets
            # of its own; the parent's number is the second word behind it.
            after_name = file.read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
            children.setdefault(int(after_name.split()[1]), []).append(int(file.parent.name))
    found, waiting = [], [parent]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
