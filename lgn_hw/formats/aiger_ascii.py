"""AIGER's ASCII form (fmv.jku.at/aiger), read: ANDs in any order, symbols as in the binary form."""

import re

import numpy as np

from lgn_hw.errors import FileFormatError
from lgn_hw.netlist.aig import Aig

__all__ = ["loads", "to_binary"]


def loads(text: str, name: str = "the file") -> Aig:
    """Return the graph of an ASCII AIGER file without latches.

    Raises FileFormatError where it is another file, has latches, or a loop.

    ABC and other tools write this form for people; ANDs may come in any order in it. Variables may
    have gaps in their numbers, which the binary form has not.
    """
    header = re.match(r"aag (\d+) (\d+) (\d+) (\d+) (\d+)\n", text)
    if header is None:
        raise FileFormatError(
            f"{name} is not an ASCII AIGER file: it starts with {text[:12]!r}, not 'aag' and five"
            " numbers"
        )
    _, inputs, latches, outputs, ands = (int(number) for number in header.groups())
    if latches:
        raise FileFormatError(f"{name} has {latches} latches, and must be combinational")
    lines = text[header.end() :].splitlines()[: inputs + outputs + ands]
    try:
        rows = [[int(word) for word in line.split()] for line in lines]
        own = [row[0] for row in rows[:inputs]]
        ends = [row[0] for row in rows[inputs : inputs + outputs]]
        gates = {left: (a, b) for left, a, b in rows[inputs + outputs :]}
        if len(rows) < inputs + outputs + ands or len(gates) < ands:
            raise ValueError("fewer lines than the header says")
    except (ValueError, IndexError):
        raise FileFormatError(f"{name} is truncated or corrupted; write it again") from None
    return _ordered(own, ends, gates, name)


def _ordered(
    inputs: list[int], outputs: list[int], gates: dict[int, tuple[int, int]], name: str
) -> Aig:
    """Number the ANDs so that each reads earlier ones only, without recursion.

    inputs, outputs: literals of the file. gates: by an AND's own literal, the two that it reads.
    Raises FileFormatError for a loop, and for a literal that nothing drives.
    """
    place = {0: 0} | {literal >> 1: 1 + i for i, literal in enumerate(inputs)}
    pins: list[tuple[int, int]] = []
    # A stack of our own: Python's recursion ends at a thousand, and chains of ANDs are longer.
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
        elif any(pin & ~1 not in gates for pin in missing) or len(waiting) > 2 * len(gates) + 2:
            raise FileFormatError(f"{name}: AND {literal} is in a loop, or reads what is not there")
        else:
            waiting += [pin & ~1 for pin in missing]
    unknown = [literal for literal in outputs if literal >> 1 not in place]
    if unknown:
        raise FileFormatError(f"{name}: nothing drives the output literal {unknown[0]}")
    ends = np.array([2 * place[x >> 1] + (x & 1) for x in outputs], np.int64)
    return Aig(len(inputs), np.array(pins, np.int64).reshape(-1, 2), ends)


def to_binary(text: str) -> bytes:
    """Return the symbols of an ASCII file behind an empty binary one, for aiger.ports.

    Symbols are the same lines in both forms, so that one reader serves both.
    """
    header = re.match(r"aag (\d+) (\d+) (\d+) (\d+) (\d+)\n", text)
    assert header is not None, "loads() comes first"
    inputs, outputs = int(header[2]), int(header[4])
    symbols = re.findall(r"^[io]\d+ .*$", text.split("\nc\n")[0], re.MULTILINE)
    literals = "0\n" * outputs
    lines = "".join(f"{line}\n" for line in symbols)
    return f"aig {inputs} {inputs} 0 {outputs} 0\n{literals}{lines}".encode()
