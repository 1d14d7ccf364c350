"""Files that are either whole or not there."""

import contextlib
import os
import secrets
import stat
from os import PathLike
from pathlib import Path

__all__ = ["PARTIAL", "write_bytes", "write_text"]

PARTIAL = r"\.lgn-[0-9a-f]{8}\.partial"  # names of files under way; a killed process leaves one


def write_bytes(path: str | PathLike[str], data: bytes) -> None:
    """Write a file by way of a temporary one in its folder, made if missing, and a rename.

    A crash or a full disk leaves the old file as it was. A symbolic link is written through, an
    existing file keeps its mode, and a device or pipe is written to. Raises OSError, which names
    the file.
    """
    if Path(path).exists() and not Path(path).is_file():
        Path(path).write_bytes(data)  # nothing to rename over; a folder is refused here
        return
    # A link is written through: renaming over it would replace the link and leave its target as it
    # was.
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        old = target.stat() if target.exists() else None
        # A rename needs no permission on the file itself: a read-only file would be replaced
        # silently.
        if old is not None and not os.access(target, os.W_OK):
            raise PermissionError(13, os.strerror(13))
        _replace(target, data, old)
    except OSError as problem:
        # A full disk does not say which file it refuses, and nobody knows the temporary one.
        problem.filename, problem.filename2 = str(path), None
        raise


def write_text(path: str | PathLike[str], text: str) -> None:
    """Write a UTF-8 file with Unix line ends; otherwise as write_bytes."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def _replace(target: Path, data: bytes, old: os.stat_result | None) -> None:
    """Write beside the target, then rename over it, with the old file's owner and mode."""
    partial = target.with_name(f".lgn-{secrets.token_hex(4)}.partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            # Without it a rename may reach the disk before the data: after a power cut the file
            # would be empty.
            os.fsync(stream.fileno())
        if old is not None:
            with contextlib.suppress(OSError):  # only the superuser gives files away
                os.chown(partial, old.st_uid, old.st_gid)
            os.chmod(partial, stat.S_IMODE(old.st_mode))
        # Atomic on POSIX within one file system, hence the partial file beside.
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
