"""Combinational netlists of others: Verilog, BLIF and AIGER, with the names of their ports."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lgn_hw.counted import counted
from lgn_hw.errors import FileFormatError, UsageError
from lgn_hw.files.source_text import check_no_device, read_source
from lgn_hw.formats import aiger, aiger_ascii, blif
from lgn_hw.netlist.aig import Aig, to_aig
from lgn_hw.tools.read_verilog import in_port_order, read_verilog

__all__ = ["Design", "read_design"]

Ports = dict[str, list[int]]
WIRE = re.compile(r"[A-Za-z_][\w$.]*")
INCLUDE, DEEPEST = r'^[ \t]*`include[ \t]+"([^"\n]+)"', 30
MODULE = re.compile(r"[^\s;#\"-][^\s;#\"]*")  # escaped names have almost any letter


@dataclass(frozen=True)
class Design:
    """Hold a design as a graph, and which of its inputs and outputs are whose bits.

    inputs, outputs: for each port, its bits, the lowest first, as numbers of the graph's inputs
    and outputs; a port of inputs may have -1 where nothing reads the bit. Without names in the
    file they are one port, `inputs` and `outputs`.
    """

    graph: Aig
    inputs: Ports
    outputs: Ports

    def between(self, votes: str | None) -> Aig:
        """Return the graph from all input bits, port by port, to one port's, or to all outputs.

        Raises UsageError where there is no such port.
        """
        if votes is not None and votes not in self.outputs:
            raise UsageError(
                f"There is no output or wire {votes!r}; the outputs are {list(self.outputs)}"
            )
        chosen = self.outputs if votes is None else {votes: self.outputs[votes]}
        ends = [bit for bits in chosen.values() for bit in bits]
        starts = [bit for bits in self.inputs.values() for bit in bits]
        return in_port_order(self.graph, starts, ends)

    def widths(self, votes: str | None) -> list[int]:
        """Return how many outputs each port has, of those that between() gives."""
        return [len(b) for name, b in self.outputs.items() if votes is None or name == votes]

    @property
    def input_names(self) -> list[str]:
        """The name of each input bit, `port[3]`, or `port` where that has but one."""
        return [
            f"{port}[{i}]" if len(bits) > 1 else port
            for port, bits in self.inputs.items()
            for i in range(len(bits))
        ]


def read_design(path: Path, top: str | None = None, wire: str | None = None) -> Design:
    """Return the design in a .v, .sv, .blif, .aig or .aag file; top: the module of Verilog.

    wire: of Verilog, a wire inside that is an output of the design, too. Raises FileFormatError
    where it cannot be read, or has registers, UsageError where wire or top is no name.
    """
    if path.suffix in (".v", ".sv"):
        return _verilog(path, top, wire)
    if path.suffix == ".blif":
        netlist, *names = blif.named(read_source(path), str(path))
        return Design(to_aig(netlist), *(_ports_of(words) for words in names))
    check_no_device(path)
    data = path.read_bytes()
    if data.startswith(b"aag "):
        text = data.decode(errors="replace").replace("\r\n", "\n")
        graph, symbols = aiger_ascii.loads(text, str(path)), aiger_ascii.to_binary(text)
    else:
        (graph, latches), symbols = aiger.loads(data, str(path)), data
        if len(latches):
            raise FileFormatError(
                f"{path} has {counted(len(latches), 'latch')}, and must be combinational"
            )
    inputs, outputs = aiger.symbols(symbols, str(path))
    return Design(graph, _named("inputs", inputs), _named("outputs", outputs))


def _verilog(path: Path, top: str | None, wire: str | None) -> Design:
    """Return the design in a file of Verilog or SystemVerilog."""
    if wire is not None and not WIRE.fullmatch(wire):
        raise UsageError(f"A wire is named like votes or net.votes, not {wire!r}")
    if top is not None and not MODULE.fullmatch(top):
        raise UsageError(f"--top must be the name of a module, not {top!r}")
    text = _with_includes(path)
    return Design(*read_verilog(text, top, str(path), wire=wire, strict=True))


def _with_includes(path: Path, depth: int = 0) -> str:
    """Return the text of a file of Verilog, with those that it includes from beside it in it.

    yosys sees neither the file's folder nor what lies in it. A file that is not there is left to
    yosys, which knows whether the line counts.
    """
    if depth > DEEPEST:
        raise FileFormatError(f"{path} includes itself, or files more than {DEEPEST} deep")

    def included(line: re.Match[str]) -> str:
        other = path.parent / line[1]
        return _with_includes(other, depth + 1) if other.is_file() else line[0]

    return re.sub(INCLUDE, included, read_source(path).removeprefix("\ufeff"), flags=re.MULTILINE)


def _named(port: str, names: list[str]) -> Ports:
    """Return ports of an AIGER file; one of all bits where not every one has a name of its own."""
    if "" in names or len(set(names)) < len(names):
        return {port: list(range(len(names)))}
    return _ports_of(names)


def _ports_of(names: Sequence[str]) -> Ports:
    """Return ports of names like `x[3]`; where bits have gaps or are alike, each name stands alone.

    names: all different.
    """
    found: dict[str, dict[int, int]] = {}
    for place, name in enumerate(names):
        match = re.fullmatch(r"(.+)\[(\d+)\]", name)
        port, bit = (match[1], int(match[2])) if match else (name, 0)
        found.setdefault(port, {})[bit] = place
    # `x` and `x[0]` are the same bit of the same port, and two inputs.
    whole = sum(map(len, found.values())) == len(names)
    if not whole or any(len(bits) <= max(bits) for bits in found.values()):
        return {name: [place] for place, name in enumerate(names)}
    return {port: [bits[i] for i in range(len(bits))] for port, bits in found.items()}
