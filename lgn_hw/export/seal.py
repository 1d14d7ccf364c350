"""A last line that says what the file before it must be: any flipped bit is found."""

import hashlib

from lgn_hw.errors import FileFormatError

__all__ = ["is_sealed", "sealed", "text_of"]


def sealed(data: bytes, before: str, after: str = "") -> bytes:
    """Return data with a last line, a comment between two marks, that has its SHA-256.

    before, after: what opens and closes a comment in the file's language. The digest is of all
    bytes before the line.
    """
    return data + f"{before}sha256 {hashlib.sha256(data).hexdigest()}{after}\n".encode()


def is_sealed(data: bytes) -> bool:
    """Return whether the last line is there and right.

    Any of FRAMES is taken. The last line is computed again and compared whole, so that a flipped
    bit in the line itself is found as well.
    """
    start = data.rfind(b"\n", 0, len(data) - 1) + 1
    return any(data == sealed(data[:start], *frame) for frame in FRAMES)


def text_of(data: bytes) -> str:
    """Return a file's text; raises FileFormatError where it is no UTF-8, as lgn writes it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FileFormatError(
            "The file is no text that lgn export wrote; export it again"
        ) from None


# How each language writes a comment; a flipped bit must not make another of it.
FRAMES = (("/* ", " */"), ("# ", ""), ("// ", ""), ("", ""), ("<!-- ", " -->"))
