"""The page: self-contained, the same bytes each time, every figure with its stage."""

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from strategies import random_classifier

from lgn_cli import main
from lgn_hw.report.charts import NARROW, WIDE, area_bars, columns, curves, paired_bars
from lgn_hw.report.gather import gather
from lgn_hw.report.page import to_html
from lgn_hw.report.svg import text_width

VOID = {"meta", "br", "rect", "polyline", "circle"}
PARTS = {"encoder": 2, "logic": 30, "popcount": 60, "argmax": 7, "control": 1}


class Balanced(HTMLParser):
    """Check that every tag is closed; collect the text."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)


def read(page):
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    return re.sub(r"\s+", " ", "".join(parser.text)), parser.tags


@pytest.fixture
def bare(tmp_path):
    path = tmp_path / "small.lgn"
    random_classifier(1).save(path)
    return gather(path)


@pytest.fixture
def full(tmp_path):
    """Return a report of a run in which every step was run."""
    own = replace(
        random_classifier(1),
        classes=("<script>", "b&w", "c", "d"),
        provenance={
            "accuracy": 0.975, "gap": -0.0028, "gap_soft": 0.0, "train_mode_accuracy": 0.9722,
            "soft_accuracy": 0.975, "unused_gates": 0.01, "versions": {"torch": "2.13"},
        },
    )  # fmt: skip
    own.save(tmp_path / "small.lgn")
    total = PARTS | {"total": 100}
    case = {"name": "flowing", "passed": True}
    files = {
        "synth/synth.json": {"lut4": total, "lut6": total, "ff": total, "tool": "Yosys 0.70",
                             "carry4": PARTS | {"total": 12}, "stage": "estimate"},
        "sim/sim.json": {"latency_cycles": 8, "latency_cycles_measured": 8, "throughput": 1.0,
                         "mismatches": 0, "vectors": 973, "simulator": "icarus", "cases": [case],
                         "negative_control": {"caught": True, "mismatches": 2}},
        "fmax/hx8k/fmax.json": {"part": "hx8k-ct256", "stage": "pnr", "tool": "nextpnr-ice40 0.11",
                           "setting": "2 levels a stage", "clock_mhz": 100.0, "met": False,
                           "fmax_mhz": 91.25, "latency_cycles": 8, "latency_ns": 87.7,
                           "samples_per_second": 91.25e6,
                           "utilization": {"ICESTORM_LC": {"used": 1536, "available": 7680},
                                           "ICESTORM_RAM": {"used": 0, "available": 32}}},
        "prove/prove.json": {"status": "equal", "claims": [
            {"what": "gates", "status": "equal", "method": "SAT"},
            {"what": "counters", "status": "equal", "method": "ABC cec"}]},
        "icebreaker/build.json": {"board": "icebreaker", "fmax_mhz": 20.5, "clock_mhz": 12.0,
                                  "tools": {"nextpnr": "nextpnr-ice40 0.11"},
                                  "utilization": {"ICESTORM_LC": {"used": 9, "available": 5280},
                                                  "TBUF": {"used": 2, "available": 0}}},
        "train.json": {"classifier": "elsewhere/small.lgn", "test_samples": 360,
                       "train_samples": 1437, "seconds": 11.0},
    }  # fmt: skip
    for name, data in files.items():
        path = tmp_path / (name if name == "train.json" else f"small.lgn.{name}")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(json.dumps(data | {"digest": own.digest}))
    line = {"loss": 0.5, "gap_train": -0.0028, "gap_soft": 0.0, "train_mode_accuracy": 0.9722,
            "soft_accuracy": 0.975, "discrete_accuracy": 0.975}  # fmt: skip
    lines = [line | {"epoch": epoch} for epoch in (1, 2, 3)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return gather(tmp_path)


def test_page_needs_nothing_else(full):
    page = to_html(full)
    _, tags = read(page)
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object"}
    assert not [a for _, attributes in tags for a in attributes if a in ("src", "href")]
    assert not re.search(r"https?:|@import|url\(", page)


def test_page_is_the_same_bytes_each_time(full):
    assert to_html(full) == to_html(json.loads(json.dumps(full)))


def test_page_shows_every_figure_with_its_stage(full):
    text, _ = read(to_html(full))
    for shown in (
        "97.50 %", "of 360 test samples;",
        "95 % interval 95.3\N{EN DASH}98.7",
        "\N{MINUS SIGN}0.28 points", "LUT6, whole circuit 100 or 100 LUT4 estimate",
        "Flip-flops 100 estimate", "without carry chains but for 12 CARRY4 beside the LUT6.",
        "Area by part estimate", "Placed and routed pnr", "Clock 91.2 MHz hx8k-ct256 pnr",
        "100.0 MHz missed", "8 cycles, 87.7 ns", "91.2 M",
        "ICESTORM_LC 1,536 of 7,680 (20.0 %)",
        "973 results compared bit for bit with the software in icarus, 0 mismatches",
        "✓ caught", "8 clock cycles declared, 8 measured in simulation", "✓ proven",
        "gates: equal by SAT; counters: equal by ABC cec", "icebreaker", "12.0 MHz met",
        "bitstream with link and self-test",
        "torch = 2.13", "1,437 for training, 360 for the test",
    ):  # fmt: skip
        assert shown in text
    assert "ICESTORM_RAM" not in text
    assert "TBUF" not in text
    assert "not run" not in text.lower()


def test_page_says_plainly_what_was_not_run(bare):
    text, _ = read(to_html(bare))
    assert text.count("\N{EN DASH} not run") == 4
    assert "Not run: no count of cells is known." in text
    assert "No training curves" in text
    assert "Nothing was proven" in text
    assert "✓" not in text
    assert "MHz" not in text


def test_page_shows_a_failed_simulation(full):
    full["simulation"] |= {"mismatches": 3, "latency_cycles_measured": None}
    full["simulation"]["negative_control"] = {"caught": False, "mismatches": 0}
    full["simulation"]["cases"] = [{"name": "ready_held_low", "passed": False}]
    full["proof"] |= {"status": "different"}
    text, _ = read(to_html(full))
    for shown in ("✗ failed", "✗ missed", "✗ differs", "✗ different", "Failed: ready held low."):
        assert shown in text
    assert "✓" not in text


def test_page_never_shows_an_undecided_proof_as_a_success(full):
    full["proof"] |= {"status": "undecided"}
    text, _ = read(to_html(full))
    assert "\N{EN DASH} undecided" in text
    assert "proven" not in text


def test_page_escapes_names(full):
    page = to_html(full)
    assert "&lt;script&gt;, b&amp;w" in page


def test_area_bars_are_as_long_as_their_counts():
    picture = area_bars({"LUT6": PARTS, "LUT4": PARTS | {"logic": 80}}, width=WIDE, describe="x")
    widths = [float(w) for w in re.findall(r'width="([\d.]+)" height="46"', picture)]
    unit = (WIDE - 76) / 150
    expected = [*PARTS.values(), *(PARTS | {"logic": 80}).values()]
    assert widths == pytest.approx([count * unit - 1 for count in expected], abs=0.01)
    assert picture.count(">popcount</text>") == 2


def test_names_above_a_bar_do_not_overlap():
    parts = {"encoder": 4, "popcount": 8, "argmax": 8, "logic": 80}
    picture = area_bars({"LUT6": parts}, width=NARROW, describe="x")
    names = re.findall(r'<text[^>]* x="([\d.]+)" y="30"[^>]*>(\w+)</text>', picture)
    assert [name for _, name in names] == ["encoder", "popcount", "argmax"]
    for (x, name), (following, _) in pairwise(names):
        assert float(x) + text_width(name) < float(following)


def test_paired_bars_share_a_scale_and_say_both_counts():
    picture = paired_bars({"AND": (100, 40), "OR": (50, 0)}, describe="x")
    pairs = re.findall(r'class="(before|logic)" x="[\d.]+" y="[\d.]+" width="([\d.]+)"', picture)
    assert [style for style, _ in pairs] == ["before", "logic"] * 2
    longest = float(pairs[0][1])
    shares = [float(width) / longest for _, width in pairs]
    assert shares == pytest.approx([1, 0.4, 0.5, 0], abs=1e-3)
    assert ">100 → 40</text>" in picture
    assert "<title>OR: 50</title>" in picture


def test_columns_write_the_counts_of_a_few_levels_only():
    few = columns({"inputs": 10, "1": 20}, describe="x", axis="level", first_style="encoder")
    assert ">20</text>" in few
    many = {str(level): 1000 + level for level in range(40)}
    picture = columns(many, describe="x", axis="level", first_style="encoder")
    assert ">1,039</text>" not in picture
    assert "<title>level 39: 1,039</title>" in picture
    assert ">39</text>" not in picture


def test_curves_of_many_epochs_have_as_many_points_as_show():
    epochs = list(range(1, 5001))
    picture = curves(epochs, {"loss": ([1 / e for e in epochs], "first")}, describe="x",
                     logarithmic=True)  # fmt: skip
    points = re.search(r'class="curve first" points="([^"]+)"', picture)[1].split()
    assert 250 < len(points) <= 301
    assert points[-1].split(",")[0] == "260"


def test_report_command_writes_the_page_and_json(tmp_path, monkeypatch, capsys):
    random_classifier(1).save(tmp_path / "small.lgn")
    monkeypatch.setattr(sys, "argv", ["lgn", "report", str(tmp_path), "--json"])
    with pytest.raises(SystemExit, match=r"^0$"):
        main()
    data = json.loads(capsys.readouterr().out)
    assert data == json.loads((tmp_path / "report.json").read_text())
    assert (tmp_path / "report.html").read_text() == to_html(data)
