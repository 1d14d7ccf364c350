"""AIGER, the binary format of and-inverter graphs (fmv.jku.at/aiger, version 20071012)."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.counted import counted
from lgn_hw.errors import FileFormatError
from lgn_hw.netlist.aig import Aig

__all__ = ["dumps", "loads", "ports", "symbols"]

GROUP = np.uint64(7)  # bits of a number that one byte carries
MOST_INPUTS = 1 << 24
MAX_BYTES = 5  # a difference of two literals of 32 bits


def dumps(aig: Aig) -> bytes:
    """Return the bytes of an AIGER file; the same graph gives the same bytes."""
    count, inputs = len(aig.ands), aig.num_inputs
    header = f"aig {inputs + count} {inputs} 0 {len(aig.outputs)} {count}\n"
    outputs = "".join(f"{literal}\n" for literal in aig.outputs.tolist())
    # An AND's own literal is not written: ANDs come in order, and each reads smaller literals, so
    # that only two differences are stored, small numbers in few bytes.
    own = 2 * (aig.first_and + np.arange(count))
    high, low = aig.ands.max(axis=1, initial=0), aig.ands.min(axis=1, initial=2**62)
    differences = np.stack([own - high, high - low], axis=1).ravel().astype(np.uint64)
    return (header + outputs).encode() + _encoded(differences)


def loads(data: bytes, name: str = "the file") -> tuple[Aig, NDArray[np.int64]]:
    """Return the graph of an AIGER file, and int64[latches], the literals that its latches take.

    The latches' own variables count as inputs, after the real ones. Raises FileFormatError where
    the file is no binary AIGER, or holds what this project never writes.

    name: of the file, for messages. Text behind the ANDs (symbols, comments) is left to ports().
    """
    file = _Sections(data, name)
    own = 2 * (1 + file.inputs + np.arange(len(file.differences) // 2))
    high = own - file.differences[0::2]
    pairs = np.stack([high, high - file.differences[1::2]], axis=1)
    return Aig(file.inputs, pairs, file.outputs), file.latches


def symbols(data: bytes, name: str = "the file") -> tuple[list[str], list[str]]:
    """Return the names of a file's inputs and of its outputs, "" where a symbol is missing.

    The names of latches are not among them. Raises FileFormatError as loads does.
    """
    file = _Sections(data, name)
    found = [""] * (file.inputs - len(file.latches)), [""] * len(file.outputs)
    # A symbol line like `i3 sample[3]`: kind, position in the file, name, which may hold spaces.
    for kind, index, symbol in re.findall(SYMBOL, file.symbols, re.MULTILINE):
        names = found["io".index(kind)]
        if int(index) >= len(names):
            raise FileFormatError(
                f"{name} has a symbol for {kind}{index}, and only {len(names)} of its kind"
            )
        names[int(index)] = symbol.strip()
    return found


def ports(data: bytes, name: str = "the file") -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return where each port's bits are, the lowest first: of inputs, and of outputs.

    It is read from the file's symbols: `port[3]`, or `port` where it is one bit. Raises
    FileFormatError as loads does, and where a port lacks a bit.
    """
    found: tuple[dict[str, dict[int, int]], ...] = ({}, {})
    for kind, names in zip(found, symbols(data, name), strict=True):
        for place, symbol in enumerate(names):
            if match := re.fullmatch(r"(\S+?)(?:\[(\d+)\])?", symbol):
                kind.setdefault(match[1], {})[int(match[2] or 0)] = place
    for port, places in (*found[0].items(), *found[1].items()):
        if len(places) <= max(places):
            raise FileFormatError(f"{name} must have a symbol for every bit of {port}")
    inputs, outputs = (
        {port: [places[bit] for bit in range(len(places))] for port, places in kind.items()}
        for kind in found
    )
    return inputs, outputs


SYMBOL = r"^([io])(\d{1,9}) (.+)$"
# Numbers of a header: of more digits none is a file's. Version 1.9 may have four more of them.
HEADER = rb"aig (\d{1,9}) (\d{1,9}) (\d{1,9}) (\d{1,9}) (\d{1,9})((?: 0){0,4})\n"


