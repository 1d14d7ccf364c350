"""Text that other programs read too: as it is, with its line ends."""

from pathlib import Path

from lgn_hw.errors import FileFormatError, UsageError

__all__ = ["check_no_device", "read_source"]


def check_no_device(path: Path) -> None:
    """Raise UsageError for a device such as /dev/zero, which may be read without an end."""
    if path.is_char_device() or path.is_block_device():
        raise UsageError(f"{path} is a device; name a file of text")


def read_source(path: Path) -> str:
    """Return the text of a UTF-8 file, whose line ends are kept as they are.

    Raises FileFormatError, naming the line, where a byte is no UTF-8, UsageError for a device, and
    OSError.
    """
    check_no_device(path)
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise FileFormatError(
            f"{path}, line {line}, must be UTF-8, and has the byte"
            f" 0x{data[problem.start]:02x}; save the file as UTF-8"
        ) from None
