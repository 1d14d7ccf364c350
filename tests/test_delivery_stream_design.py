"""The folder of a streaming core: its own commands pass, and fail on whatever is wrong."""

import json
import re
import sys

import numpy as np
import pytest
from amaranth_bench import codes_of
from conv_bench import random_conv
from streaming_bench import pixels_of, words_of
from test_delivery import commands, needs_icarus, needs_verilator, run

from lgn_hw.delivery.design_proof import prove_design
from lgn_hw.delivery.folder import deliver
from lgn_hw.delivery.stream_design import make_stream_design
from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.frames import pack_frame_results, pack_pixels
from lgn_hw.tools.programs import find_program

FRAMES = 14  # of 12 and more the time between frames is checked
NETS = {
    "padded": random_conv(
        7, (2, 4, 6), 3, ({"kernels": 4, "padding": 1, "pool": 2},), classes=3, low=-8, high=7
    ),
    "dense": random_conv(8, (3, 5, 5), 3, ({"kernels": 3, "stride": 2},), (16, 6)),
    "one pixel": random_conv(9, (1, 1, 1), 2, ({"kernels": 4, "size": 1},)),
}  # fmt: skip
CASES = [("padded", "stream", True, 32), ("padded", "axi", True, 8), ("dense", "axi", False, 32),
         ("one pixel", "stream", False, 32), ("one pixel", "axi", True, 8)]  # fmt: skip


def made(name, wrapper, scores=True, data_bits=32):
    return make_stream_design(
        NETS[name], StreamingOptions(1, scores), wrapper=wrapper, data_bits=data_bits, clock_mhz=50
    )


def write(folder, name, wrapper, scores=True, data_bits=32):
    codes = codes_of(NETS[name], FRAMES, np.random.default_rng(0))
    return deliver(NETS[name], made(name, wrapper, scores, data_bits), codes, folder)


@needs_icarus
@pytest.mark.parametrize(("name", "wrapper", "scores", "data_bits"), CASES)
def test_testbench_passes_and_fails_on_what_is_wrong(tmp_path, name, wrapper, scores, data_bits):
    write(tmp_path, name, wrapper, scores, data_bits)
    script = commands(tmp_path, "Icarus Verilog")
    code, said = run(tmp_path, script)
    assert (code, f"PASS: {2 * FRAMES + 3} results, 0 mismatches" in said) == (0, True), said
    assert not re.search("warning|error", said, re.IGNORECASE)
    expected, parameters = tmp_path / "tb" / "expected.hex", tmp_path / "tb" / "parameters.vh"
    samples = tmp_path / "tb" / "samples.hex"
    for file, right, wrong in (
        (expected, r"(\w)\n\Z", lambda found: f"{int(found[1], 16) ^ 1:x}\n"),
        (parameters, "LATENCY = ", "LATENCY = 1 + "),
        (parameters, "INTERVAL = ", "INTERVAL = 1 + "),
        (samples, r".*\n\Z", ""),
    ):
        text = file.read_text()
        file.write_text(re.sub(right, wrong, text))
        code, said = run(tmp_path, script)
        assert (code != 0, "FAIL: " in said, "PASS" in said) == (True, True, False), (file, said)
        file.write_text(text)


@needs_icarus
@pytest.mark.parametrize(("name", "wrapper", "scores", "data_bits"), CASES[1:4])
def test_cocotb_passes_and_fails_on_a_corrupted_file(tmp_path, name, wrapper, scores, data_bits):
    pytest.importorskip("cocotb", reason="cocotb is not installed")
    write(tmp_path, name, wrapper, scores, data_bits)
    script = f"{sys.executable} tb/test_cocotb.py"
    code, said = run(tmp_path, script)
    assert (code, "4 tests, 0 failed" in said) == (0, True), said
    file = tmp_path / "tb" / "expected.hex"
    file.write_text(re.sub(r"(\w)\n\Z", lambda w: f"{int(w[1], 16) ^ 1:x}\n", file.read_text()))
    code, said = run(tmp_path, script)
    assert (code != 0, "1 of 1" in said) == (True, True)


