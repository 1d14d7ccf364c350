"""The simulator ends with the command that started it, even where that is killed."""

import contextlib
import ctypes
import os
import signal

__all__ = ["end_with_parent"]

PR_SET_PDEATHSIG = 1  # of Linux' prctl; other systems have no such call


def end_with_parent() -> None:
    """Ask the system to kill this process when its parent ends; do nothing where it cannot.

    SIGKILL gives a command no time to end what it started.
    """
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the system was asked
            os.kill(os.getpid(), signal.SIGKILL)
