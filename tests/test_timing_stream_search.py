"""`lgn fmax --conv stream`: the fewest registers that meet a clock, and a harness of pixels."""

import json

import pytest
from conv_bench import random_conv

from lgn_hw import ToolNotFound
from lgn_hw.hdl.streaming import StreamingOptions
from lgn_hw.hdl.streaming.header import read_stream_header
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_hw.timing.parts import find_part
from lgn_hw.timing.place import harness, place
from lgn_hw.timing.room import luts_before
from lgn_hw.timing.stream_search import LEVELS
from lgn_hw.tools.nextpnr import Clock, PnrReport, Usage, find_nextpnr

CLASSIFIER = random_conv(7, (1, 6, 6), 2, ({"kernels": 4, "padding": 1, "pool": 2},))
HEADER = read_stream_header(streaming_verilog(CLASSIFIER, StreamingOptions(2)))


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.lgn"
    CLASSIFIER.save(path)
    return path


@pytest.fixture
def placed(monkeypatch):
    """Take nextpnr's place: a core reaches 20 MHz, and 20 more for each step in LEVELS."""
    levels = []

    def fake(verilog, part, clock_mhz, folder):
        levels.append(read_stream_header(verilog).registers)
        fmax = 20.0 * (1 + LEVELS.index(levels[-1]))
        usage = {"ICESTORM_LC": Usage(300, 7680)}
        return PnrReport(usage, {"clk": Clock(fmax, clock_mhz)}, (), "nextpnr-ice40 0.11")

    monkeypatch.setattr("lgn_hw.timing.stream_search.place", fake)
    return levels


def test_one_setting_is_placed_and_its_frames_counted(lgn, small, placed):
    code, out, _ = lgn("fmax", small, "--part", "hx8k-ct256", "--conv", "stream")
    file = small.parent / "small.lgn.fmax" / "hx8k-ct256.stream" / "fmax.json"
    data = json.loads(file.read_text())
    assert (code, placed, data["fmax_mhz"]) == (0, [2], 100.0)
    assert (data["latency_cycles"], data["interval_cycles"]) == (HEADER.frame, HEADER.interval)
    assert data["samples_per_second"] == round(100e6 / HEADER.interval)
    assert f"frames per second, one every {HEADER.interval} cycles" in " ".join(out.split())


def test_the_fewest_registers_that_meet_a_clock_are_found(lgn, small, placed):
    arguments = ("--part", "hx8k-ct256", "--conv", "stream", "--clock-mhz", "95", "--json")
    code, out, _ = lgn("fmax", small, *arguments)
    data = json.loads(out)
    assert (code, data["levels_per_stage"], data["met"]) == (0, LEVELS[4], True)
    assert [trial["setting"][-1] for trial in data["trials"]] == [str(n) for n in placed]
    code, _, err = lgn("fmax", small, *arguments[:-2], "200", "--tries", "9")
    assert code == 1
    assert "No setting reaches 200 MHz on hx8k-ct256" in " ".join(err.split())
    assert "reaches 120.0 MHz, with streaming core, levels per stage: 1" in " ".join(err.split())


def test_options_of_other_cores_are_refused(lgn, small):
    code, _, err = lgn("fmax", small, "--part", "hx8k-ct256", "--conv", "stream", "--lut", "4")
    assert (code, "--conv stream takes no --lut 4" in " ".join(err.split())) == (2, True)


def test_harness_feeds_pixels_and_keeps_results():
    text = harness(HEADER, range(HEADER.pixel_bits + 1))
    assert f"wire [{HEADER.pixel_bits}:0] sample = " in text
    assert "streaming_core core(" in text
    assert ".i_pixel__valid(valid), .i_pixel__ready(taken), .i_pixel__payload(sample)," in text


def really_placed(name, clock_mhz, folder):
    """Place the core on a part whose tools may be missing."""
    part = find_part(name)
    try:
        find_nextpnr(part.family)
    except ToolNotFound as missing:
        pytest.skip(str(missing))
    return place(streaming_verilog(CLASSIFIER, StreamingOptions(2)), part, clock_mhz, folder)


@pytest.mark.slow
def test_a_streaming_core_is_placed(tmp_path):
    report = really_placed("up5k-sg48", 24, tmp_path)
    assert report.fmax_mhz > 10
    assert 100 < report.utilization["ICESTORM_LC"].used < 1000


def test_a_streaming_core_on_an_ecp5_is_placed_with_room_for_its_wires(tmp_path):
    report = really_placed("ecp5-25k", 25, tmp_path)
    needed = luts_before(tmp_path, "netlist.json")
    assert report.fmax_mhz > 25
    # LUTs of four inputs have four places each; of so small a core most have fewer inputs.
    assert 1.5 * needed < report.utilization["TRELLIS_COMB"].used < 4 * needed
    assert "Running router2" in (tmp_path / "pnr.log").read_text(encoding="utf-8")
