"""Turn a core's Verilog into combinational logic, after showing that its registers only delay.

What is shown of the file, by structure:

* Every register has the same clock and the same enable, which is the ready that the core gives;
  and that is high unless a result waits and is not taken.
* From sample to result every path passes the same number of registers, the latency; no loop.
* The registers from valid to valid are a chain of as many, and reset clears each of them.

So whenever the pipeline moves all of it moves, result k is a function of sample k alone, and this
function is the core with wires in the place of registers. That is what `combinational` returns.
Where the core consists of the modules of a circuit's parts, one feeding the next and nothing else,
it returns their functions as well, which are far easier to prove.
"""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lgn_hw.aig import Aig, to_netlist
from lgn_hw.errors import CheckFailed, ToolError
from lgn_hw.evaluate import evaluate
from lgn_hw.formats import aiger
from lgn_hw.passes.dead import inputs_read
from lgn_hw.synth.unroll import Unrolled
from lgn_hw.synth.yosys import run_yosys

__all__ = ["Pipeline", "combinational"]

# The second opt_dff finds the enable of registers of which the first one found the reset.
READ = """read_verilog core.v
hierarchy -check -top {top}
proc
design -save parts
json -o top.json {top}
flatten
opt_expr
opt_dff
opt_clean
opt_dff
opt_clean
json -o registers.json w:* t:$*dff* %u
"""
WRITE = """techmap -map delays.v
techmap
aigmap
opt_clean
write_aiger -map {name}.map {name}.aig
"""
PART = """design -load parts
hierarchy -top {top}.{name}
opt_expr
opt_dff
opt_clean
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
VALID_IN, READY_OUT, SAMPLE = "i_sample__valid", "i_sample__ready", "i_sample__payload"
VALID_OUT, READY_IN, RESULT = "o_result__valid", "o_result__ready", "o_result__payload"


PARTS = ("encoder", "logic", "popcount", "argmax")
SOURCE, SINK = "i_bits", "o_bits"


@dataclass(frozen=True)
class Pipeline:
    """A core as a function: from a sample's bits to a result's, `latency` clock cycles later.

    parts: the functions of its parts, by name, of which it is the composition; empty where the
    core is not made of them.
    """

    function: Aig
    latency: int
    parts: dict[str, Aig]


def combinational(verilog: str, top: str) -> Pipeline:
    """Return what a core computes, having shown that it is a pipeline (see this module).

    Raises CheckFailed where it is none, saying which rule it breaks, ToolError where yosys does not
    take the text.
    """
    folder = Path(tempfile.mkdtemp(prefix="lgn-pipeline-"))
    (folder / "core.v").write_text(verilog)
    (folder / "delays.v").write_text(DELAYS)
    script = READ.format(top=top) + WRITE.format(name="core")
    modular = all(re.search(rf"^module \\{re.escape(top)}\.{p}\b", verilog, re.M) for p in PARTS)
    for name in PARTS if modular else ():
        script += PART.format(top=top, name=name) + WRITE.format(name=name)
    run_yosys(script, folder=folder, log=folder / "yosys.log")
    flat, upper = (_module(folder / f"{name}.json", top) for name in ("registers", "top"))
    latency = _check_registers(flat)
    widths = {name: len(port["bits"]) for name, port in flat["ports"].items()}
    graph, latches, ports = _read(folder, "core", widths)
    unrolled = _unrolled(graph, latches, ports, SAMPLE, RESULT)
    unrolled.check_latency(latency)
    _check_ready(graph, ports)
    chained = modular and _is_chain(upper, top)
    parts = {name: _part(folder, name, upper, top) for name in PARTS if chained}
    shutil.rmtree(folder)
    return Pipeline(unrolled.function(), latency, parts)


def _module(file: Path, name: str) -> dict[str, Any]:
    module: dict[str, Any] = json.loads(file.read_text())["modules"][name]
    return module


def _read(
    folder: Path, name: str, widths: dict[str, int]
) -> tuple[Aig, list[int], dict[tuple[str, str], list[int]]]:
    graph, latches = aiger.loads((folder / f"{name}.aig").read_bytes(), "yosys' AIGER")
    return graph, latches.tolist(), _ports((folder / f"{name}.map").read_text(), widths)


def _part(folder: Path, name: str, upper: dict[str, Any], top: str) -> Aig:
    [pins] = [c["connections"] for c in upper["cells"].values() if c["type"] == f"{top}.{name}"]
    widths = {port: len(bits) for port, bits in pins.items()}
    graph, latches, ports = _read(folder, name, widths)
    ports["output", SINK] = list(range(widths.get(SINK, 0)))  # it has no other outputs
    return _unrolled(graph, latches, ports, SOURCE, SINK).function()


def _unrolled(
    graph: Aig,
    latches: list[int],
    ports: dict[tuple[str, str], list[int]],
    source: str,
    sink: str,
) -> Unrolled:
    """Unroll a graph between two of its ports; reset is held low."""
    outputs = graph.outputs.tolist()
    return Unrolled(
        graph,
        latches,
        inputs=ports.get(("input", source), []),
        zeros=ports.get(("input", RESET), []),
        results=[outputs[index] for index in ports.get(("output", sink), [])],
    )


def _is_chain(module: dict[str, Any], top: str) -> bool:
    """Say whether the parts are one of each, each one's outputs the next one's inputs."""
    pins = {cell["type"]: cell["connections"] for cell in module["cells"].values()}
    parts = [pins.get(f"{top}.{name}", {}) for name in PARTS]
    bits = module["ports"][SAMPLE]["bits"]
    for part in parts:
        if part.get(SOURCE, []) != bits:
            return False
        bits = part.get(SINK, [])
    used = [cell["type"] for cell in module["cells"].values()]
    return bits == module["ports"][RESULT]["bits"] and all(
        used.count(f"{top}.{name}") == 1 for name in PARTS
    )


def _ports(text: str, widths: dict[str, int]) -> dict[tuple[str, str], list[int]]:
    """Return the AIGER index of each port's bits, lowest first, by direction and name.

    yosys leaves out bits that come straight from registers; a port's bits are numbered in a row.
    """
    first: dict[tuple[str, str], set[int]] = {}
    for direction, index, bit, name in re.findall(r"^(\w+put) (\d+) (\d+) (\S+)$", text, re.M):
        first.setdefault((direction, name), set()).add(int(index) - int(bit))
    for (_, name), starts in first.items():
        if len(starts) != 1:
            raise ToolError(f"yosys' AIGER must have the bits of {name} in a row; report this")
    return {
        (direction, name): list(range(min(starts), min(starts) + widths[name]))
        for (direction, name), starts in first.items()
        if name in widths
    }


def _check_registers(module: dict[str, Any]) -> int:
    """Check clock, enable and reset of every register; return the length of the valid chain."""
    bits = {name: port["bits"] for name, port in module["ports"].items()}
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


POLARITIES = ("CLK_POLARITY", "EN_POLARITY", "SRST_POLARITY")


def _check_reset(name: str, cell: dict[str, Any]) -> None:
    if cell["type"] != "$sdffe" or int(cell["parameters"]["SRST_VALUE"].replace("x", "1"), 2):
        raise CheckFailed(f"Register {name} must be cleared by {RESET}, enabled or not")


def _chain_length(cleared: dict[Any, Any], start: Any, end: Any) -> int:
    bit, length = start, 0
    while bit != end and bit in cleared and length <= len(cleared):
        bit, length = cleared[bit], length + 1
    if bit != end or length != len(cleared):
        raise CheckFailed(
            f"The registers that {RESET} clears must be a chain from {VALID_IN} to {VALID_OUT}"
        )
    return length


def _check_ready(graph: Aig, ports: dict[tuple[str, str], list[int]]) -> None:
    """Check that ready is high unless a result is there and is not taken, for each of the four."""
    outputs = graph.outputs.tolist()
    ready, valid = (outputs[ports["output", name][0]] for name in (READY_OUT, VALID_OUT))
    cone = Aig(graph.num_inputs, graph.ands, np.array([ready, valid]))
    held = [(valid >> 1) - 1, ports["input", READY_IN][0]]
    bits = np.random.default_rng(0).random((256, graph.num_inputs)) < 0.5
    bits[:, held] = np.arange(256)[:, None] >> [0, 1] & 1 == 1
    found = evaluate(to_netlist(cone), bits)
    if valid >> 1 >= graph.first_and or _inputs_of(graph, ready) - set(held):
        raise CheckFailed(f"{READY_OUT} must depend on nothing but {VALID_OUT} and {READY_IN}")
    if not np.array_equal(found[:, 0], ~found[:, 1] | bits[:, held[1]]):
        raise CheckFailed(f"{READY_OUT} must be high unless {VALID_OUT} is and {READY_IN} is not")


def _inputs_of(graph: Aig, literal: int) -> set[int]:
    """Return the inputs, from 0, that a literal depends on structurally."""
    netlist = to_netlist(Aig(graph.num_inputs, graph.ands, np.array([literal])))
    return set(inputs_read(netlist))
