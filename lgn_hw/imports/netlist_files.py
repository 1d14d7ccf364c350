"""Combinational netlists of others: Verilog, BLIF and AIGER, with the names of their ports."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lgn_hw.errors import FileFormatError, UsageError
from lgn_hw.files.source_text import read_source
from lgn_hw.formats import aiger, aiger_ascii, blif
from lgn_hw.netlist.aig import Aig, to_aig
from lgn_hw.tools.read_verilog import in_port_order, read_verilog

__all__ = ["Design", "read_design"]

Ports = dict[str, list[int]]
WIRE = re.compile(r"[A-Za-z_][\w$.]*")


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
    where it cannot be read, or has registers, UsageError where wire is no name.
    """
    if path.suffix in (".v", ".sv"):
        if wire is not None and not WIRE.fullmatch(wire):
            raise UsageError(f"A wire is named like votes or net.votes, not {wire!r}")
        return Design(*read_verilog(read_source(path), top, str(path), wire=wire))
    if path.suffix == ".blif":
        text = read_source(path)
        graph = to_aig(blif.loads(text, str(path)))
        names = (_words(text, kind) for kind in (".inputs", ".outputs"))
        inputs, outputs = (_ports_of(words) for words in names)
        return Design(graph, inputs, outputs)
    data = path.read_bytes()
    if data.startswith(b"aag "):
        text = data.decode(errors="replace")
        graph, symbols = aiger_ascii.loads(text, str(path)), aiger_ascii.to_binary(text)
    else:
        (graph, latches), symbols = aiger.loads(data, str(path)), data
        if len(latches):
            raise FileFormatError(f"{path} has {len(latches)} latches, and must be combinational")
    inputs, outputs = aiger.ports(symbols, str(path))
    return Design(
        graph,
        _complete("inputs", inputs, graph.num_inputs),
        _complete("outputs", outputs, len(graph.outputs)),
    )


def _complete(name: str, ports: Ports, count: int) -> Ports:
    """Return the ports where they name every bit, else one port of all."""
    named = sorted(bit for bits in ports.values() for bit in bits)
    return ports if named == list(range(count)) else {name: list(range(count))}


def _words(text: str, kind: str) -> list[str]:
    lines = re.sub(r"#.*", "", text).replace("\\\n", " ").splitlines()
    return [word for line in lines if line.split()[:1] == [kind] for word in line.split()[1:]]


def _ports_of(names: Sequence[str]) -> Ports:
    """Return ports of names like `x[3]`; names without an index, or with gaps, stand alone."""
    found: dict[str, dict[int, int]] = {}
    for place, name in enumerate(names):
        match = re.fullmatch(r"(.+)\[(\d+)\]", name)
        port, bit = (match[1], int(match[2])) if match else (name, 0)
        found.setdefault(port, {})[bit] = place
    if any(len(bits) <= max(bits) for bits in found.values()):
        return {name: [place] for place, name in enumerate(names)}
    return {port: [bits[i] for i in range(len(bits))] for port, bits in found.items()}
