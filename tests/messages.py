"""Patterns of error messages: a test pins the value and the remedy, and not every word."""

import re

__all__ = ["telling"]


def telling(message: str) -> str:
    """Return a pattern of a whole message; `...` stands for words that no test depends on."""
    return f"^{'.*'.join(map(re.escape, message.split('...')))}$"
