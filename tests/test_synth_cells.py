"""Area in cells adds up, adders become cells, and what was mapped is proven and simulated."""

import json
from pathlib import Path

import pytest
from strategies import random_classifier

from lgn_hw import UsageError
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.export.combinational import combinational_file
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.synth.cells import area_in_cells
from lgn_hw.synth.estimate import CIRCUIT_PARTS

CELLS = Path(__file__).parent / "cells.lib"
KNOWN = """
module top_popcount(input a, b, c, output s, y);
  wire x = a ^ b;
  assign s = x ^ c;
  assign y = (a & b) | (x & c);
endmodule
module top_logic(input clk, input a, b, output reg y);
  always @(posedge clk) y <= ~(a & b);
endmodule
module top(input clk, a, b, c, output s, y, z);
  top_popcount popcount(.a(a), .b(b), .c(c), .s(s), .y(y));
  top_logic logic_(.clk(clk), .a(a), .b(b), .y(z));
endmodule
"""


def test_area_of_a_known_design(tmp_path):
    area, text = area_in_cells(KNOWN, CELLS, folder=tmp_path)
    none = dict.fromkeys(CIRCUIT_PARTS, 0)
    assert area.cells == none | {"logic": 2, "popcount": 1, "total": 3}
    assert area.flip_flops == none | {"logic": 1, "total": 1}
    assert area.area["popcount"] == 20.0192
    assert area.area["total"] == pytest.approx(20.0192 + 20.0192 + 3.7536)
    assert area.gate_equivalents["popcount"] == 5.3
    assert area.adders == ("fa",)
    assert "module fa(" in text
    assert not (tmp_path / "cells.lib").exists()


def test_area_without_adder_cells_is_that_of_gates(tmp_path):
    area, _ = area_in_cells(KNOWN, CELLS, folder=tmp_path, dont_use=("fa",))
    assert area.adders == ()
    assert area.area["popcount"] > 20.0192


def test_area_rejects_a_library_without_flip_flops(tmp_path):
    with pytest.raises(UsageError, match=r"small_cells has no flip-flop.*--combinational"):
        area_in_cells(KNOWN, CELLS, folder=tmp_path, dont_use=("dff",))


def test_gates_take_less_than_luts_do(tmp_path):
    classifier = random_classifier(3, layers=(60, 90), classes=3)
    total = {}
    for lut_size in (2, 4, 6):
        text = combinational_file(classifier, "verilog-comb", lut_size=lut_size).decode()
        area, _ = area_in_cells(text, CELLS, folder=tmp_path / str(lut_size))
        total[lut_size] = area.gate_equivalents["total"]
        assert area.area["total"] == pytest.approx(sum(area.area[p] for p in CIRCUIT_PARTS))
    assert total[2] < 0.9 * min(total[4], total[6])


def test_registers_of_a_core_become_flip_flops(tmp_path):
    classifier = random_classifier(3, layers=(30,), classes=3)
    text = to_verilog(classifier, CoreOptions(registers=16, lut_size=2))
    area, _ = area_in_cells(text, CELLS, folder=tmp_path)
    assert all(area.flip_flops[part] for part in ("encoder", "popcount", "argmax", "control"))
    assert area.flip_flops["total"] == sum(area.flip_flops[part] for part in CIRCUIT_PARTS)


def test_lgn_synth_maps_to_cells_that_lgn_prove_proves(lgn, tmp_path):
    random_classifier(3, layers=(30,), classes=3).save(tmp_path / "it.lgn")
    options = ("--liberty", CELLS, "--combinational", "--json")
    code, out, err = lgn("synth", tmp_path / "it.lgn", *options)
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["gate_equivalents"]["total"] > 0
    assert found == json.loads((tmp_path / "it.lgn.cells" / "cells.json").read_text())
    cells = tmp_path / "it.lgn.cells" / "cells.v"
    assert "fa " in cells.read_text()
    assert lgn("prove", tmp_path / "it.lgn", cells)[0] == 0
    cells.write_text(cells.read_text().replace(" & ", " | ", 1))
    assert lgn("prove", tmp_path / "it.lgn", cells)[0] == 1


def test_lgn_sim_compares_a_pipeline_of_cells(lgn, tmp_path):
    random_classifier(3, layers=(30,), classes=3).save(tmp_path / "it.lgn")
    assert lgn("synth", tmp_path / "it.lgn", "--liberty", CELLS)[0] == 0
    cells = tmp_path / "it.lgn.cells" / "cells.v"
    code, out, _ = lgn("sim", tmp_path / "it.lgn", "--verilog", cells, "--json")
    assert code == 0
    assert json.loads(out)["mismatches"] == 0


def test_lgn_synth_rejects_options_of_another_kind(lgn, tmp_path):
    random_classifier(3, layers=(30,), classes=3).save(tmp_path / "it.lgn")
    code, _, err = lgn("synth", tmp_path / "it.lgn", "--combinational")
    assert code == 2
    assert "--combinational needs --liberty" in err
    code, _, err = lgn(
        "synth", tmp_path / "it.lgn", "--liberty", CELLS, "--combinational", "--scores"
    )
    assert code == 2
    assert "without --verilog, --scores" in err
