"""A folder of a command's own that several of its processes write into, each its own files."""

import time
from pathlib import Path

from lgn_hw.files.lock import FolderInUse
from lgn_hw.files.owned_folder import own_folder, read_manifest

__all__ = ["share_folder"]

WAIT_S = 10.0  # for another process that marks the folder at the same time


def share_folder(path: Path, command: str) -> None:
    """Mark a new or empty folder as a command's, or see that it is; it is not held afterwards.

    Raises UsageError, with the remedy, for a folder of somebody else, and leaves it as it was.
    """
    end = time.monotonic() + WAIT_S
    while not _is_of(path, command):
        try:
            with own_folder(path, command):
                return
        except FolderInUse:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _is_of(path: Path, command: str) -> bool:
    manifest = read_manifest(path)
    return manifest is not None and manifest["format"] == f"lgn-{command} 1"
