"""Holding a folder that other processes of the same search hold for moments, too."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lgn_hw.files.lock import FolderInUse
from lgn_hw.files.owned_folder import OwnedFolder, own_folder

__all__ = ["held_folder"]

PATIENCE_S = 60.0  # writing a front takes seconds
PAUSE_S = 0.2


@contextmanager
def held_folder(folder: Path, command: str) -> Iterator[OwnedFolder]:
    """Hold a folder as own_folder does, and wait a minute for others to let it go."""
    end = time.monotonic() + PATIENCE_S
    with ExitStack() as stack:
        while True:
            try:
                owned = stack.enter_context(own_folder(folder, command))
                break
            except FolderInUse:
                if time.monotonic() > end:
                    raise
            time.sleep(PAUSE_S)
        yield owned
