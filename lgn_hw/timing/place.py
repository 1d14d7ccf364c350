"""Place and route a core on a part: yosys maps it, nextpnr places it."""

from collections.abc import Sequence
from pathlib import Path

from lgn_hw.circuit.header import CoreHeader, read_core_header
from lgn_hw.files.atomic import write_text
from lgn_hw.hdl.streaming.header import StreamHeader, read_stream_header
from lgn_hw.timing.parts import Part
from lgn_hw.timing.room import ROUTER, lacks_wires, make_room
from lgn_hw.tools.nextpnr import PnrReport, find_nextpnr, run_nextpnr
from lgn_hw.tools.yosys import run_yosys

__all__ = ["HARNESS", "harness", "place"]

HARNESS = "lgn_harness"


def place(
    verilog: str, part: Part, clock_mhz: float, folder: Path, *, fed: Sequence[int] | None = None
) -> PnrReport:
    """Place and route a core's Verilog and return nextpnr's report.

    A sample has more bits than a part has pins, so the core stands between two shift registers
    (see harness), which are in the report's counts: a flip-flop and half a LUT for each bit of a
    sample that is fed, and of a result. The samples of a streaming core are pixels. clock_mhz: what
    nextpnr aims at. folder: receives all files and logs. fed: the bits of a sample that the core
    reads, all where not given.
    Raises ToolNotFound, ToolError, and CheckFailed where the core does not fit.
    """
    find_nextpnr(part.family)
    folder.mkdir(parents=True, exist_ok=True)
    header = read_stream_header(verilog) or read_core_header(verilog)
    write_text(folder / "core.v", verilog)
    # Bits that the core does not read would be shifted for nothing, and counted.
    bits = range(_source(header)[1]) if fed is None else fed
    write_text(folder / "harness.v", harness(header, bits))
    if part.pins is not None:
        file, pins = part.pins
        write_text(folder / file, pins)
    netlist = folder / "netlist.json"
    script = (
        f"read_verilog core.v harness.v\n{part.synthesis} -top {HARNESS} -json {netlist.name}\n"
    )
    run_yosys(script, folder=folder, log=folder / "yosys.log", outputs=[netlist.name])
    arguments = (*part.arguments, "--json", netlist.name, "--freq", f"{clock_mhz:g}")
    if lacks_wires(part.family, isinstance(header, StreamHeader)):
        make_room(folder, netlist.name, part.cells)
        arguments += ROUTER
    return run_nextpnr(part.family, arguments, folder=folder)


def harness(header: CoreHeader | StreamHeader, fed: Sequence[int]) -> str:
    """Return a top with three pins: bits of samples are shifted in, bits of results out.

    Every path into and out of the core begins and ends in a register, and valid and ready change,
    so that nothing of the core can be removed. Bits of a sample that are not in fed are 0.
    """
    port, width = _source(header)
    source = ["1'b0"] * width
    for place, bit in enumerate(fed):
        source[bit] = f"shifted[{place}]"
    return f"""\
module {HARNESS}(input clk, input i_bit, output o_bit);
  reg [{max(1, len(fed)) - 1}:0] shifted;
  wire [{width - 1}:0] sample = {{{", ".join(reversed(source))}}};
  reg [{header.result_bits}:0] result;
  reg rst, valid, ready;
  wire [{header.result_bits - 1}:0] payload;
  wire taken, offered;
  always @(posedge clk) begin
    {{rst, valid, ready}} <= {{valid, ready, i_bit}};
    if (taken) shifted <= {{shifted, i_bit}};
    if (offered && valid) result <= {{payload, 1'b1}};
    else result <= result >> 1;
  end
  assign o_bit = result[0];
  {header.top} core(
    .clk(clk), .rst(rst),
    .{port}__valid(valid), .{port}__ready(taken), .{port}__payload(sample),
    .o_result__valid(offered), .o_result__ready(ready), .o_result__payload(payload)
  );
endmodule
"""


def _source(header: CoreHeader | StreamHeader) -> tuple[str, int]:
    """Return the name of the stream that a core reads, and the width of a word."""
    if isinstance(header, StreamHeader):
        return "i_pixel", header.pixel_bits + 1
    return "i_sample", header.sample_bits
