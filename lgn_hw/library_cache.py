"""Compiled libraries kept between runs: checked before they are loaded, made again if damaged."""

import atexit
import ctypes
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = ["cached_library"]

# Loading a library that was cut short ends the process (SIGBUS), so that it is checked first: its
# SHA-256 stands behind what the loader reads.
SEAL = b"\nlgn-library SHA-256 "


def cached_library(name: str, compile_to: Callable[[Path], None]) -> ctypes.CDLL:
    """Return the library of a name that stands for all that it is made of.

    compile_to: makes it as a file. Where the user's cache cannot be used, as without a home folder
    or on a full or foreign disk, it is made for this process only. Raises what compile_to raises.
    """
    folder = _cache()
    if folder is not None:
        path = folder / f"{name}.so"
        with suppress(OSError):  # no such folder, not ours, full, or mounted without execution
            if not _is_whole(path):
                folder.mkdir(parents=True, exist_ok=True)
                _make(path, compile_to)
            return ctypes.CDLL(str(path))
    path = _private_folder() / f"{name}.so"
    if not path.exists():
        _make(path, compile_to)
    return ctypes.CDLL(str(path))


def _make(path: Path, compile_to: Callable[[Path], None]) -> None:
    """Compile beside the place and rename: whole or not there, whoever else compiles it now."""
    partial = path.with_name(f".{path.stem}-{secrets.token_hex(4)}.so")
    try:
        compile_to(partial)
        data = partial.read_bytes()
        with partial.open("ab") as stream:
            stream.write(SEAL + hashlib.sha256(data).hexdigest().encode())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _is_whole(path: Path) -> bool:
    """Say whether a library is there with its seal, and the seal is right."""
    try:
        data, seal, digest = path.read_bytes().rpartition(SEAL)
    except FileNotFoundError:
        return False
    return bool(seal) and hashlib.sha256(data).hexdigest().encode() == digest


def _cache() -> Path | None:
    """Return the folder for libraries, or None where the user has no home folder."""
    given = os.environ.get("XDG_CACHE_HOME")
    try:
        base = Path(given) if given else Path.home() / ".cache"
    except RuntimeError:  # no HOME, and no entry among the system's users
        return None
    return base / "lgn-hw" / "kernels"


@cache
def _private_folder() -> Path:
    """Return a new folder that only this user can write to, removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="lgn-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