class _Sections:
    """The parts of a file: latches and outputs are literals, differences two for each AND.

    Raises FileFormatError, which names what the header says and what there is. The array
    differences alternates own - high and high - low of each AND.
    """

    def __init__(self, data: bytes, name: str) -> None:
        header = re.match(HEADER, data)
        if header is None:
            raise FileFormatError(
                f"{name} is not a binary AIGER file: it starts with {data[:32]!r}, not 'aig' and"
                " five numbers, and zeros behind them at most"
            )
        most, inputs, latches, outputs, ands = (int(number) for number in header.groups()[:5])
        if most != inputs + latches + ands:
            raise FileFormatError(
                f"{name} counts {most} variables, not its {inputs} inputs, {latches} latches and"
                f" {ands} ANDs together"
            )
        # An input takes no byte of the file, so that only this stands against a slip of the header.
        if inputs + latches > MOST_INPUTS:
            raise FileFormatError(
                f"{name} has {inputs + latches:,} inputs and latches, and at most {MOST_INPUTS:,}"
                " can be read"
            )
        # Only so many lines are split off: what follows is binary, and a byte of it may be a line
        # break.
        *lines, rest = data[header.end() :].split(b"\n", latches + outputs)
        try:
            if len(lines) < latches + outputs:
                raise ValueError("fewer lines than the header says")
            literals = np.array([int(line.split()[0]) for line in lines], np.int64)
            self.differences, used = _decoded(rest, 2 * ands)
        except (IndexError, ValueError, OverflowError):
            raise FileFormatError(f"{name} is truncated or corrupted; write it again") from None
        wrong = literals[(literals < 0) | (literals > 2 * most + 1)]
        if len(wrong):
            raise FileFormatError(
                f"{name} has the literal {wrong[0]}, and {counted(most, 'variable')} only 0 to"
                f" {2 * most + 1}; write it again"
            )
        self.inputs = inputs + latches
        self.latches, self.outputs = literals[:latches], literals[latches:]
        _check_differences(self.differences, self.inputs, name)
        # Comments, which may look like symbols, begin with a line that is a c.
        text = rest[used:].decode(errors="replace")
        self.symbols = re.split(r"^c$", text, maxsplit=1, flags=re.MULTILINE)[0]


def _check_differences(differences: NDArray[Any], inputs: int, name: str) -> None:
    """Raise FileFormatError where an AND reads what is not before it.

    differences: as _Sections has them. inputs: with latches.
    """
    own = 2 * (1 + inputs + np.arange(len(differences) // 2))
    high = own - differences[0::2]
    low = high - differences[1::2]
    wrong = np.flatnonzero((differences[0::2] < 1) | (differences[1::2] < 0) | (low < 0))
    if len(wrong):
        raise FileFormatError(
            f"{name}: AND {own[wrong[0]]} must read literals below its own; write the file again"
        )


def _encoded(numbers: NDArray[np.uint64]) -> bytes:
    """Write each number as bytes of seven bits, the lowest first; bit 7 says that more follow.

    numbers: uint64[n], below 2**35. Whole arrays at once: a loop over a million ANDs would take
    seconds.
    """
    rest = numbers[:, None] >> (GROUP * np.arange(MAX_BYTES, dtype=np.uint64))
    more = rest >> GROUP != 0
    octets = (rest & np.uint64(0x7F)) | (more.astype(np.uint64) << GROUP)
    # A byte is written where the one before it says that more follow; the first one always.
    used = np.concatenate([np.ones((len(numbers), 1), bool), more[:, :-1]], axis=1)
    return octets[used].astype(np.uint8).tobytes()


def _decoded(data: bytes, count: int) -> tuple[NDArray[Any], int]:
    """Return the first numbers, and how many bytes they take.

    count: how many are read; the rest of data is text. Raises ValueError where there are fewer, or
    one has more bytes than a number can.
    """
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets < 0x80)[:count]
    if len(ends) < count:
        raise ValueError("fewer numbers than the header says")
    if not count:
        return np.zeros(0, np.int64), 0
    used = int(ends[-1]) + 1
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (ends - starts).max() >= MAX_BYTES:
        raise ValueError("a number that is too large")
    place = np.arange(used) - np.repeat(starts, ends - starts + 1)
    parts = (octets[:used].astype(np.int64) & 0x7F) << (7 * place)
    return np.add.reduceat(parts, starts), used
