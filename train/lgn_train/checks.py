"""Checks that every part of the training package makes of its arguments."""

from collections.abc import Iterable

__all__ = ["one_of", "positive_integer", "positive_number", "whole_number"]


def one_of(name: str, value: object, legal: Iterable[str]) -> str:
    """Return value where it is one of the legal strings; raise ValueError listing them if not.

    name: of the argument, for the message. legal: the values, in the order in which they are
    listed.
    """
    legal = list(legal)
    if value not in legal:
        raise ValueError(f"{name} must be one of {', '.join(legal)}, not {value!r}")
    return str(value)


def positive_integer(name: str, value: object) -> int:
    """Return value where it is an integer of 1 or more; raise TypeError or ValueError if not."""
    number = whole_number(name, value)
    if number < 1:
        raise ValueError(f"{name} must be 1 or more, not {number}")
    return number


def whole_number(name: str, value: object) -> int:
    """Return value where it is an integer (no bool, no float); raise TypeError if not."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__} {value!r}")
    return value


def positive_number(name: str, value: object) -> float:
    """Return value as a float where it is finite and above 0; raise otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__} {value!r}")
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be a positive finite number, not {value}")
    return float(value)
