"""LUTs that take two places, so that wires have room: the same function, and only where it fits."""

import json
import random

import pytest

from lgn_boards.fit import SIZE_SCRIPT, cells_of, luts_of
from lgn_hw.errors import ToolError
from lgn_hw.timing.room import lacks_wires, luts_before, make_room
from lgn_hw.tools.yosys import run_yosys

DESIGN = """
(* blackbox *)
module LUT4 #(parameter [15:0] INIT = 0) (input A, B, C, D, output Z);
endmodule
(* blackbox *)
module PFUMX (input ALUT, BLUT, C0, output Z);
endmodule
(* blackbox *)
module L6MUX21 (input D0, D1, SD, output Z);
endmodule
module top (input [5:0] i, output [{last}:0] o);
{luts}
  wire a, b;
  LUT4 #(.INIT(16'h{in_0:04x})) for_0 (.A(i[0]), .B(i[1]), .C(i[2]), .D(i[3]), .Z(a));
  LUT4 #(.INIT(16'h{in_1:04x})) for_1 (.A(i[0]), .B(i[1]), .C(i[2]), .D(i[3]), .Z(b));
  PFUMX wide (.ALUT(a), .BLUT(b), .C0(i[4]), .Z(o[{wide}]));
  LUT4 #(.INIT(16'h{narrow:04x})) three (.A(i[0]), .B(i[1]), .C(1'b1), .D(i[5]), .Z(o[{last}]));
endmodule
"""
LUT = """\
  LUT4 #(.INIT(16'h{init:04x})) l{n}
    (.A(i[{a}]), .B(i[{b}]), .C(i[{c}]), .D(i[{d}]), .Z(o[{n}]));
"""
EQUAL = """
{read} {file}
rename top {name}
read_verilog -overwrite +/ecp5/cells_sim.v
prep -flatten -top {name}
design -stash {name}
"""
MITER = """
design -copy-from before before
design -copy-from after after
miter -equiv -flatten before after miter
sat -verify -prove trigger 0 -show-inputs miter
"""


def design_of(seed, count=40):
    chance = random.Random(seed)
    luts = [
        LUT.format(init=chance.getrandbits(16), n=n, **dict(zip("abcd", pins, strict=True)))
        for n in range(count)
        for pins in [chance.sample(range(6), 4)]
    ]
    inits = {name: chance.getrandbits(16) for name in ("in_0", "in_1", "narrow")}
    return DESIGN.format(luts="\n".join(luts), wide=count, last=count + 1, **inits)


def mapped(folder, verilog):
    (folder / "design.v").write_text(verilog, encoding="utf-8")
    script = "read_verilog design.v\nhierarchy -top top\nwrite_json top.json\n"
    run_yosys(script + SIZE_SCRIPT, folder=folder, log=folder / "mapped.log")
    return cells_of(folder)


def prove(folder):
    script = EQUAL.format(read="read_json", file="before-top.json", name="before") + EQUAL.format(
        read="read_json", file="top.json", name="after"
    )
    run_yosys(script + MITER, folder=folder, log=folder / "proof.log")


@pytest.mark.parametrize(("places", "available"), [(2, 142), (2, 281), (4, 282)])
def test_luts_that_take_more_places_compute_what_they_did(tmp_path, places, available):
    before = mapped(tmp_path, design_of(1))
    assert make_room(tmp_path, "top.json", available, then=SIZE_SCRIPT) == places
    after = cells_of(tmp_path)
    assert before == {"LUT4": 43, "PFUMX": 1}
    # The two in front of the multiplexer, and the one of three inputs, stay as they are.
    assert after["LUT4"] == places * 40 + 3
    assert luts_of(after) <= 0.6 * available
    assert luts_before(tmp_path, "top.json") == 43
    assert after["PFUMX"] == 1 + 40 * places // 2
    prove(tmp_path)
    netlist = tmp_path / "top.json"
    design = json.loads(netlist.read_text(encoding="utf-8"))
    table = design["modules"]["top"]["cells"]["l7.of_1"]["parameters"]
    table["INIT"] = "".join("10"[int(bit)] for bit in table["INIT"])
    netlist.write_text(json.dumps(design), encoding="utf-8")
    with pytest.raises(ToolError, match="proof did fail"):
        prove(tmp_path)


def test_where_there_is_no_room_a_netlist_stays_as_it_is(tmp_path):
    mapped(tmp_path, design_of(2))
    before = (tmp_path / "top.json").read_bytes()
    assert make_room(tmp_path, "top.json", 141) == 1
    assert (tmp_path / "top.json").read_bytes() == before
    assert luts_before(tmp_path, "top.json") is None
    (tmp_path / "top.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ToolError, match=r"top\.json is no netlist of yosys"):
        make_room(tmp_path, "top.json", 1000)


@pytest.mark.parametrize(
    ("device", "streaming", "lacking"),
    [("LFE5U-85F", True, True), ("LFE5U-85F", False, False), ("iCE40UP5K", True, False)],
)
def test_only_streaming_cores_on_an_ecp5_lack_wires(device, streaming, lacking):
    assert lacks_wires(device, streaming) is lacking
