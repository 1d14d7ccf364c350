"""BLIF, the text format of networks of truth tables: written for other tools, read back.

The format is that of the Berkeley Logic Interchange Format report (1992): a table is a list of
cubes, lines of 0, 1 and - that stand for the entries with value 1.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from lgn_hw.counted import counted
from lgn_hw.errors import FileFormatError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist

__all__ = ["dumps", "loads", "named"]

Tables = dict[str, tuple[list[str], int]]  # by signal, what it reads and its truth table
# What says nothing of the function: times, loads, and where yosys' signals come from.
SKIPPED = re.compile(
    r"\.(end|area|delay|attr|param|cname|wire|wire_load_slope"
    r"|(default_)?(input_arrival|input_drive|max_input_load|output_required|output_load))"
)


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
    """Return the netlist of a BLIF model; see named()."""
    return named(text, name)[0]


def named(text: str, name: str = "the file") -> tuple[Netlist, list[str], list[str]]:
    """Return the netlist of a BLIF model of `.names`, in any order, and the names of its inputs and
    outputs.

    Inputs and outputs keep the order of the file; buffers that drive outputs stay nodes, and a
    table of more than six inputs becomes several. Raises FileFormatError where the file holds
    anything else, a loop, or a signal that is driven twice.
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
    netlist = Netlist(
        len(inputs),
        np.array(fanin, np.int32).reshape(-1, MAX_FANIN),
        np.array(table, np.uint64),
        np.array([net[signal] for signal in outputs], np.int32),
    )
    return netlist, inputs, outputs


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


def _parsed(text: str, name: str) -> tuple[list[str], list[str], Tables]:
    """Read the lines into inputs, outputs and tables; commands that say nothing are skipped."""
    inputs: list[str] = []
    outputs: list[str] = []
    tables: Tables = {}
    models = 0
    # A cover belongs to the last statement before it.
    for words, cover in _statements(text, name):
        found: Tables = {}
        if words[0] == ".inputs":
            inputs += words[1:]
        elif words[0] == ".outputs":
            outputs += words[1:]
        elif words == [".names"]:
            raise FileFormatError(f"{name}: .names must name a signal at least")
        elif words[0] == ".names":
            found = _tables(words[-1], words[1:-1], cover, name)
        elif words[0] == ".conn" and len(words) == 3:  # of yosys: the second is the first
            found = {words[2]: ([words[1]], 0b10)}
        elif words[0] == ".model":
            models += 1
        elif not SKIPPED.fullmatch(words[0]):
            raise FileFormatError(f"{name}: {_unsupported(words[0])}")
        if words[0] != ".names" and cover:
            raise FileFormatError(f"{name}: {cover[0]!r} stands behind {words[0]}, not .names")
        twice = next((signal for signal in found if signal in tables), None)
        if twice is not None:
            raise FileFormatError(f"{name}: {twice!r} is driven twice")
        tables |= found
    if models > 1:
        raise FileFormatError(f"{name}: {_unsupported(f'a file of {models} models')}")
    for signal, count in (Counter(inputs) + Counter(set(tables) & set(inputs))).items():
        if count > 1:
            raise FileFormatError(f"{name}: the input {signal!r} is driven twice")
    for signal, count in Counter(outputs).items():
        if count > 1:
            raise FileFormatError(f"{name}: the output {signal!r} is named twice")
    return inputs, outputs, tables


def _unsupported(what: str) -> str:
    """Say what cannot be read, and how it becomes something that can."""
    if what in (".latch", ".mlatch"):
        return (
            f"{what} is a register, and the model must be combinational; of a pipeline give the"
            " logic between its registers"
        )
    return (
        f"{what} is not supported, only .names in one model are; yosys makes these of it: read_blif"
        " -sop IN; hierarchy -auto-top; flatten; write_blif OUT"
    )


