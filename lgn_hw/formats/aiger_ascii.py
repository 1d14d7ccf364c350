"""AIGER's ASCII form (fmv.jku.at/aiger), read: ANDs in any order, symbols as in the binary form."""

import re
from collections import Counter

import numpy as np

from lgn_hw.counted import counted
from lgn_hw.errors import FileFormatError
from lgn_hw.netlist.aig import Aig

__all__ = ["loads", "to_binary"]


# Version 1.9 may have four more numbers, of which none but zeros is combinational logic.
HEADER = r"aag (\d{1,9}) (\d{1,9}) (\d{1,9}) (\d{1,9}) (\d{1,9})((?: 0){0,4})\n"


def loads(text: str, name: str = "the file") -> Aig:
    """Return the graph of an ASCII AIGER file without latches.

    Raises FileFormatError where it is another file, has latches, a loop, or a variable that is
    driven twice.

    ABC and other tools write this form for people; ANDs may come in any order in it. Variables may
    have gaps in their numbers, which the binary form has not.
    """
    header = re.match(HEADER, text)
    if header is None:
        raise FileFormatError(
            f"{name} is not an ASCII AIGER file: it starts with {text[:32]!r}, not 'aag' and five"
            " numbers, and zeros behind them at most"
        )
    most, inputs, latches, outputs, ands = (int(number) for number in header.groups()[:5])
    if latches:
        raise FileFormatError(f"{name} has {counted(latches, 'latch')}, and must be combinational")
    lines = text[header.end() :].splitlines()
    count = inputs + outputs + ands
    behind = lines[count] if count < len(lines) else "c"
    lines = lines[:count]
    try:
        rows = [[int(word) for word in line.split()] for line in lines]
        own = [literal for [literal] in rows[:inputs]]
        ends = [literal for [literal] in rows[inputs : inputs + outputs]]
        gates = [(left, (a, b)) for left, a, b in rows[inputs + outputs :]]
        if len(rows) < count or not re.match(r"[ioc]", behind):
            raise ValueError("fewer or more lines than the header says")
    except ValueError:
        raise FileFormatError(f"{name} is truncated or corrupted; write it again") from None
    _check_literals(
        [x for row in rows for x in row], [*own, *(left for left, _ in gates)], most, name
    )
    return _ordered(own, ends, dict(gates), name)


def _check_literals(literals: list[int], driven: list[int], most: int, name: str) -> None:
    """Raise FileFormatError for literals beyond the variables, and for variables driven wrongly.

    driven: literals of inputs and ANDs. most: the largest variable.
    """
    wrong = next((x for x in literals if not 0 <= x <= 2 * most + 1), None)
    if wrong is not None:
        raise FileFormatError(
            f"{name} has the literal {wrong}, and {counted(most, 'variable')} only 0 to"
            f" {2 * most + 1}; write it again"
        )
    odd = next((x for x in driven if x & 1 or not x), None)
    if odd is not None:
        raise FileFormatError(
            f"{name}: an input or an AND must be an even literal from 2, not {odd}"
        )
    twice = next((x for x, count in Counter(driven).items() if count > 1), None)
    if twice is not None:
        raise FileFormatError(f"{name} drives the literal {twice} twice")


def _ordered(
    inputs: list[int], outputs: list[int], gates: dict[int, tuple[int, int]], name: str
) -> Aig:
    """Number the ANDs so that each reads earlier ones only, without recursion.

    inputs, outputs: literals of the file. gates: by an AND's own literal, the two that it reads.
    Raises FileFormatError for a loop, and for a literal that nothing drives.
    """
    place = {0: 0} | {literal >> 1: 1 + i for i, literal in enumerate(inputs)}
    pins: list[tuple[int, int]] = []
    # A stack of our own: Python's recursion ends at a thousand, and chains of ANDs are longer. All
    # ANDs are on it, and twice as many for a path of all of them; in a loop it grows beyond that.
    waiting = list(reversed(gates))
    while waiting:
        literal = waiting[-1]
        if literal >> 1 in place:
            waiting.pop()
            continue
        missing = [pin for pin in gates[literal] if pin >> 1 not in place]
        if not missing:
            place[literal >> 1] = 1 + len(inputs) + len(pins)
            a, b = gates[literal]
            pins.append((2 * place[a >> 1] + (a & 1), 2 * place[b >> 1] + (b & 1)))
            waiting.pop()
            continue
        undriven = next((pin for pin in missing if pin & ~1 not in gates), None)
        if undriven is not None:
            raise FileFormatError(
                f"{name}: AND {literal} reads the literal {undriven}, which nothing drives"
            )
        if len(waiting) > 3 * len(gates):
            raise FileFormatError(f"{name}: AND {literal} is in a loop, or reads one")
        waiting += [pin & ~1 for pin in missing]
    unknown = [literal for literal in outputs if literal >> 1 not in place]
    if unknown:
        raise FileFormatError(f"{name}: nothing drives the output literal {unknown[0]}")
    ends = np.array([2 * place[x >> 1] + (x & 1) for x in outputs], np.int64)
    return Aig(len(inputs), np.array(pins, np.int64).reshape(-1, 2), ends)


def to_binary(text: str) -> bytes:
    """Return the symbols of an ASCII file behind an empty binary one, for aiger.symbols.

    Symbols are the same lines in both forms, so that one reader serves both.
    """
    header = re.match(HEADER, text)
    assert header is not None, "loads() comes first"
    inputs, outputs = int(header[2]), int(header[4])
    symbols = re.findall(r"^[io]\d+ .*$", text.split("\nc\n")[0], re.MULTILINE)
    literals = "0\n" * outputs
    lines = "".join(f"{line}\n" for line in symbols)
    return f"aig {inputs} {inputs} 0 {outputs} 0\n{literals}{lines}".encode()
