"""Room for wires: a LUT takes the place of two where a part has far more than a design needs.

Kernels of a convolution read places from anywhere in a window, so that each LUT of a tile has
four nets of its own, and placers put LUTs as densely as they go. In an ECP5 the wires around such
tiles are too few: nextpnr finds no way, however empty the rest of the part is. A LUT of four
inputs is two of three and the multiplexer behind them, which fill a slice and need no more nets
than before. So a tile has half as many nets.
"""

import json
from pathlib import Path

from lgn_hw.errors import ToolError
from lgn_hw.tools.yosys import run_yosys

__all__ = ["ROOM", "ROOM_FILE", "ROUTER", "lacks_wires", "make_room"]

# The first router goes back and forth where wires are few; this one shares them out.
ROUTER = ("--router", "router2")
ROOM_FILE = "spread.v"
ROOM = """\
// A LUT4 as two of three inputs and the multiplexer of their slice; for yosys' techmap.
module LUT4 (input A, B, C, D, output Z);
  parameter [15:0] INIT = 0;
  parameter [3:0] _TECHMAP_CONSTMSK_A_ = 0;
  parameter [3:0] _TECHMAP_CONSTMSK_B_ = 0;
  parameter [3:0] _TECHMAP_CONSTMSK_C_ = 0;
  parameter [3:0] _TECHMAP_CONSTMSK_D_ = 0;
  // One that reads fewer nets stays as it is.
  wire _TECHMAP_FAIL_ = |{_TECHMAP_CONSTMSK_A_, _TECHMAP_CONSTMSK_B_,
                          _TECHMAP_CONSTMSK_C_, _TECHMAP_CONSTMSK_D_};
  wire low, high;
  LUT4 #(.INIT({2{INIT[7:0]}})) of_0 (.A(A), .B(B), .C(C), .D(1'b0), .Z(low));
  LUT4 #(.INIT({2{INIT[15:8]}})) of_1 (.A(A), .B(B), .C(C), .D(1'b0), .Z(high));
  PFUMX by_d (.ALUT(high), .BLUT(low), .C0(D), .Z(Z));
endmodule
"""
# LUTs in front of a multiplexer have a slice already, and must stay beside it.
SCRIPT = """\
read_json {before}
select -set muxed t:PFUMX %ci1:+PFUMX[ALUT,BLUT] %ci1:+LUT4[Z] t:LUT4 %i
techmap -max_iter 1 -map {map} t:LUT4 @muxed %d
clean
write_json {after}
"""
LUTS = {"LUT4": 1, "CCU2C": 2}


def lacks_wires(device: str, streaming: bool) -> bool:
    """Say whether a design is one whose wires are too few: a streaming core on an ECP5.

    device: the name of the part, as LFE5U-25F.
    """
    return streaming and device.startswith("LFE5")


def make_room(folder: Path, netlist: str, available: int, then: str = "") -> bool:
    """Give each LUT of a mapped netlist two places, where that fills less than half of a part.

    netlist: yosys' JSON in the folder, which the result replaces; the file it was is kept under
    the name before-NETLIST. available: LUTs of the part. then: what yosys does with the result.
    Return whether there was room. Raises ToolError.
    """
    if 4 * _luts_of(folder / netlist) > available:
        return False
    before = f"before-{netlist}"
    (folder / netlist).replace(folder / before)
    (folder / ROOM_FILE).write_text(ROOM, encoding="utf-8")
    script = SCRIPT.format(before=before, after=netlist, map=ROOM_FILE)
    run_yosys(script + then, folder=folder, log=folder / "room.log", outputs=[netlist])
    return True


def _luts_of(netlist: Path) -> int:
    """Count the LUTs of a netlist for an ECP5."""
    try:
        modules = json.loads(netlist.read_text(encoding="utf-8"))["modules"].values()
        cells = [cell["type"] for module in modules for cell in module["cells"].values()]
    except (OSError, ValueError, KeyError) as problem:
        raise ToolError(f"{netlist} is no netlist of yosys ({problem!r})") from problem
    return sum(LUTS.get(kind, 0) for kind in cells)
