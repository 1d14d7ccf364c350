"""BLIF, the text format of networks of truth tables: written for other tools, read back.

The format is that of the Berkeley Logic Interchange Format report (1992): a table is a list of
cubes, lines of 0, 1 and - that stand for the entries with value 1.
"""

import re
from collections.abc import Iterator

import numpy as np

from lgn_hw.errors import FileFormatError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist

__all__ = ["dumps", "loads"]


def dumps(netlist: Netlist, name: str = "logic") -> str:
    """Return a netlist as BLIF: inputs i0, i1, ..., outputs o0, o1, ..., nets n0, n1, ...

    Names are made up: a classifier has none for its nets.

    Of a table, its ones are listed: 2**5 lines on average for a node of six inputs. Outputs are
    buffers of their nets, as two outputs may be one net, or an input.
    """
    names = [f"n{net}" for net in range(netlist.num_nets)]
    names[FIRST_INPUT : netlist.first_node] = [f"i{i}" for i in range(netlist.num_inputs)]
    lines = [
        f".model {name}",
        " ".join([".inputs", *names[FIRST_INPUT : netlist.first_node]]),
        " ".join([".outputs", *(f"o{i}" for i in range(netlist.num_outputs))]),
        # A cover without lines is 0; the one below with the empty cube is 1.
        ".names n0",
        ".names n1",
        "1",
    ]
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for node, (fanin, arity, table) in enumerate(rows):
        pins = [names[net] for net in fanin[:arity]]
        lines.append(" ".join([".names", *pins, names[netlist.first_node + node]]))
        lines += [f"{_pattern(e, arity)} 1" for e in range(1 << arity) if table >> e & 1]
    for index, net in enumerate(netlist.outputs.tolist()):
        lines += [f".names {names[net]} o{index}", "1 1"]
    return "\n".join([*lines, ".end"]) + "\n"


def loads(text: str, name: str = "the file") -> Netlist:
    """Return the netlist of a BLIF model of `.names` of up to six inputs, in any order.

    Inputs and outputs keep the order of the file; buffers that drive outputs stay nodes. Raises
    FileFormatError where it holds anything else, or a loop.
    """
    inputs, outputs, tables = _parsed(text, name)
    order = _topological(inputs, tables, name)
    net = {signal: FIRST_INPUT + index for index, signal in enumerate(inputs)}
    fanin: list[list[int]] = []
    table: list[int] = []
    for signal in order:
        pins, entries = tables[signal]
        if not pins:
            # A table without inputs is a constant, and becomes net 0 or 1 and no node.
            net[signal] = entries & 1
            continue
        nets, entries = _without_zeros([net[pin] for pin in pins], entries)
        net[signal] = FIRST_INPUT + len(inputs) + len(fanin)
        fanin.append(nets + [0] * (MAX_FANIN - len(nets)))
        table.append(entries)
    missing = [signal for signal in outputs if signal not in net]
    if missing:
        raise FileFormatError(f"{name}: nothing drives the output {missing[0]!r}")
    return Netlist(
        len(inputs),
        np.array(fanin, np.int32).reshape(-1, MAX_FANIN),
        np.array(table, np.uint64),
        np.array([net[signal] for signal in outputs], np.int32),
    )


def _pattern(entry: int, arity: int) -> str:
    """Return a line of a cover: the inputs of one entry, pin 0 first."""
    return "".join(str(entry >> pin & 1) for pin in range(arity))


def _without_zeros(nets: list[int], table: int) -> tuple[list[int], int]:
    """Drop net 0 at the end, where it would be padding; a node of zeros alone reads net 1.

    Net 0 at the end of a row means a pin that is not read (docs/netlist.md), so that a node that
    really reads constant 0 last is given as one of fewer inputs.
    """
    if nets[-1] != 0:
        return nets, table
    if not any(nets):
        return [1], 3 * (table & 1)
    last = max(pin for pin, net in enumerate(nets) if net)
    return nets[: last + 1], table & ((1 << (1 << (last + 1))) - 1)


def _parsed(text: str, name: str) -> tuple[list[str], list[str], dict[str, tuple[list[str], int]]]:
    """Read the lines into inputs, outputs and covers; commands that say nothing are skipped."""
    inputs: list[str] = []
    outputs: list[str] = []
    tables: dict[str, tuple[list[str], int]] = {}
    # A cover belongs to the last statement before it.
    for words, cover in _statements(text, name):
        if words[0] == ".inputs":
            inputs += words[1:]
        elif words[0] == ".outputs":
            outputs += words[1:]
        elif words[0] == ".names":
            if len(words) - 2 > MAX_FANIN:
                raise FileFormatError(
                    f"{name}: {words[-1]!r} has {len(words) - 2} inputs, and a node at most"
                    f" {MAX_FANIN}"
                )
            tables[words[-1]] = words[1:-1], _table(cover, len(words) - 2, name)
        elif words[0] not in (".model", ".end"):
            raise FileFormatError(f"{name}: {words[0]} is not supported; only .names are")
    return inputs, outputs, tables


def _statements(text: str, name: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the words of each statement and the lines of its cover."""
    # Comments go first, then lines that a backslash continues are joined.
    text = re.sub(r"#.*", "", text).replace("\\\n", " ")
    for statement in re.split(r"^(?=\.)", text, flags=re.MULTILINE):
        lines = [line for line in statement.splitlines() if line.strip()]
        if lines and not lines[0].startswith("."):
            raise FileFormatError(f"{name} is not BLIF: it starts with {lines[0][:20]!r}")
        if lines:
            yield lines[0].split(), lines[1:]


def _table(cover: list[str], arity: int, name: str) -> int:
    """Return the truth table of a cover, of ones or of zeros."""
    table, value = 0, "1"
    for line in cover:
        words = line.split()
        pattern, value = ("", words[0]) if arity == 0 else (words[0], words[-1])
        if len(words) != 1 + (arity > 0) or len(pattern) != arity or value not in "01":
            raise FileFormatError(f"{name}: {line!r} is no line of a cover of {arity} inputs")
        table |= _cube(pattern)
    return table if value == "1" else table ^ ((1 << (1 << arity)) - 1)


def _cube(pattern: str) -> int:
    """Return the entries that a line with don't-cares stands for."""
    entries = [0]
    for pin, kind in enumerate(pattern):
        bit = 1 << pin
        if kind == "1":
            entries = [entry | bit for entry in entries]
        elif kind == "-":
            entries += [entry | bit for entry in entries]
    return sum(1 << entry for entry in entries)


def _topological(
    inputs: list[str], tables: dict[str, tuple[list[str], int]], name: str
) -> list[str]:
    """Order signals after what they read, without recursion."""
    readers: dict[str, list[str]] = {}
    waiting = {}
    for signal, (pins, _) in tables.items():
        waiting[signal] = len(pins)
        for pin in pins:
            readers.setdefault(pin, []).append(signal)
    ready = [signal for signal, count in waiting.items() if count == 0]
    order: list[str] = list(ready)
    ready += inputs
    while ready:
        for reader in readers.get(ready.pop(), ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                order.append(reader)
                ready.append(reader)
    stuck = [signal for signal, count in waiting.items() if count]
    if stuck:
        raise FileFormatError(f"{name}: {stuck[0]!r} is in a loop, or reads what nothing drives")
    return order
