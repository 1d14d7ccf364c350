"""The wrappers around the core: AXI under random stalls, the parallel port, and refusals."""

import json
import re
import shutil
from dataclasses import asdict
from xml.etree import ElementTree

import numpy as np
import pytest
from amaranth_bench import codes_of
from strategies import random_classifier

pytest.importorskip("cocotbext.axi", reason="cocotbext-axi is not installed")

from axi_bench import CASES, JOB_VARIABLE
from cocotb_tools.runner import get_runner

from lgn_hw import UsageError
from lgn_hw.hdl.verilog import read_core_header, to_verilog
from lgn_hw.hdl.wrappers import WRAPPERS, check_wrapper, wrapper_top, wrapper_verilog

needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")


def words_of(classifier, header, samples):
    """Return samples as words, and the results that they must give."""
    codes = codes_of(classifier, samples, np.random.default_rng(0))
    scores = classifier.scores(codes)
    results = scores.argmax(axis=1).tolist()
    if header.scores:
        for c in range(header.classes):
            shift = header.class_bits + c * header.score_bits
            results = [r | int(s) << shift for r, s in zip(results, scores[:, c], strict=True)]
    return classifier.features.pack(codes), results


@needs_icarus
@pytest.mark.parametrize(
    ("data_bits", "scores", "levels"), [(8, True, 1), (24, False, 0), (32, True, 0), (64, False, 2)]
)
def test_axi_wrapper_in_cocotb(tmp_path, monkeypatch, data_bits, scores, levels):
    classifier = random_classifier(1, features=7, bits=20, layers=(20, 20), classes=3)
    text = to_verilog(classifier, levels_per_stage=levels, scores=scores)
    header = read_core_header(text)
    samples, expected = words_of(classifier, header, 50)
    job = {"header": asdict(header), "samples": samples, "expected": expected,
           "data_bits": data_bits}  # fmt: skip
    (tmp_path / "job.json").write_text(json.dumps(job))
    (tmp_path / "top.v").write_text(text + wrapper_verilog(header, "axi", data_bits=data_bits))
    monkeypatch.setenv(JOB_VARIABLE, str(tmp_path / "job.json"))
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # else the runner ends the process on a failure
    runner = get_runner("icarus")
    top = wrapper_top(header, "axi")
    runner.build(sources=[tmp_path / "top.v"], hdl_toplevel=top, build_dir=tmp_path / "build",
                 timescale=("1ns", "1ps"), log_file=tmp_path / "build.log")  # fmt: skip
    results = runner.test(test_module="axi_bench", hdl_toplevel=top, test_dir=tmp_path,
                          build_dir=tmp_path / "build", log_file=tmp_path / "log")  # fmt: skip
    cases = {
        case.get("name"): case.find("failure") is None and case.find("error") is None
        for case in ElementTree.parse(results).iter("testcase")
    }
    assert cases == dict.fromkeys(CASES, True), (tmp_path / "log").read_text()[-3000:]


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrapper_names_its_top(wrapper):
    header = read_core_header(to_verilog(random_classifier(1)))
    text = wrapper_verilog(header, wrapper)
    tops = re.findall(r"^module (\w+)\(", text, re.MULTILINE)
    assert tops == ([] if wrapper == "stream" else [wrapper_top(header, wrapper)])
    assert ("classifier_core core (" in text) == (wrapper != "stream")
    assert wrapper_verilog(header, wrapper) == text


@pytest.mark.parametrize(
    ("wrapper", "data_bits", "message"),
    [
        ("wishbone", 32, "The wrapper must be one of stream, axi, parallel, not 'wishbone'"),
        ("axi", 12, "TDATA must be a multiple of 8 bits, not 12"),
        ("axi", 4, "TDATA is too narrow: it must be 8 bits or more, not 4"),
        ("axi", 0, "TDATA is too narrow: it must be 8 bits or more, not 0"),
    ],
)
def test_wrapper_rejects_what_cannot_be(wrapper, data_bits, message):
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        check_wrapper(wrapper, data_bits)
