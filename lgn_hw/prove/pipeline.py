"""Turn a core's Verilog into combinational logic, after showing that its registers only delay.

What is shown of the file, by structure:

* Every register has the same clock and the same enable, which is the ready that the core gives;
  and that is high unless a result waits and is not taken.
* From sample to result every path passes the same number of registers, the latency; no loop.
* The registers from valid to valid are a chain of as many, and reset clears each of them.

So whenever the pipeline moves all of it moves, result k is a function of sample k alone, and this
function is the core with wires in the place of registers. That is what `combinational` returns.
Where the core has wires that are called as the ends of a circuit's parts, it can be cut there, and
what lies between two cut_points is far easier to prove than the whole. Nothing is taken for granted
of such wires: they are nets of this function, whatever their names say.
"""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import CheckFailed
from lgn_hw.formats import aiger
from lgn_hw.netlist.aig import Aig, to_netlist
from lgn_hw.netlist.evaluate import evaluate
from lgn_hw.prove.remove_registers import WithoutRegisters
from lgn_hw.prove.ripples import RIPPLES
from lgn_hw.tools.primitives import PRIMITIVES
from lgn_hw.tools.yosys import run_yosys

__all__ = ["Pipeline", "combinational"]

# The second opt_dff finds the enable of registers of which the first one found the reset. A mapped
# LUT is a table shifted right: without wreduce it has 64 outputs, of which one is used.
READ = """read_verilog core.v primitives.v
hierarchy -check -top {top}
setattr -unset init w:*
proc -noopt
flatten -noscopeinfo
setundef -undriven -anyseq
setundef -anyseq
opt_clean
json -o unknown.json x:* t:$anyseq %co2 %u
json -o odd.json t:* {known}
opt_dff -keepdc
opt_clean
opt_dff -keepdc
opt_clean
json -o registers.json x:* t:$*dff* %u
expose {cut_points}
setundef -undriven -anyseq
setundef -anyseq
opt_clean -purge
wreduce t:$shr
{adders}
techmap -map cells.v
techmap
aigmap
opt_clean
write_aiger -symbols -no-startoffset core.aig
"""
# What simulators compute as yosys does, whatever the values; other cells are refused.
KNOWN = """
$not $pos $neg $buf $and $or $xor $xnor $reduce_and $reduce_or $reduce_xor $reduce_xnor
$reduce_bool $logic_not $logic_and $logic_or $lt $le $eq $ne $ge $gt $add $sub $mul $shl $shr
$mux $pmux $dff $anyseq
"""
# Registers as delays: enables are left out, for they are one; a reset stays in the data.
DELAYS = r"""
(* techmap_celltype = "$dffe" *)
module delay_enable(CLK, EN, D, Q);
  parameter WIDTH = 1; parameter CLK_POLARITY = 1; parameter EN_POLARITY = 1;
  input CLK, EN; input [WIDTH-1:0] D; output [WIDTH-1:0] Q;
  \$dff #(.WIDTH(WIDTH), .CLK_POLARITY(1)) _TECHMAP_REPLACE_ (.CLK(CLK), .D(D), .Q(Q));
endmodule
(* techmap_celltype = "$sdff $sdffe $sdffce" *)
module delay_reset(CLK, EN, SRST, D, Q);
  parameter WIDTH = 1; parameter CLK_POLARITY = 1; parameter EN_POLARITY = 1;
  parameter SRST_POLARITY = 1; parameter SRST_VALUE = 0;
  input CLK, EN, SRST; input [WIDTH-1:0] D; output [WIDTH-1:0] Q;
  wire [WIDTH-1:0] next = SRST == SRST_POLARITY ? SRST_VALUE : D;
  \$dff #(.WIDTH(WIDTH), .CLK_POLARITY(1)) _TECHMAP_REPLACE_ (.CLK(CLK), .D(next), .Q(Q));
endmodule
"""
CLOCK, RESET = "clk", "rst"
# The names that Amaranth gives to the ports of the two streams.
VALID_IN, READY_OUT, SAMPLE = "i_sample__valid", "i_sample__ready", "i_sample__payload"
VALID_OUT, READY_IN, RESULT = "o_result__valid", "o_result__ready", "o_result__payload"
PORTS = (CLOCK, RESET, VALID_IN, READY_OUT, SAMPLE, VALID_OUT, READY_IN, RESULT)
# Where a part ends: one of the wires that its module may have there.
CUT_POINTS = {
    "encoder": ("encoder.o_bits",),
    "logic": ("logic.o_bits",),
    "popcount": ("popcount.o_bits", "popcount.o_scores"),
}


