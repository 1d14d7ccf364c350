"""`lgn verilog` and `lgn sim`: their JSON, their files and their exit codes."""

import json
import re
import shutil

import numpy as np
import pytest
from strategies import random_classifier

from lgn_hw import Classifier

needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.lgn"
    random_classifier(1).save(path)
    return path


def test_verilog_prints_json_and_writes_the_file(lgn, small, tmp_path):
    code, out, _ = lgn("verilog", small, "-o", tmp_path / "v" / "core.v", "--scores", "--json")
    data, text = json.loads(out), (tmp_path / "v" / "core.v").read_text()
    assert code == 0
    assert data["digest"] == Classifier.load(small).digest
    assert data["bytes"] == len(text.encode())
    assert data["latency_cycles"] == 5
    assert data["seconds"] > 0


def test_verilog_lies_beside_the_classifier_by_default(lgn, small):
    assert lgn("verilog", small)[0] == 0
    assert small.with_suffix(".v").read_text().startswith("// classifier_core: ")


def test_verilog_puts_a_wrapper_before_the_core(lgn, small, tmp_path):
    arguments = ("--wrapper", "axi", "--data-bits", "16", "--json")
    data = json.loads(lgn("verilog", small, "-o", tmp_path / "x.v", *arguments)[1])
    text = (tmp_path / "x.v").read_text()
    modules = re.findall(r"^module (classifier_\w+)", text, re.MULTILINE)
    assert (data["top"], modules) == (
        "classifier_core_axi",
        ["classifier_core_axi", "classifier_core"],
    )
    assert "input [15:0] s_axis_tdata;" in text
    assert data["latency_cycles"] == 5 + 2 + 2  # of the core, two beats, two registers


def test_verilog_places_registers_for_a_clock_or_the_least_latency(lgn, small):
    def latency(*arguments):
        return json.loads(lgn("verilog", small, "--json", *arguments)[1])["latency_cycles"]

    assert latency("--latency", "min") == 2
    slow = latency("--clock-mhz", "20", "--part", "hx8k-ct256")
    fast = latency("--clock-mhz", "120", "--part", "hx8k-ct256")
    assert 2 == slow < fast
    assert latency("--clock-mhz", "120", "--part", "ecp5-25k") <= fast
    assert latency("--latency", "min", "--lut", "6") == 2
    luts = latency("--clock-mhz", "120", "--part", "hx8k-ct256", "--lut", "4")
    assert 2 < luts <= latency("--levels-per-stage", "1", "--lut", "4")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--latency", "max"), "--latency must be min, not 'max'"),
        (("--part", "hx8k-ct256"), "--part places registers for a clock; give it with --clock-mhz"),
        (
            ("--latency", "min", "--part", "hx8k-ct256", "--clock-mhz", "9"),
            "--latency min and --part both place the registers; give one of them",
        ),
    ],
)
def test_verilog_exits_with_2_where_registers_cannot_be_placed(lgn, small, arguments, message):
    code, _, err = lgn("verilog", small, *arguments)
    assert (code, re.sub(r"\s+", " ", err).strip()) == (2, f"error: {message}")


def test_verilog_writes_a_folder_with_the_real_samples(lgn, small, tmp_path):
    x = np.random.default_rng(0).integers(0, 16, (30, 8))
    np.savez(small.parent / "test.npz", x=x, y=np.zeros(30, int), codes=np.array(True))
    out = lgn("verilog", small, "-o", tmp_path / "out", "--wrapper", "parallel", "--json")[1]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert json.loads(out)["vectors"] == manifest["vectors"] == 2 + 200 + 30
    assert json.loads(out)["files"] == len(manifest["sha256"]) + 1
    assert manifest["options"]["clock_mhz"] == 100.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--wrapper", "wishbone"),
            "The wrapper must be one of stream, axi, parallel, not 'wishbone'",
        ),
        (("--wrapper", "axi", "--data-bits", "12"), "TDATA must be a multiple of 8 bits, not 12"),
        (
            ("--data-bits", "8"),
            "--data-bits is the width of TDATA and needs --wrapper axi, not stream",
        ),
    ],
)
def test_verilog_exits_with_2_where_a_wrapper_cannot_be(lgn, small, arguments, message):
    code, _, err = lgn("verilog", small, *arguments)
    assert (code, re.sub(r"\s+", " ", err).strip()) == (2, f"error: {message}")
    assert not small.with_suffix(".v").exists()


@needs_icarus
def test_sim_reads_the_test_samples_beside_the_classifier(lgn, small):
    x = np.random.default_rng(0).integers(0, 16, (30, 8))
    np.savez(small.parent / "test.npz", x=x, y=np.zeros(30, int), codes=np.array(True))
    code, out, _ = lgn("sim", small, "--vectors", "20", "--json")
    data = json.loads(out)
    assert code == 0
    assert data == json.loads((small.parent / "small.lgn.sim" / "sim.json").read_text())
    assert data["cases"][0]["vectors"] == 2 + 20 + 30
    assert data["mismatches"] == 0
    assert data["latency_cycles"] == data["latency_cycles_measured"]
    assert data["negative_control"]["caught"]
    assert {"digest", "vectors", "simulator", "seconds"} <= data.keys()


@pytest.mark.parametrize("command", [("sim",), ("verilog", "-o", "folder/")])
def test_test_samples_of_another_classifier_are_refused_with_a_remedy(lgn, small, command):
    np.savez(small.parent / "test.npz", x=np.zeros((3, 99), int), codes=True)
    name, *options = command
    code, _, err = lgn(name, small, *options)
    said = " ".join(err.split())
    assert code == 2
    assert f"beside {small}; move it or the classifier into another folder" in said


@needs_icarus
def test_sim_exits_with_1_where_the_verilog_was_tampered_with(lgn, small, tmp_path):
    lgn("verilog", small)
    verilog = small.with_suffix(".v")
    logic = verilog.read_text().index("module \\classifier_core.logic")
    text = verilog.read_text()
    tampered = text[:logic] + text[logic:].replace("<= {", "<= ~{", 1)
    assert tampered != text
    verilog.write_text(tampered)
    arguments = ("--vectors", "20", "--no-negative-control", "-o", tmp_path / "out")
    code, _, err = lgn("sim", small, "--verilog", verilog, *arguments)
    assert code == 1
    assert "results differ from software; vector " in re.sub(r"\s+", " ", err)
    assert json.loads((tmp_path / "out" / "sim.json").read_text())["mismatches"] > 0


def test_sim_exits_with_2_where_the_verilog_is_of_another_classifier(lgn, small, tmp_path):
    other = tmp_path / "other.lgn"
    random_classifier(2).save(other)
    lgn("verilog", other)
    code, _, err = lgn("sim", small, "--verilog", other.with_suffix(".v"))
    assert code == 2
    assert Classifier.load(small).digest in re.sub(r"\s+", "", err)
    assert Classifier.load(other).digest in re.sub(r"\s+", "", err)


def test_sim_exits_with_3_where_cocotb_is_missing(lgn, small, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = lgn("sim", small)
    assert code == 3
    assert "cocotb is missing; install it with: pip install 'lgn-hw[sim]'" in err


def test_more_vectors_than_fit_into_memory_are_refused(lgn, small):
    code, _, err = lgn("sim", small, "--vectors", "99999999999999999999")
    assert code == 2
    assert "--vectors" in err
    assert "1000000" in err
