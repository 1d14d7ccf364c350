"""`lgn fmax`: the fewest registers that meet a clock, reported; a clock that none meets refused."""

import json
import re

import pytest
from strategies import random_classifier

from lgn_hw import ToolNotFound
from lgn_hw.circuit.header import read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.timing.parts import find_part
from lgn_hw.timing.place import harness, place
from lgn_hw.tools.nextpnr import Clock, CriticalPath, PathStep, PnrReport, Usage, find_nextpnr

CLASSIFIER = random_classifier(1)


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.lgn"
    CLASSIFIER.save(path)
    return path


@pytest.fixture
def placed(monkeypatch):
    """Take nextpnr's place: a core reaches 20 MHz for each cycle of its latency."""
    latencies = []

    def fake(verilog, part, clock_mhz, folder, fed):
        latencies.append(read_core_header(verilog).latency)
        fmax = 20.0 * latencies[-1]
        step = PathStep("logic", 1.5, "a.O", "b.I0")
        return PnrReport(
            utilization={"ICESTORM_LC": Usage(300, 7680)},
            clocks={"clk": Clock(fmax, clock_mhz)},
            critical_paths=(
                CriticalPath("posedge clk", "<async>", (step, step)),
                CriticalPath("posedge clk", "posedge clk", (step,)),
            ),
            tool="nextpnr-ice40 0.11",
        )

    monkeypatch.setattr("lgn_hw.timing.search.place", fake)
    return latencies


def test_fmax_reports_one_setting(lgn, small, placed):
    code, out, _ = lgn("fmax", small, "--part", "HX8K-ct256", "--json")
    data = json.loads(out)
    assert code == 0
    assert data == json.loads(
        (small.parent / "small.lgn.fmax" / "hx8k-ct256" / "fmax.json").read_text()
    )
    assert (data["stage"], data["part"], data["digest"]) == ("pnr", "hx8k-ct256", CLASSIFIER.digest)
    assert (data["fmax_mhz"], data["latency_cycles"], data["latency_ns"]) == (100.0, 5, 50.0)
    assert data["samples_per_second"] == 100_000_000
    assert data["critical_path"]["end"] == "posedge clk"
    assert (data["clock_mhz"], data["met"], data["trials"]) == (None, None, [])
    assert placed == [5]


def test_fmax_finds_the_fewest_registers_and_the_report_shows_them(lgn, small, placed):
    arguments = ("--part", "hx8k-ct256", "--clock-mhz", "75", "--tries", "9")
    code, out, _ = lgn("fmax", small, *arguments)
    assert code == 0
    assert "clock 80.0 MHz (asked for: 75 MHz), one sample per clock cycle" in out
    data = json.loads((small.parent / "small.lgn.fmax" / "hx8k-ct256" / "fmax.json").read_text())
    assert (data["latency_cycles"], data["met"]) == (4, True)
    assert min(latency for latency in placed if latency >= 4) == 4
    assert len(data["trials"]) == len(placed)
    emitted = to_verilog(CLASSIFIER, CoreOptions(registers=data["levels_per_stage"]))
    assert read_core_header(emitted).latency == 4
    lgn("report", small.parent)
    page = (small.parent / "report.html").read_text()
    assert "80.0 MHz" in page
    assert data["setting"] in page


@pytest.mark.parametrize("clock", [(), ("--clock-mhz", "75", "--tries", "9")])
def test_fmax_places_a_head_made_for_luts(lgn, small, placed, clock):
    code, out, _ = lgn("fmax", small, "--part", "hx8k-ct256", "--lut", "4", "--json", *clock)
    data = json.loads(out)
    assert (code, data["lut_size"], data["met"]) == (0, 4, True if clock else None)
    emitted = to_verilog(CLASSIFIER, CoreOptions(registers=data["levels_per_stage"], lut_size=4))
    assert read_core_header(emitted).latency == data["latency_cycles"]


def test_fmax_rejects_a_clock_that_no_setting_meets(lgn, small, placed):
    code, _, err = lgn("fmax", small, "--part", "hx8k-ct256", "--clock-mhz", "400")
    message = re.sub(r"\s+", " ", err)
    assert code == 1
    found = re.search(
        r"error: No setting reaches 400 MHz on hx8k-ct256: of \d placed the fastest reaches"
        r" (\d+\.\d) MHz, with registers after encoder 1; .*; argmax 1, 2 *$",
        message,
    )
    assert found, message
    assert float(found[1]) == 20 * max(placed)
    assert not (small.parent / "small.lgn.fmax" / "hx8k-ct256" / "fmax.json").exists()


def test_harness_feeds_the_bits_that_are_read():
    header = read_core_header(to_verilog(CLASSIFIER, CoreOptions(scores=True)))
    last = header.sample_bits - 1
    text = harness(header, [0, 2, last])
    bits = ["shifted[2]", *["1'b0"] * (last - 3), "shifted[1]", "1'b0", "shifted[0]"]
    assert f"wire [{last}:0] sample = {{{', '.join(bits)}}};" in text
    assert "reg [2:0] shifted;" in text
    assert f"wire [{header.result_bits - 1}:0] payload;" in text
    assert f"reg [{last}:0] shifted;" in harness(header, range(header.sample_bits))


# All but the first take seconds each; of MachXO3 there is one more, with the larger database.
@pytest.mark.parametrize(
    "name",
    [
        "hx1k-tq144",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("gw2a-18", "lifcl-40", "lcmxo2-1200hc", "lcmxo3lf-6900c", "ccgm1a1")
        ),
    ],
)
def test_fmax_places_a_core(tmp_path, name):
    part = find_part(name)
    try:
        find_nextpnr(part.family)
    except ToolNotFound as missing:
        pytest.skip(str(missing))
    own = random_classifier(1, features=3, bits=8, layers=(12,), classes=2)
    report = place(to_verilog(own, CoreOptions(registers=1)), part, 100, tmp_path)
    used = report.utilization[part.cell]
    # The flip-flops of a sample, which a cell of iCE40 holds too, and some gates.
    assert 15 < used.used < 160
    if part.family == "ice40":
        assert 30 < used.used < 100
        assert report.fmax_mhz > 50
    assert used.available == part.cells
    # The harness has one clock, which no name of a net changes.
    (clock,) = report.clocks.values()
    assert 40 < clock.achieved_mhz == report.fmax_mhz < 1000
    assert any(path.start == path.end for path in report.critical_paths)
