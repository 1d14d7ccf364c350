"""The deliverable folder: its own commands pass, a corrupted file fails, the bytes are the same."""

import hashlib
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from amaranth_bench import codes_of
from strategies import random_classifier

from lgn_hw import UsageError
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.delivery.design import make_design
from lgn_hw.delivery.folder import deliver
from lgn_hw.hdl.wrappers import WRAPPERS
from lgn_hw.tools.programs import find_program, search_path

VECTORS = 40
needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
needs_verilator = pytest.mark.skipif(
    not (find_program("verilator") and shutil.which("g++")), reason="verilator is not installed"
)


def write(folder, wrapper, *, scores=False, data_bits=24, seed=1, **made_for):
    classifier = random_classifier(seed, features=7, bits=20, layers=(20, 20), classes=3)
    options = CoreOptions(registers=1, scores=scores, **made_for)
    design = make_design(classifier, options, wrapper=wrapper, data_bits=data_bits, clock_mhz=125)
    codes = codes_of(classifier, VECTORS, np.random.default_rng(0))
    return deliver(classifier, design, codes, folder)


def commands(folder, title):
    """Return the commands that the README gives under a title."""
    found = re.search(rf"{title}:\n\n((?:    .*\n)+)", (folder / "README.md").read_text())
    return "set -e\n" + found[1]


def run(folder, script):
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, capture_output=True, text=True, check=False,
        env={"PATH": search_path()},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def passes(wrapper):
    """Return the line that the testbench ends with: twice the vectors where there are pauses."""
    results = VECTORS if wrapper == "parallel" else 2 * VECTORS
    return f"PASS: {results} results, 0 mismatches"


