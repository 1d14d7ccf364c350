"""One file that a user names: what lies there is replaced only where lgn wrote it."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from lgn_hw.files.atomic import write_bytes
from lgn_hw.files.owned_folder import keep_aside

__all__ = ["is_sealed", "kept_notice", "replace_file", "sealed"]

SEAL = "// end, SHA-256 of the lines above: "


def replace_file(path: Path, data: bytes, ours: Callable[[bytes], bool]) -> Path | None:
    """Write a file; one that is not ours is kept as NAME.orig, which is returned.

    ours: says of the old file's content whether lgn has written it. Raises OSError.
    """
    kept = None
    if path.is_file() and os.access(path, os.W_OK):
        old = path.read_bytes()
        # An empty file, or one with these very bytes, is nothing to keep.
        if old and old != data and not ours(old):
            kept = keep_aside(path)
    write_bytes(path, data)
    return kept


def kept_notice(path: Path, kept: Path | None) -> list[str]:
    """Return what the user is told of a file that replace_file kept; nothing where it did not."""
    return [] if kept is None else [f"{path} was not as lgn wrote it; it is kept as {kept}"]


def sealed(text: str) -> str:
    """Return Verilog with a comment at its end, by which it is known whether it was edited."""
    return f"{text}{SEAL}{_digest(text.encode())}\n"


def is_sealed(data: bytes) -> bool:
    """Say whether a file is what sealed() gave."""
    head, seal, digest = data.rpartition(SEAL.encode())
    return bool(seal) and digest == f"{_digest(head)}\n".encode()


def _digest(data: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