def _statements(text: str, name: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the words of each statement and the lines of its cover."""
    # Comments go first, then lines that a backslash continues are joined.
    text = re.sub(r"#.*", "", text.removeprefix("\ufeff").replace("\r\n", "\n"))
    for statement in re.split(r"^(?=[ \t]*\.)", text.replace("\\\n", " "), flags=re.MULTILINE):
        lines = [line.strip() for line in statement.splitlines() if line.strip()]
        if lines and not lines[0].startswith("."):
            raise FileFormatError(f"{name} is not BLIF: it starts with {lines[0][:20]!r}")
        if lines:
            yield lines[0].split(), lines[1:]


def _tables(signal: str, pins: list[str], cover: list[str], name: str) -> Tables:
    """Return the table of a signal; of more than six inputs, tables that make it up.

    cover: lines, each the inputs for which the signal is 1, or each those for which it is 0.
    """
    cubes, values = [], set[str]()
    for line in cover:
        words = line.split()
        cube, value = ("", words[0]) if not pins else (words[0], words[-1])
        whole = len(words) == 1 + bool(pins) and len(cube) == len(pins) and not cube.strip("01-")
        if not whole or value not in ("0", "1"):
            raise FileFormatError(
                f"{name}: {line!r} is no line of a cover of {counted(len(pins), 'input')}, which"
                " has 0, 1 or - for each and behind them 0 or 1"
            )
        cubes.append(cube)
        values.add(value)
    if len(values) > 1:
        raise FileFormatError(
            f"{name}: the lines of {signal!r} must all give 1, or all 0, not both"
        )
    return (_wide if len(pins) > MAX_FANIN else _narrow)(signal, pins, cubes, values != {"0"})


def _narrow(signal: str, pins: list[str], cubes: list[str], ones: bool) -> Tables:
    """Return one table. ones: whether it is 1 in the cubes, or 0."""
    table = 0
    for cube in cubes:
        table |= _cube(cube)
    return {signal: (pins, table if ones else table ^ _full(len(pins)))}


def _wide(signal: str, pins: list[str], cubes: list[str], ones: bool) -> Tables:
    """Return an OR of ANDs, in trees of tables of six inputs; ones as above.

    The signals between have names with spaces, which none in a file has.
    """
    made: Tables = {}

    def node(pins: list[str], table: int) -> str:
        made[f"{signal} {len(made)}"] = pins, table
        return f"{signal} {len(made) - 1}"

    def joined(names: list[str], table: Callable[[int], int]) -> list[str]:
        while len(names) > MAX_FANIN:
            parts = [names[i : i + MAX_FANIN] for i in range(0, len(names), MAX_FANIN)]
            names = [node(part, table(len(part))) for part in parts]
        return names

    terms = []
    for cube in cubes:
        read = [(pin, int(kind)) for pin, kind in zip(pins, cube, strict=True) if kind != "-"]
        parts = [read[i : i + MAX_FANIN] for i in range(0, len(read), MAX_FANIN)]
        ends = joined([node([pin for pin, _ in part], _entry(part)) for part in parts], _all)
        terms.append(node(ends, _all(len(ends))))
    ends = joined(terms, _any)
    table = _any(len(ends))
    made[signal] = ends, table if ones else table ^ _full(len(ends))
    return made


def _entry(part: list[tuple[str, int]]) -> int:
    """Return the table that is 1 where every signal has the value beside it."""
    return 1 << sum(value << place for place, (_, value) in enumerate(part))


def _full(inputs: int) -> int:
    return (1 << (1 << inputs)) - 1


def _all(inputs: int) -> int:
    return 1 << ((1 << inputs) - 1)


def _any(inputs: int) -> int:
    return _full(inputs) - 1


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


def _topological(inputs: list[str], tables: Tables, name: str) -> list[str]:
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
    driven = {*inputs, *tables}
    for signal in (signal for signal, count in waiting.items() if count):
        missing = next((pin for pin in tables[signal][0] if pin not in driven), None)
        if missing is not None:
            raise FileFormatError(f"{name}: {signal!r} reads {missing!r}, which nothing drives")
    stuck = next((signal for signal, count in waiting.items() if count), None)
    if stuck is not None:
        raise FileFormatError(f"{name}: {stuck!r} is in a loop, or reads one")
    return order
