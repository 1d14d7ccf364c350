"""Combinational Verilog or SystemVerilog to an and-inverter graph, by way of yosys."""

import shutil
import tempfile
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
setundef -undriven -zero
wreduce t:$shr
simplemap
techmap
aigmap
opt_clean
write_aiger -symbols -no-startoffset design.aig
"""
TIMEOUT_S = 3600


def read_verilog(
    text: str,
    top: str | None = None,
    name: str = "the file",
    *,
    wire: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> tuple[Aig, Ports, Ports]:
    """Return what a design computes, and where the bits of its inputs and outputs are.

    top: the module; the one that no other contains by default. wire: a wire inside that becomes an
    output, too, like `votes`, or `net.votes` of an instance `net`. Raises FileFormatError where the
    design has registers, latches or no outputs, or yosys does not take it, and ToolTimeout where
    it takes longer than timeout_s.
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
        raise FileFormatError(f"{name} cannot be read: {problem}") from None
    data = (folder / "design.aig").read_bytes()
    graph, latches = aiger.loads(data, name)
    shutil.rmtree(folder)
    if len(latches):
        raise FileFormatError(
            f"{name} has {counted(len(latches), 'register')}, and must be combinational; of a"
            " pipeline give the logic between its registers"
        )
    inputs, outputs = aiger.ports(data, name)
    if not outputs:
        raise FileFormatError(f"{name} has no outputs")
    return graph, inputs, outputs


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
