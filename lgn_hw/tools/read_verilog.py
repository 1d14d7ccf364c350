"""Combinational Verilog or SystemVerilog to an and-inverter graph, by way of yosys."""

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lgn_hw.counted import counted
from lgn_hw.errors import FileFormatError, ToolError, ToolTimeout
from lgn_hw.formats import aiger
from lgn_hw.netlist.aig import Aig
from lgn_hw.tools.yosys import run_yosys

__all__ = ["Ports", "in_port_order", "read_verilog"]

Ports = dict[str, list[int]]  # of each port, which inputs or outputs its bits are, the lowest first
# No optimisation: of a large netlist it takes longer than all of this, and proofs need none.
SCRIPT = """read_verilog -sv design.v
hierarchy -check {top}
proc -noopt
flatten
{expose}
tee -q -o check.txt check
setundef -undriven -zero
wreduce t:$shr
simplemap
techmap
aigmap
opt_clean
write_aiger -symbols -no-startoffset design.aig
tee -q -o ports.txt portlist
"""
TIMEOUT_S = 3600
SHOWN = 5  # modules in a message
# By yosys' words, what the user can do.
REMEDIES = {
    "is not part of the design": "put that module into the file, or include the file it is in.",
    "Unsupported cell type": "give what that module does, not its ports alone.",
    "unmapped memories": "write its memory as a case statement.",
    "open include file": "put that file beside it.",
}


def read_verilog(
    text: str,
    top: str | None = None,
    name: str = "the file",
    *,
    wire: str | None = None,
    strict: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> tuple[Aig, Ports, Ports]:
    """Return what a design computes, and where the bits of its inputs and outputs are.

    Ports come in the order in which the module declares them. top: the module; by default the one
    that no other contains, with the most levels below it. wire: a wire inside that becomes an
    output, too, like `votes`, or `net.votes` of an instance `net`. strict: refuse bits that are
    read and have no driver or several, and two modules that may be the top. Raises FileFormatError
    where the design has registers, latches, an inout or no outputs, or yosys does not take it, and
    ToolTimeout where it takes longer than timeout_s.
    """
    folder = Path(tempfile.mkdtemp(prefix="lgn-verilog-"))
    (folder / "design.v").write_text(text, encoding="utf-8")
    script = SCRIPT.format(
        top=f"-top {top}" if top else "-auto-top", expose=f"expose w:{wire}" if wire else ""
    )
    try:
        run_yosys(
            script,
            folder=folder,
            log=folder / "yosys.log",
            timeout_s=timeout_s,
            outputs=["design.aig"],
        )
    # A ToolError as well, but not the file's fault.
    except ToolTimeout:
        raise
    except ToolError as problem:
        said = str(problem).replace("design.v:", f"{name}:")
        if "Can't find top module" in said:
            raise FileFormatError(f"{name} has no module with outputs") from None
        remedy = next((f" {do}\n" for words, do in REMEDIES.items() if words in said), "")
        raise FileFormatError(f"{name} cannot be read:{remedy or ' '}{said}") from None
    data = (folder / "design.aig").read_bytes()
    graph, latches = aiger.loads(data, name)
    ports, check, log = (
        (folder / text).read_text(encoding="utf-8", errors="replace")
        for text in ("ports.txt", "check.txt", "yosys.log")
    )
    shutil.rmtree(folder)
    if strict:
        _check_top(log, name)
        _check_drivers(check, name)
    if len(latches):
        raise FileFormatError(
            f"{name} has {counted(len(latches), 'register')}, and must be combinational; of a"
            " pipeline give the logic between its registers"
        )
    return graph, *_ports(ports, aiger.symbols(data, name), name)


def _ports(listed: str, symbols: tuple[list[str], list[str]], name: str) -> tuple[Ports, Ports]:
    """Return the ports that yosys lists, with the places of their bits in its AIGER file.

    listed: lines like `input [3:0] x`, in the order of the declaration, which the AIGER file has
    not. symbols: the names of its inputs and outputs, `x[2]`, or `x` of a port of one bit.
    """
    found: dict[str, Ports] = {"input": {}, "output": {}}
    places = [{symbol: place for place, symbol in enumerate(kind)} for kind in symbols]
    for kind, high, low, port in re.findall(PORT, listed, re.MULTILINE):
        if kind == "inout":
            raise FileFormatError(
                f"{name}: the port {port} must be an input or an output, no inout"
            )
        width = 1 + abs(int(high) - int(low))
        bits = [f"{port}[{bit}]" for bit in range(width)] if width > 1 else [port]
        # An input that nothing reads is not in the file; every output is.
        found[kind][port] = [places[kind == "output"].get(bit, -1) for bit in bits]
    if not found["output"]:
        raise FileFormatError(f"{name} has no module with outputs")
    for names in symbols:
        twice = next((symbol for symbol, count in Counter(names).items() if count > 1), None)
        if twice is not None:
            raise FileFormatError(
                f"{name} has two bits of ports called {twice}; rename one of them"
            )
    return found["input"], found["output"]


PORT = r"^(input|output|inout) \[(\d+):(\d+)\] (\S+)$"


def _check_top(log: str, name: str) -> None:
    """Raise FileFormatError where yosys chose one of several modules as the top."""
    roots = re.findall(r"^root of +(\d+) design levels: (\S+)", log, re.MULTILINE)
    most = max((int(levels) for levels, _ in roots), default=0)
    tops = sorted(module for levels, module in roots if int(levels) == most)
    if len(tops) > 1:
        raise FileFormatError(
            f"{name} has {len(tops)} modules that no other contains, {', '.join(tops[:SHOWN])}; say"
            " with --top which one"
        )


def _check_drivers(check: str, name: str) -> None:
    """Raise FileFormatError for the first bit that is read and has no driver, or has several."""
    found = re.search(
        r"Warning: (?:Wire \S+?\.(?P<wire>.+) is used but has no driver"
        r"|multiple conflicting drivers for \S+?\.(?P<many>.+):)",
        check,
    )
    if found is not None:
        wire = (found["wire"] or found["many"]).lstrip("\\").replace(" ", "")
        fault = "one and has none" if found["wire"] else "one and has several"
        raise FileFormatError(
            f"{name}: every bit that is read must have a driver; {wire} needs {fault}"
        )


def in_port_order(graph: Aig, inputs: Sequence[int], outputs: Sequence[int]) -> Aig:
    """Return the graph with the inputs and outputs that are named, in that order.

    An input of -1 is one that the design does not read. The named ones must be all that there are.
    """
    # yosys numbers inputs in an order of its own; `place` puts them where the caller wants them.
    place = np.zeros(graph.num_inputs, np.int64)
    for index, given in enumerate(inputs):
        if given >= 0:
            place[given] = 1 + index
    # Inputs that the design does not read are missing in yosys' file; ANDs move up by as many
    # variables.
    added = len(inputs) - graph.num_inputs
    renamed = np.arange(graph.first_and + len(graph.ands)) + added
    renamed[0], renamed[1 : graph.first_and] = 0, place
    ands, ends = (2 * renamed[x >> 1] ^ (x & 1) for x in (graph.ands, graph.outputs[list(outputs)]))
    return Aig(len(inputs), ands, ends)
