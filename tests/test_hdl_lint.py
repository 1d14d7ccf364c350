"""Verilator and Icarus have nothing to warn of, in any form of core or wrapper."""

import os
import re
import shutil
import subprocess

import pytest
from strategies import MADE_FOR, random_classifier

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.delivery.design import make_design
from lgn_hw.tools.programs import find_program, search_path

CASES = [
    *({**made_for, "scores": scores, "registers": 2 * (not scores), "wrapper": "stream"}
      for made_for in MADE_FOR for scores in (False, True)),
    *({**made_for, "scores": scores, "registers": 1, "wrapper": wrapper}
      for made_for in (MADE_FOR[0], MADE_FOR[-1]) for scores in (False, True)
      for wrapper in ("axi", "parallel")),
    {"scores": False, "registers": 2, "wrapper": "stream", "source": "amaranth"},
]  # fmt: skip


def design(case, data_bits=32):
    own = random_classifier(1, features=3, bits=12, layers=(12, 21), classes=3)
    around = {name: case[name] for name in ("wrapper", "source") if name in case}
    options = CoreOptions(**{name: case[name] for name in case if name not in around})
    return make_design(own, options, data_bits=data_bits, clock_mhz=100, **around)


def said(command, text, folder):
    (folder / "design.v").write_text(text)
    done = subprocess.run(
        [*command, "design.v"], cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PATH": search_path()},
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
@pytest.mark.parametrize("case", CASES)
def test_icarus_has_nothing_to_warn_of(case, tmp_path):
    command = ["iverilog", "-g2001", "-Wall", "-o", "design.vvp"]
    assert said(command, design(case).text, tmp_path) == (0, "")


@pytest.mark.skipif(not find_program("verilator"), reason="verilator is not installed")
@pytest.mark.parametrize("case", CASES)
def test_verilator_has_nothing_to_warn_of(case, tmp_path):
    made = design(case)
    command = [find_program("verilator"), "--lint-only", "-Wall", "--top-module", made.top]
    assert said(command, made.text, tmp_path) == (0, "")


@pytest.mark.skipif(not find_program("verilator"), reason="verilator is not installed")
def test_warnings_are_back_after_a_core(tmp_path):
    other = "module other(input a, input unread, output b); assign b = a; endmodule\n"
    text = design(CASES[0]).text + other
    command = [find_program("verilator"), "--lint-only", "-Wall", "--top-module", "other"]
    code, output = said(command, text, tmp_path)
    assert code != 0
    assert "UNUSEDSIGNAL" in output


@pytest.mark.parametrize("data_bits", [8, 16, 24, 64])
@pytest.mark.parametrize("wrapper", ["axi", "parallel", "stream"])
def test_no_vector_is_without_bits(wrapper, data_bits):
    text = design({"scores": False, "registers": 2, "wrapper": wrapper}, data_bits).text
    assert not re.search(r"\[-\d+:0\]", text)


@pytest.mark.skipif(not find_program("verilator"), reason="verilator is not installed")
def test_other_files_may_have_a_timescale(tmp_path):
    """A core has no delays, and so no time unit; Verilator must not ask for one in it."""
    made = design(CASES[0])
    other = "`timescale 1ns/1ps\nmodule other(input a, output b); assign b = a; endmodule\n"
    command = [find_program("verilator"), "--lint-only", "-Wall", "-Wno-DECLFILENAME"]
    command += ["-Wno-MULTITOP"]
    assert said(command, made.text + other, tmp_path) == (0, "")