@needs_icarus
@pytest.mark.parametrize(
    ("wrapper", "scores"),
    [("stream", True), ("axi", False), ("parallel", True), ("parallel", False)],
)
def test_testbench_passes_and_fails_on_a_corrupted_file_in_icarus(tmp_path, wrapper, scores):
    write(tmp_path, wrapper, scores=scores)
    script = commands(tmp_path, "Icarus Verilog")
    code, said = run(tmp_path, script)
    assert code == 0
    assert passes(wrapper) in said
    assert not re.search("warning|error", said, re.IGNORECASE)
    vectors = (tmp_path / "tb" / "expected.hex").read_text()
    flipped = vectors[:-2] + f"{int(vectors[-2], 16) ^ 1:x}\n"
    first = vectors.index("\n")
    for corrupted in (flipped, vectors[: len(vectors) // 2], "x" * first + vectors[first:]):
        (tmp_path / "tb" / "expected.hex").write_text(corrupted)
        code, said = run(tmp_path, script)
        assert code != 0, corrupted
        assert "FAIL: " in said
        assert "PASS" not in said


@needs_icarus
def test_folder_of_a_core_with_carry_chains_passes_and_names_its_synthesis(tmp_path):
    manifest = write(tmp_path, "stream", lut_size=6, head="chains")
    code, said = run(tmp_path, commands(tmp_path, "Icarus Verilog"))
    assert (code, passes("stream") in said) == (0, True)
    assert "synth_xilinx -abc9" in commands(tmp_path, "yosys, for parts with such carry chains")
    assert manifest["options"]["chains"] is True


@needs_icarus
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_testbench_finds_short_samples_and_another_latency(tmp_path, wrapper):
    write(tmp_path, wrapper)
    script = commands(tmp_path, "Icarus Verilog")
    parameters = tmp_path / "tb" / "parameters.vh"
    right = parameters.read_text()
    if wrapper != "axi":
        parameters.write_text(right.replace("LATENCY = ", "LATENCY = 1 + "))
        code, said = run(tmp_path, script)
        assert (code != 0, "FAIL: " in said) == (True, True)
        parameters.write_text(right)
    samples = tmp_path / "tb" / "samples.hex"
    samples.write_text("".join(samples.read_text().splitlines(keepends=True)[:-1]))
    code, said = run(tmp_path, script)
    assert code != 0
    assert re.search(r"FAIL: .*tb/samples\.hex is short", said)


@needs_verilator
@pytest.mark.slow
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_testbench_passes_and_fails_in_verilator(tmp_path, wrapper):
    write(tmp_path, wrapper, scores=True)
    script = commands(tmp_path, "Verilator 5")
    code, said = run(tmp_path, script)
    assert (code, passes(wrapper) in said) == (0, True), said
    vectors = (tmp_path / "tb" / "expected.hex").read_text()
    for corrupted in (vectors[:-2] + f"{int(vectors[-2], 16) ^ 1:x}\n", vectors[:-20]):
        (tmp_path / "tb" / "expected.hex").write_text(corrupted)
        code, said = run(tmp_path, script.splitlines()[-1])
        assert code != 0
        assert "FAIL: " in said


@needs_icarus
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_cocotb_passes_and_fails_on_a_corrupted_file(tmp_path, wrapper):
    pytest.importorskip("cocotb", reason="cocotb is not installed")
    write(tmp_path, wrapper, scores=True)
    script = f"{sys.executable} tb/test_cocotb.py"
    code, said = run(tmp_path, script)
    assert code == 0, said
    assert re.search(r"^\d tests, 0 failed$", said, re.MULTILINE)
    vectors = (tmp_path / "tb" / "expected.hex").read_text()
    (tmp_path / "tb" / "expected.hex").write_text(vectors[:-2] + f"{int(vectors[-2], 16) ^ 1:x}\n")
    code, said = run(tmp_path, script)
    assert code != 0
    assert "1 of 40 differ, first 39" in said or "differ, first 78" in said


def test_delivery_is_the_same_bytes_each_time(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name, "axi")
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")]
    assert len(files) >= 15
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_one_bit_and_one_beat_are_singular(tmp_path):
    few = random_classifier(1, features=1, bits=1, layers=(2, 2), classes=2)
    design = make_design(few, CoreOptions(), wrapper="axi", data_bits=8, clock_mhz=125)
    deliver(few, design, codes_of(few, 1, np.random.default_rng(0)), tmp_path, projects=["litex"])
    text = " ".join((tmp_path / "README.md").read_text().split())
    assert "one packet per sample: 1 beat of 8 bits" in text
    assert "in order, 1 beat each" in text
    assert "against 1 vector." in text
    assert "o_result__payload  output  1 bit:" in (tmp_path / "rtl" / "core.v").read_text()
    assert "from `source` in 1 beat" in (tmp_path / "litex" / "classifier_core.py").read_text()


def test_manifest_lists_every_file_with_its_digest(tmp_path):
    manifest = write(tmp_path, "axi")
    assert manifest == json.loads((tmp_path / "manifest.json").read_text())
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == manifest["sha256"].keys() | {"manifest.json", ".lgn.lock"}
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    assert manifest["tools"].keys() == {"lgn-hw", "amaranth", "yosys"}
    assert (manifest["vectors"], manifest["shape"]["sample_beats"]) == (VECTORS, 2)


def test_scripts_name_sources_top_and_clock(tmp_path):
    manifest = write(tmp_path, "axi")
    for name in ("vivado/out_of_context.tcl", "quartus/out_of_context.tcl", "filelist.f"):
        text = (tmp_path / name).read_text()
        assert "rtl/core.v" in text
        assert "rtl/wrapper.v" in text
        assert manifest["top"] in text or name == "filelist.f"
    for name in ("vivado.xdc", "quartus.sdc"):
        assert "create_clock -name aclk -period 8.000 [get_ports aclk]" in (
            (tmp_path / "constraints" / name).read_text()
        )
    assert "set_frequency aclk 125" in (tmp_path / "constraints" / "ice40.pcf").read_text()
    assert 'FREQUENCY PORT "aclk" 125 MHZ;' in (tmp_path / "constraints" / "ecp5.lpf").read_text()


def test_delivery_replaces_an_earlier_one_and_keeps_other_files(tmp_path):
    write(tmp_path, "parallel")
    (tmp_path / "notes.txt").write_text("mine")
    write(tmp_path, "stream")
    assert not (tmp_path / "rtl" / "wrapper.v").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_delivery_rejects_a_folder_of_other_files(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    message = f"{tmp_path} holds files that lgn did not write (thesis.tex); choose a new or empty"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        write(tmp_path, "stream")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
