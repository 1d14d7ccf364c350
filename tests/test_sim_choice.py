"""Small nets and few samples go to Icarus, large ones and many to Verilator."""

import re
import sys

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed")

from strategies import random_classifier

from lgn_cli import main
from lgn_hw.errors import ToolNotFound
from lgn_sim import choice


@pytest.fixture
def installed(monkeypatch):
    """Say which simulators there are."""
    there = ["icarus", "verilator"]

    def require(simulator):
        if simulator not in there:
            raise ToolNotFound(f"{simulator} is missing")

    monkeypatch.setattr(choice, "require_simulator", require)
    return there


@pytest.mark.parametrize(
    ("nodes", "samples", "chosen"),
    [(200, 2000, "icarus"), (3_000, 1_000, "icarus"), (10_000, 10_000, "verilator"),
     (100_000, 2_000, "verilator"), (100_000, 100, "icarus")],
)  # fmt: skip
def test_choice_is_the_one_that_is_done_first(installed, nodes, samples, chosen):
    assert choice.choose_simulator(nodes, samples, builds=2) == chosen


def test_a_mapped_netlist_goes_to_verilator_early(installed):
    text = "  \\a21oi  _1_ (\n    .A(a)\n  );\n  nand2 _2_ (\n  );\n  assign x = f (\n"
    assert choice.cells_of(text) == 2
    assert choice.choose_simulator(3_500, 1_000, 2) == "icarus"
    assert choice.choose_simulator(3_500, 1_000, 2, cells=10_000) == "verilator"
    said = choice.advice("icarus", 3_500, 1_000, 2, 10_000)
    assert said.startswith("icarus needs about 8 minutes for 1,000 samples of 10,000 cells")


def test_choice_is_among_those_installed(installed):
    installed.remove("verilator")
    assert choice.choose_simulator(100_000, 10_000) == "icarus"
    installed.remove("icarus")
    with pytest.raises(ToolNotFound, match=r"^icarus is missing$"):
        choice.choose_simulator(10, 10)


def test_advice_is_given_before_a_long_wait_only():
    assert choice.advice("icarus", 3_000, 1_000) == ""
    assert choice.advice("verilator", 100_000, 10_000) == ""
    assert choice.advice("icarus", 100_000, 10_000) == (
        "icarus needs about 83 minutes for 10,000 samples of 100,000 nodes, verilator about 6:"
        " use --simulator verilator"
    )


def test_sim_says_what_is_faster(monkeypatch, capsys, tmp_path, installed):
    installed.remove("verilator")
    monkeypatch.setattr(choice, "ICARUS", 1.0)  # seconds for a node and a sample
    path = tmp_path / "small.lgn"
    random_classifier(1).save(path)
    command = ["lgn", "sim", str(path), "--vectors", "8", "--no-negative-control"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert not ended.value.code
    assert "results compared in icarus, 0 mismatches" in said.out
    assert re.search(
        r"^note: icarus needs about 120 minutes for 60 samples of 120 nodes", said.err, re.M
    )
