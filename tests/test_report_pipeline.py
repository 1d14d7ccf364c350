"""The streaming core in the report: stages, rates and cells, on any screen."""

import json
import re

import pytest
from chromium_bench import Browser
from conv_bench import random_conv
from strategies import random_classifier
from test_report_page import read

from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.cycles import frame_cycles
from lgn_hw.hdl.streaming.stages import describe_stages
from lgn_hw.report.gather import gather
from lgn_hw.report.page import to_html
from lgn_hw.report.pipeline_picture import pipeline_picture

NET = random_conv(
    7, (2, 8, 8), 3,
    ({"kernels": 5, "padding": 1, "pool": 2}, {"kernels": 4, "padding": 1, "pool": 2}), (12, 6),
)  # fmt: skip
VOTES = random_conv(7, (1, 6, 5), 2, ({"kernels": 4},))
STAGES = ("framer", "window0", "kernels0", "pool0", "window1", "kernels1", "pool1", "collector",
          "dense", "popcount", "argmax")  # fmt: skip
COUNTS = {"lut4": 1234, "ff": 5, "carry": 0, "block_rams": 2}


@pytest.fixture
def run(tmp_path):
    """Return a folder in which the streaming core was counted and simulated."""
    NET.save(tmp_path / "eye.lgn")
    area = {"digest": NET.digest, "tool": "Yosys 0.70", "stage": "estimate", "seconds": 1.0,
            "parts": {"window1": COUNTS, "total": COUNTS | {"lut4": 4321}}}  # fmt: skip
    case = {"name": "flowing", "passed": True}
    sim = {"digest": NET.digest, "simulator": "icarus", "vectors": 77, "mismatches": 0,
           "cases": [case], "interval_cycles_measured": 81, "latency_cycles_measured": 40,
           "negative_control": {"caught": True, "mismatches": 9}}  # fmt: skip
    for name, data in (("stream/stream.json", area), ("streamsim/sim.json", sim)):
        file = tmp_path / f"eye.lgn.{name}"
        file.parent.mkdir()
        file.write_text(json.dumps(data))
    return tmp_path


def test_stages_say_what_passes_between_them():
    found = describe_stages(NET)
    cycles = frame_cycles(StreamingCore(NET, StreamingOptions(found["levels_per_stage"])))
    named = (cycles.interval, cycles.latency, cycles.frame)
    keys = ("interval_cycles", "latency_cycles", "frame_cycles")
    assert tuple(found[key] for key in keys) == named
    assert tuple(stage["name"] for stage in found["stages"]) == STAGES
    rows = {s["name"]: (s["values"], s["bits"], s["cycles"]) for s in found["stages"]}
    assert rows["framer"] == (64, 3, 64)
    assert rows["window0"] == (64, 27, 81)  # nine rows of nine places, zeros included
    assert rows["pool0"] == (16, 5, 64)
    assert rows["window1"] == (16, 45, 25)
    assert rows["pool1"] == (4, 4, 16)
    assert rows["collector"] == (1, 16, 4)
    assert rows["dense"] == (1, 6, 1)
    votes = {s["name"]: s for s in describe_stages(VOTES)["stages"]}
    assert (votes["tally"]["values"], votes["tally"]["cycles"]) == (1, 12)


def test_the_page_has_stages_rates_and_cells(run):
    report = gather(run, pipeline=describe_stages)
    page = to_html(report)
    text, _ = read(page)
    assert "one every 81 cycles" in text
    assert "148,148 frames per second at 12 MHz" in text
    assert page.count(">1,234 LUT4, 2 RAMs<") == 2  # a wide picture and a narrow one
    assert page.count("81 of 81 cycles") == 1
    assert "4,321 LUT4, 5 flip-flops and 2 block RAMs of an iCE40" in text
    assert "77 frames compared in icarus, 0 mismatches; 81 cycles between frames" in text
    assert "streaming" not in {step["what"].split()[0] for step in report["not_run"]}
    assert to_html(gather(run, pipeline=describe_stages)) == page


def test_steps_that_were_not_run_have_their_commands(tmp_path):
    NET.save(tmp_path / "eye.lgn")
    report = gather(tmp_path, pipeline=describe_stages)
    commands = [step["remedy"] for step in report["not_run"] if "stream" in step["what"]]
    assert [re.sub(r"\S+/", "", command) for command in commands] == [
        "lgn sim eye.lgn --conv stream", "lgn synth eye.lgn --conv stream",
    ]  # fmt: skip
    text, _ = read(to_html(report))
    assert "one every 81 cycles" in text
    assert "LUT4, 2 RAMs" not in text


def test_other_classifiers_have_no_such_section(tmp_path):
    random_classifier(1).save(tmp_path / "plain.lgn")
    report = gather(tmp_path, pipeline=describe_stages)
    assert report["streaming"] is None
    assert "Streaming core" not in to_html(report)


def test_a_stage_without_cells_is_drawn():
    core = describe_stages(VOTES)
    for narrow in (False, True):
        picture = pipeline_picture(core, {"parts": {}}, narrow=narrow)
        assert picture.count("stage-box") == len(core["stages"])
        assert "LUT4" not in picture


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])
def test_the_picture_fits_the_screen(run, tmp_path, width, dark):
    page = tmp_path / "report.html"
    page.write_text(to_html(gather(run, pipeline=describe_stages)))
    with Browser() as browser:
        browser.open(page, width, dark=dark)
        assert (browser.overflow(), browser.errors) == (0, [])
        shown = "narrow" if width < 760 else "wide"
        boxes = browser.run(
            f"[...document.querySelectorAll('.{shown} .stage-box')].map(b =>"
            " b.getBoundingClientRect()).filter(b => b.width > 0 && b.right <= innerWidth).length"
        )
        texts = browser.run(
            f"[...document.querySelectorAll('.{shown} svg text')].filter(t =>"
            f" t.getBoundingClientRect().right > {width} - 4).length"
        )
        assert (boxes, texts) == (len(STAGES), 0)