@needs_verilator
@pytest.mark.slow
@pytest.mark.parametrize(("name", "wrapper", "scores", "data_bits"), CASES)
def test_testbench_passes_in_verilator(tmp_path, name, wrapper, scores, data_bits):
    write(tmp_path, name, wrapper, scores, data_bits)
    code, said = run(tmp_path, commands(tmp_path, "Verilator 5"))
    assert (code, f"PASS: {2 * FRAMES + 3} results, 0 mismatches" in said) == (0, True), said


@pytest.mark.parametrize("name", NETS)
def test_pixels_and_results_are_packed_as_the_ports_have_them(name):
    classifier = NETS[name]
    codes = codes_of(classifier, 5, np.random.default_rng(1))
    assert pack_pixels(classifier, codes) == pixels_of(classifier, codes)
    core, scores = StreamingCore(classifier, StreamingOptions(0, True)), classifier.scores(codes)
    wrong = np.array([0, 1, 0, 1, 1], bool)
    packed = pack_frame_results(made(name, "stream").header, scores, wrong)
    assert packed == words_of(core, scores, wrong.tolist())
    alone = pack_frame_results(made(name, "stream", scores=False).header, scores)
    assert alone == scores.argmax(axis=1).tolist()


def test_the_readme_and_the_manifest_describe_the_ports(tmp_path):
    manifest = write(tmp_path, "padded", "axi", True, 16)
    text = (tmp_path / "README.md").read_text()
    assert manifest == json.loads((tmp_path / "manifest.json").read_text())
    assert "one a beat of 8 bits" in text
    assert "| 7:4 | 1 | -8 to 7, signed | 0.0 | 1.0 |" in text
    assert f"bit, {manifest['shape']['result_bits'] - 1}, is the error" in text
    assert f"a frame every {manifest['interval_cycles']} cycles".capitalize() in text
    assert manifest["channels"][1]["first"] == 4
    assert "get_ports aclk" in (tmp_path / "constraints" / "vivado.xdc").read_text()
    assert "rtl/wrapper.v" in (tmp_path / "filelist.f").read_text()


def test_one_bit_and_one_beat_are_singular(tmp_path):
    two = random_conv(9, (1, 1, 1), 2, ({"kernels": 4, "size": 1},), classes=2)
    design = make_stream_design(two, StreamingOptions(), wrapper="axi", data_bits=8, clock_mhz=50)
    deliver(two, design, codes_of(two, 1, np.random.default_rng(0)), tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert "a packet of 1 beat of 8 bits" in text
    assert "in the lowest 1 bit of a result;" in text


@pytest.mark.parametrize("data_bits", [8, 24])
def test_a_core_in_its_wrapper_is_proven(data_bits):
    design = made("one pixel", "axi", True, data_bits)
    proof = prove_design(NETS["one pixel"], design.text)
    assert (proof.status, proof.claims[-1].method) == ("equal", "letter by letter")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("tuser", "tuzer"), ("module ", "module other(); endmodule\nmodule "),
     (r"\[7:0\] m_axis_tdata", "[8:0] m_axis_tdata")],
)  # fmt: skip
def test_another_wrapper_is_refused(right, wrong):
    design = made("one pixel", "axi", True, 8)
    text = re.sub(right, wrong, design.wrapper_text) + design.core
    proof = prove_design(NETS["one pixel"], text)
    assert proof.status == "refused"
    assert "not those that `lgn verilog --wrapper` writes around" in proof.claims[-1].detail


@pytest.mark.skipif(not find_program("verilator"), reason="verilator is not installed")
@pytest.mark.parametrize(("name", "wrapper", "scores", "data_bits"), CASES)
def test_verilator_has_nothing_to_warn_of_in_the_wrapper(
    tmp_path, name, wrapper, scores, data_bits
):
    from test_hdl_lint import said

    design = made(name, wrapper, scores, data_bits)
    command = [find_program("verilator"), "--lint-only", "-Wall", "--top-module", design.top]
    assert said(command, design.text, tmp_path) == (0, "")
