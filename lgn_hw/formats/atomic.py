"""Files that are either whole or not there."""

import os
import tempfile
from os import PathLike
from pathlib import Path

__all__ = ["write_bytes", "write_text"]


def write_bytes(path: str | PathLike[str], data: bytes) -> None:
    """Write a file by way of a temporary one in its folder, made if missing, and a rename.

    A crash or a full disk leaves the old file as it was. Raises OSError, which names the file.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o666 & ~_umask())  # mkstemp makes files private
        os.replace(name, target)
    except BaseException as problem:
        Path(name).unlink(missing_ok=True)
        if isinstance(problem, OSError) and problem.filename is None:
            problem.filename = str(target)  # a full disk does not say which file it refuses
        raise


def write_text(path: str | PathLike[str], text: str) -> None:
    """Write a UTF-8 file with Unix line ends; otherwise as write_bytes."""
    write_bytes(path, text.encode())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
