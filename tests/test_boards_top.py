"""What a board's script asks of synthesis."""

import json

from amaranth.back import rtlil
from conv_bench import random_conv

from lgn_boards.boards import find_board
from lgn_boards.build import BuildOptions, plan_for
from lgn_boards.top import UNDEFINED_LINES, design_files
from lgn_hw.hdl.streaming import StreamingCore
from lgn_hw.tools.yosys import run_yosys


def cells_of(folder, before):
    """Return an iCE40's cells of a small streaming core, for a script in front of synthesis."""
    layers = ({"kernels": 8, "padding": 1, "pool": 2}, {"kernels": 4, "padding": 1})
    core = StreamingCore(random_conv(7, (1, 28, 28), 4, layers))
    (folder / "core.il").write_text(rtlil.convert(core, name="core", emit_src=False))
    script = f"read_rtlil core.il\n{before}\nsynth_ice40 -top core\nwrite_json core.json\n"
    run_yosys(script, folder=folder, log=folder / "yosys.log")
    module = json.loads((folder / "core.json").read_text())["modules"]["core"]
    return list(module["cells"].values())


def test_lines_of_pixels_take_no_bypass_and_no_value_at_power_up(tmp_path):
    cells = cells_of(tmp_path, UNDEFINED_LINES)
    lines = [cell["connections"] for cell in cells if cell["type"] == "SB_RAM40_4K"]
    assert len(lines) == 3  # two windows and a pool
    # A bypass keeps the word that is written for a cycle, whatever else happens.
    written = {bit for line in lines for bit in line["WDATA"] if isinstance(bit, int)}
    kept = {cell["connections"]["D"][0] for cell in cells if cell["type"] == "SB_DFF"}
    assert not written & kept
    # A value at power-up is an AND behind each bit of a line that is read: 12 and 8.
    more = [cell["type"] for cell in cells_of(tmp_path, "")].count("SB_LUT4")
    assert [cell["type"] for cell in cells].count("SB_LUT4") < more - 12


def test_a_streaming_core_on_an_ecp5_asks_for_the_router_that_shares_wires_out():
    classifier = random_conv(7, (1, 6, 6), 2, ({"kernels": 4, "padding": 1, "pool": 2},))

    def asked(name, stream):
        board = find_board(name)
        plan = plan_for(classifier, board, BuildOptions(stream=stream))
        design = design_files(board, plan)
        return "router2" in design.commands[1], {"spread2.v", "spread4.v"} <= set(design.files)

    assert asked("ulx3s-85f", stream=True) == (True, True)
    assert asked("ulx3s-85f", stream=False) == (False, False)
    assert asked("icebreaker", stream=True) == (False, False)
