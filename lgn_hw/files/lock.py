"""Locks: one process at a time has a folder, and says so there, or a piece of shared work."""

import contextlib
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lgn_hw.errors import UsageError

__all__ = ["LOCK", "FolderInUse", "claimed", "locked"]

LOCK = ".lgn.lock"  # stays in the folder: processes that wait for it must see one file


class FolderInUse(UsageError):
    """A folder that another process holds."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; the system frees it when the process ends, however that happens.

    Raises FolderInUse at once, naming the process, where another one holds it.
    """
    path = folder / LOCK
    # The lock is the system's, on the open file; the text in it only says who holds it.
    with claimed(path) as free:
        if not free:
            raise FolderInUse(
                f"{folder} is in use by {_holder(path)}; wait until it ends, or choose another"
                " folder with --output"
            )
        try:
            _write(path, _own_name())
            yield
        finally:
            _write(path, "")


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold a lock file, so that several processes can share work; False where another one has it.

    The file stays. Locks of the system are on the open file: a process that is killed holds none,
    unlike a file that says "locked" by being there.
    """
    # It must not be taken for free by a thread of this process either.
    lock = FileLock(path, blocking=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _own_name() -> str:
    """Return what the lock's file says of this process, as JSON."""
    command = [Path(sys.argv[0]).name, *sys.argv[1:]]
    return json.dumps(
        {
            "command": shlex.join(command),
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
    )


def _write(path: Path, text: str) -> None:
    """Write in place, as the lock is on the file itself; a full disk costs the name only."""
    with contextlib.suppress(OSError), path.open("r+", encoding="utf-8") as stream:
        stream.truncate()
        stream.write(text)


def _holder(path: Path) -> str:
    """Name the process that holds a lock, as far as its file says."""
    try:
        by = json.loads(path.read_text(encoding="utf-8"))
        return f"`{by['command']}` (process {by['pid']} on {by['host']}, since {by['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
