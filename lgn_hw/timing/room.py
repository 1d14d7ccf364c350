"""Room for wires: a LUT takes the place of two or four where a part has far more than are needed.

Kernels of a convolution read places from anywhere in a window, so that each LUT of a tile has
four nets of its own, and placers put LUTs as densely as they go. In an ECP5 the wires around such
tiles are too few: nextpnr finds no way, however empty the rest of the part is. A LUT of four
inputs is two of three and the multiplexer behind them, which fill a slice and need no more nets
than before; or four of two and three multiplexers, which fill two. So a tile has half or a
quarter as many nets.
"""

import json
from pathlib import Path

from lgn_hw.errors import ToolError
from lgn_hw.tools.yosys import run_yosys

__all__ = ["MAPS", "ROUTER", "lacks_wires", "luts_before", "make_room", "map_file"]

# The first router goes back and forth where wires are few; this one shares them out.
ROUTER = ("--router", "router2")
HEAD = """\
// A LUT4 as {count}; for yosys' techmap.
module LUT4 (input A, B, C, D, output Z);
  parameter [15:0] INIT = 0;
  parameter [3:0] _TECHMAP_CONSTMSK_A_ = 0;
  parameter [3:0] _TECHMAP_CONSTMSK_B_ = 0;
  parameter [3:0] _TECHMAP_CONSTMSK_C_ = 0;
  parameter [3:0] _TECHMAP_CONSTMSK_D_ = 0;
  // One that reads fewer nets stays as it is.
  wire _TECHMAP_FAIL_ = |{{_TECHMAP_CONSTMSK_A_, _TECHMAP_CONSTMSK_B_,
                          _TECHMAP_CONSTMSK_C_, _TECHMAP_CONSTMSK_D_}};
"""
TWO = """\
  wire low, high;
  LUT4 #(.INIT({2{INIT[7:0]}})) of_0 (.A(A), .B(B), .C(C), .D(1'b0), .Z(low));
  LUT4 #(.INIT({2{INIT[15:8]}})) of_1 (.A(A), .B(B), .C(C), .D(1'b0), .Z(high));
  PFUMX by_d (.ALUT(high), .BLUT(low), .C0(D), .Z(Z));
endmodule
"""
FOUR = """\
  wire a, b, c, d, low, high;
  LUT4 #(.INIT({4{INIT[3:0]}})) of_0 (.A(A), .B(B), .C(1'b0), .D(1'b0), .Z(a));
  LUT4 #(.INIT({4{INIT[7:4]}})) of_1 (.A(A), .B(B), .C(1'b0), .D(1'b0), .Z(b));
  LUT4 #(.INIT({4{INIT[11:8]}})) of_2 (.A(A), .B(B), .C(1'b0), .D(1'b0), .Z(c));
  LUT4 #(.INIT({4{INIT[15:12]}})) of_3 (.A(A), .B(B), .C(1'b0), .D(1'b0), .Z(d));
  PFUMX low_by_c (.ALUT(b), .BLUT(a), .C0(C), .Z(low));
  PFUMX high_by_c (.ALUT(d), .BLUT(c), .C0(C), .Z(high));
  L6MUX21 by_d (.D0(low), .D1(high), .SD(D), .Z(Z));
endmodule
"""
# By the places that a LUT takes then, the most first.
MAPS = {
    4: HEAD.format(count="four of two inputs and the multiplexers of two slices") + FOUR,
    2: HEAD.format(count="two of three inputs and the multiplexer of their slice") + TWO,
}
# LUTs in front of a multiplexer have a slice already, and must stay beside it.
SCRIPT = """\
read_json {before}
select -set muxed t:PFUMX %ci1:+PFUMX[ALUT,BLUT] %ci1:+LUT4[Z] t:LUT4 %i
techmap -max_iter 1 -map {map} t:LUT4 @muxed %d
clean
write_json {after}
"""
LUTS = {"LUT4": 1, "CCU2C": 2}
FILLED = 0.6  # of a part at most: what nextpnr still places well


def lacks_wires(part: str, streaming: bool) -> bool:
    """Say whether a design is one whose wires are too few: a streaming core on an ECP5.

    part: its family or its device, as ecp5 or LFE5U-25F.
    """
    return streaming and part.startswith(("ecp5", "LFE5"))


def map_file(places: int) -> str:
    """Return the name of a map's file."""
    return f"spread{places}.v"


def make_room(folder: Path, netlist: str, available: int, then: str = "") -> int:
    """Give each LUT of four inputs four places, or two where four would be too many for the part.

    netlist: yosys' JSON in the folder, which the result replaces; the file it was is kept under
    the name before-NETLIST. available: LUTs of the part. then: what yosys does with the result.
    Return the places; 1 where there is no room, and the netlist as it was. Raises ToolError.
    """
    luts, wide = _luts_of(folder / netlist)
    fitting = (n for n in MAPS if luts + (n - 1) * wide <= FILLED * available)
    places = next(fitting, 1)
    if places == 1:
        return 1
    before = _before(netlist)
    (folder / netlist).replace(folder / before)
    (folder / map_file(places)).write_text(MAPS[places], encoding="utf-8")
    script = SCRIPT.format(before=before, after=netlist, map=map_file(places))
    run_yosys(script + then, folder=folder, log=folder / "room.log", outputs=[netlist])
    return places


def luts_before(folder: Path, netlist: str) -> int | None:
    """Return the LUTs of a netlist before make_room(); None where it had made none."""
    file = folder / _before(netlist)
    return _luts_of(file)[0] if file.exists() else None


def _before(netlist: str) -> str:
    """Return the name of the file that a netlist was before it was given room."""
    return f"before-{netlist}"


def _luts_of(netlist: Path) -> tuple[int, int]:
    """Count the LUTs of a netlist for an ECP5, and those of them that read four nets."""
    try:
        modules = json.loads(netlist.read_text(encoding="utf-8"))["modules"].values()
        cells = [cell for module in modules for cell in module["cells"].values()]
        luts = sum(LUTS.get(cell["type"], 0) for cell in cells)
        pins = [cell["connections"] for cell in cells if cell["type"] == "LUT4"]
        wide = sum(all(isinstance(pin[p][0], int) for p in "ABCD") for pin in pins)
    except (OSError, ValueError, KeyError, IndexError) as problem:
        raise ToolError(f"{netlist} is no netlist of yosys ({problem!r})") from problem
    return luts, wide
