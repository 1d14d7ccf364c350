"""Functions as a Liberty file writes them: read, and ready to be evaluated."""

import re
from collections.abc import Callable, Mapping
from operator import itemgetter

from lgn_hw.errors import FileFormatError

__all__ = ["Function", "parsed_function"]

# A name may hold brackets, as of a bit of a bus: A[0].
TOKEN = re.compile(r"\s*([A-Za-z_][\w\[\]]*|[01]|[!'&*|+^()])")
Function = Callable[[Mapping[str, int]], int]


def parsed_function(text: str) -> Function:
    """Return a function of the values of pins by name.

    ' behind and ! before a value invert it and bind first, then ^, then &, * and nothing at all,
    which is AND, then | and +. Raises FileFormatError where the text is none.
    """
    tokens = _tokens(text)
    function = _either(tokens)
    if tokens:
        raise FileFormatError(f"{text!r} is no function: {tokens[0]} stands alone")
    return function


def _tokens(text: str) -> list[str]:
    """Return names, 0, 1, operators and brackets of a text. Raises FileFormatError on anything
    else.
    """
    tokens, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None:
            raise FileFormatError(f"{text!r} is no function")
        tokens.append(match[1])
        place = match.end()
    return tokens


def _either(tokens: list[str]) -> Function:
    """Take an OR of ANDs from the tokens' head; this is recursive descent, a function per
    precedence.
    """
    parts = [_both(tokens)]
    while tokens and tokens[0] in "|+":
        tokens.pop(0)
        parts.append(_both(tokens))
    return lambda v: int(any(part(v) for part in parts))


def _both(tokens: list[str]) -> Function:
    """Take an AND, whose operator may be left out: `A B` is A & B."""
    parts = [_differ(tokens)]
    while tokens and tokens[0] not in "|+)":
        # Anything but | + ) goes on with the product, with an operator or without.
        if tokens[0] in "&*":
            tokens.pop(0)
        parts.append(_differ(tokens))
    return lambda v: int(all(part(v) for part in parts))


def _differ(tokens: list[str]) -> Function:
    """Take an XOR, which binds more closely than AND in Liberty, unlike in C."""
    parts = [_single(tokens)]
    while tokens and tokens[0] == "^":
        tokens.pop(0)
        parts.append(_single(tokens))
    return lambda v: sum(part(v) for part in parts) & 1


def _single(tokens: list[str]) -> Function:
    """Take a name, a constant, an inverse, or an expression in brackets. Raises FileFormatError
    where the text ends too early.
    """
    if not tokens:
        raise FileFormatError("A function ends too early")
    token = tokens.pop(0)
    if token == "!":
        return _inverse(_single(tokens))
    if token == "(":
        value = _either(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise FileFormatError("A function lacks a )")
    elif token in "01":
        value = _constant(int(token))
    else:
        value = itemgetter(token)
    # The inverse behind a value, which may stand there several times.
    while tokens and tokens[0] == "'":
        tokens.pop(0)
        value = _inverse(value)
    return value


def _constant(bit: int) -> Function:
    return lambda _: bit


def _inverse(function: Function) -> Function:
    return lambda values: 1 - function(values)
