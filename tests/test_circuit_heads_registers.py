"""Flip-flops of every head: what the timing model counts is what yosys finds in the hardware."""

import json

import pytest
from strategies import MADE_FOR, random_classifier

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.hdl.core import ClassifierCore
from lgn_hw.hdl.verilog_backend import block_module
from lgn_hw.timing.levels import datapath_levels
from lgn_hw.tools.yosys import run_yosys

# Uneven classes: threes of votes that are full, and such that hold one vote and two.
CLASSIFIER = random_classifier(2, layers=(60, 50), classes=4)


def flip_flops(text, top, folder):
    """Let yosys read a module as it is written and count the bits of its registers."""
    (folder / "block.v").write_text(text)
    script = f"read_verilog block.v\nproc -noopt\nhierarchy -top {top}\nsimplemap\n"
    run_yosys(script + "tee -q -o stat.json stat -json\n", folder=folder, log=folder / "yosys.log")
    cells = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    return sum(count for kind, count in cells.items() if kind.startswith("$_DFF"))


@pytest.mark.parametrize("made_for", MADE_FOR)
def test_levels_count_the_flip_flops_that_yosys_finds(made_for, tmp_path):
    plain = datapath_levels(CLASSIFIER, CoreOptions(**made_for))
    levels = [level for level in plain if level.block == "popcount"]
    last = {level.block: level.number for level in plain}
    registers = {"encoder": [1], "argmax": [last["argmax"]]}
    registers["popcount"] = [level.number for level in levels]
    core = ClassifierCore(CLASSIFIER, CoreOptions(registers=registers, **made_for))
    text = block_module(core.popcount, "popcount")
    assert len(levels) > 1
    assert flip_flops(text, "popcount", tmp_path) == sum(level.bits for level in levels)
