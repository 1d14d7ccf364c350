"""One file that a user names: what lies there is replaced only where lgn wrote it."""

import os
from collections.abc import Callable
from pathlib import Path

from lgn_hw.files.atomic import write_bytes
from lgn_hw.files.owned_folder import keep_aside

__all__ = ["replace_file"]

HEAD_BYTES = 4096  # of an old file; each of our formats names itself there


def replace_file(path: Path, data: bytes, ours: Callable[[bytes], bool]) -> Path | None:
    """Write a file; one that is not ours is kept as NAME.orig, which is returned.

    ours: says of the first 4096 bytes of the old file whether lgn has written it. Raises OSError.
    """
    kept = None
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if not ours(head) and os.access(path, os.W_OK) and path.read_bytes() != data:
            kept = keep_aside(path)
    write_bytes(path, data)
    return kept