@dataclass(frozen=True)
class Pipeline:
    """A core as a function: from a sample's bits to a result's, `latency` clock cycles later.

    cut_points: by the name of a part, the literals of its outputs in this function; -1 for those
    that the result does not need. Only of the parts that the Verilog tells apart.
    """

    function: Aig
    latency: int
    cut_points: dict[str, NDArray[np.int64]]


def combinational(
    verilog: str, top: str, *, carries: bool = False, timeout_s: float | None = None
) -> Pipeline:
    """Return what a core computes, having shown that it is a pipeline (see this module).

    carries: a sum of two numbers and a bit, as circuit.heads.chain_layout writes it, is taken as
    one adder with a carry; that is the same function in a form that is easier to prove. Raises
    CheckFailed where the core is no pipeline, saying which rule it breaks, ToolError where yosys
    does not take the text, ToolTimeout where it takes longer than timeout_s.
    """
    folder = Path(tempfile.mkdtemp(prefix="lgn-pipeline-"))
    (folder / "core.v").write_text(verilog, encoding="utf-8")
    (folder / "cells.v").write_text(DELAYS + RIPPLES, encoding="utf-8")
    (folder / "primitives.v").write_text(PRIMITIVES, encoding="utf-8")
    # Where parts meet, the wires become outputs, so that yosys keeps them and AIGER names them.
    wires = " ".join(f"w:{wire}" for names in CUT_POINTS.values() for wire in names)
    known = " ".join(f"t:{kind} %d" for kind in KNOWN.split())
    adders = "alumacc" if carries else ""
    script = READ.format(top=top, cut_points=wires, adders=adders, known=known)
    run_yosys(
        script,
        folder=folder,
        log=folder / "yosys.log",
        timeout_s=timeout_s,
        outputs=["odd.json", "unknown.json", "registers.json", "core.aig"],
    )
    # Values first: what is x in a simulator makes all that follows meaningless.
    for name in ("odd", "unknown"):
        _check_values(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    module = json.loads((folder / "registers.json").read_text(encoding="utf-8"))["modules"][top]
    latency = _check_registers(module)
    graph = _Graph((folder / "core.aig").read_bytes())
    shutil.rmtree(folder)
    combined = WithoutRegisters(
        graph.aig,
        graph.latches,
        inputs=graph.inputs[SAMPLE],
        zeros=[index for index in graph.inputs[RESET] if index >= 0],
        results=graph.output(RESULT),
    )
    combined.check_latency(latency)
    _check_ready(graph)
    cut_points = {
        part: combined.literals_of(graph.output(wire))
        for part, wires in CUT_POINTS.items()
        for wire in wires
        if wire in graph.outputs
    }
    return Pipeline(combined.function, latency, cut_points)


class _Graph:
    """A core's AIGER file: the graph, what its latches take, and where its ports' bits are."""

    def __init__(self, data: bytes) -> None:
        name = "yosys' AIGER"
        self.aig, self.latches = aiger.loads(data, name)
        self.inputs, self.outputs = aiger.ports(data, name)

    def output(self, port: str) -> NDArray[np.int64]:
        """Return the literals of a port."""
        return self.aig.outputs[self.outputs[port]]


def _check_values(netlist: dict[str, Any]) -> None:
    """Refuse cells that read what is x in a simulator, or that can be x of themselves."""
    for module in netlist["modules"].values():
        # setundef turned every undriven bit and every x into an $anyseq cell, a value that nobody
        # knows.
        free = [cell for cell in module["cells"].values() if cell["type"] == "$anyseq"]
        unknown = {bit for cell in free for bit in cell["connections"]["Y"]}
        for name, port in module["ports"].items():
            if unknown & {*port["bits"]}:
                raise CheckFailed(f"Every bit of {name} must have a driver and no x")
        for name, cell in module["cells"].items():
            if cell["type"] != "$anyseq":
                line = re.search(r":(\d+)", cell["attributes"].get("src", ""))
                place = f"Line {line[1]}" if line else name
                what = "reads a bit without a driver, or an x" if free else "is refused"
                raise CheckFailed(f"{place}: {cell['type'].lstrip('$')} {what}")


def _check_registers(module: dict[str, Any]) -> int:
    """Check clock, enable and reset of every register; return the length of the valid chain."""
    bits = {name: port["bits"] for name, port in module["ports"].items()}
    missing = [name for name in PORTS if name not in bits]
    if missing:
        raise CheckFailed(f"A core must have the ports {', '.join(PORTS)}; {missing[0]} is missing")
    # A valid of two bits would be followed by its lowest one only.
    wide = [name for name in PORTS if name not in (SAMPLE, RESULT) and len(bits[name]) > 1]
    if wide:
        raise CheckFailed(f"{wide[0]} must be one bit, not {len(bits[wide[0]])}")
    # From the input to the output of each register that reset clears.
    cleared: dict[Any, Any] = {}
    for name, cell in module["cells"].items():
        pins, kind = cell["connections"], cell["type"]
        if pins["CLK"] != bits[CLOCK] or pins.get("EN") != bits[READY_OUT]:
            raise CheckFailed(
                f"Register {name} ({kind}) must have {CLOCK} as its clock and {READY_OUT} as its"
                " enable"
            )
        if not all(int(cell["parameters"].get(p, "1"), 2) for p in POLARITIES):
            raise CheckFailed(f"Register {name} ({kind}) must act on high levels and rising edges")
        if pins.get("SRST") == bits[RESET]:
            _check_reset(name, cell)
            cleared |= dict(zip(pins["D"], pins["Q"], strict=True))
        elif "SRST" in pins and kind != "$sdffce":
            raise CheckFailed(f"Register {name} ({kind}) must be reset by nothing but {RESET}")
    return _chain_length(cleared, bits[VALID_IN][0], bits[VALID_OUT][0])


POLARITIES = ("CLK_POLARITY", "EN_POLARITY")


def _check_reset(name: str, cell: dict[str, Any]) -> None:
    """Check that a register is cleared to 0 by a high reset, whether or not it is enabled."""
    parameters = cell["parameters"]
    value = int(parameters["SRST_VALUE"].replace("x", "1"), 2)
    if cell["type"] != "$sdffe" or value or not int(parameters["SRST_POLARITY"], 2):
        raise CheckFailed(f"Register {name} must be cleared by {RESET}, enabled or not")


def _chain_length(cleared: dict[Any, Any], start: Any, end: Any) -> int:
    """Follow the registers that reset clears from valid to valid; raises CheckFailed unless they
    are all on that way.
    """
    bit, length = start, 0
    while bit != end and bit in cleared and length <= len(cleared):
        bit, length = cleared[bit], length + 1
    if bit != end or length != len(cleared):
        raise CheckFailed(
            f"The registers that {RESET} clears must be a chain from {VALID_IN} to {VALID_OUT}"
        )
    return length


def _check_ready(graph: _Graph) -> None:
    """Check that ready is high unless a result is there and is not taken, for each of the four."""
    [valid] = graph.output(VALID_OUT)
    held = np.array([valid, 2 * (1 + graph.inputs[READY_IN][0])])
    function = graph.aig.between(held, graph.output(READY_OUT))
    if function is None:
        raise CheckFailed(f"{READY_OUT} must depend on nothing but {VALID_OUT} and {READY_IN}")
    waits_or_taken = np.array([[False, False], [True, False], [False, True], [True, True]])
    ready = evaluate(to_netlist(function), waits_or_taken)[:, 0]
    if ready.tolist() != [True, False, True, True]:
        raise CheckFailed(f"{READY_OUT} must be high unless {VALID_OUT} is and {READY_IN} is not")
