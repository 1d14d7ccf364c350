"""The Verilog of streaming cores: its header, and Icarus with pauses, cuts and a control."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from amaranth_bench import codes_of
from cocotb_tools.runner import get_runner
from conv_bench import random_conv
from streaming_bench import pixels_of, words_of

from lgn_hw import UsageError
from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.header import read_stream_header
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_hw.tools.programs import find_program

SCORES = StreamingOptions(scores=True)
NETS = {
    "straight": random_conv(
        7, (2, 6, 8), 3, ({"kernels": 4, "padding": 1, "pool": 2}, {"kernels": 6, "padding": 1}),
        classes=3,
    ),
    "dense": random_conv(8, (1, 5, 7), 2, ({"kernels": 3, "stride": 2},), (16, 6), missing=0.3),
}  # fmt: skip


def simulated(folder, text, words, header, results):
    """Return what Icarus finds, flow by flow."""
    (folder / "core.v").write_text(text)
    job = {
        "flows": [(False, False), (True, False), (False, True), (True, True)], "words": words,
        "results": results, "quiet": header.rows * header.columns + 60,
        "pixels": header.rows * header.columns,
    }  # fmt: skip
    (folder / "job.json").write_text(json.dumps(job))
    runner = get_runner("icarus")
    runner.build(
        sources=[folder / "core.v"], hdl_toplevel=header.top, build_dir=folder / "build",
        timescale=("1ns", "1ps"), always=True, log_file=folder / "build.log",
    )  # fmt: skip
    runner.test(
        test_module="stream_cocotb", hdl_toplevel=header.top, build_dir=folder / "build",
        test_dir=folder, log_file=folder / "test.log",
        extra_env={"PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path])},
    )  # fmt: skip
    return json.loads((folder / "found.json").read_text())


def transfers(header, frames):
    last = 1 << header.pixel_bits
    return [w | (last if i == len(f) - 1 else 0) for f in frames for i, w in enumerate(f)]


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    if find_program("iverilog") is None:
        pytest.skip("Icarus is missing; apt-get install iverilog")
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)


@pytest.mark.parametrize("name", NETS)
def test_icarus_gives_the_classifiers_scores(tmp_path, name):
    classifier = NETS[name]
    codes = codes_of(classifier, 5, np.random.default_rng(2))
    text = streaming_verilog(classifier, SCORES)
    header, core = read_stream_header(text), StreamingCore(classifier, SCORES)
    frames = pixels_of(classifier, codes)
    found = simulated(tmp_path, text, transfers(header, frames), header, len(codes))
    expected = [str(word) for word in words_of(core, classifier.scores(codes))]
    assert [flow["words"] for flow in found] == [expected] * 4
    assert found[0]["latency"] == header.latency
    assert header.digest == classifier.digest


def test_icarus_tells_cut_frames_and_a_flipped_bit(tmp_path):
    classifier = NETS["straight"]
    section = classifier.convolution
    tables = section.layers[1].tables ^ np.uint64(0b1111)  # every node of it inverted
    faulty = replace(section, layers=(section.layers[0], replace(section.layers[1], tables=tables)))
    codes = codes_of(classifier, 3, np.random.default_rng(3))
    text = streaming_verilog(replace(classifier, convolution=faulty), SCORES)
    header, core = read_stream_header(text), StreamingCore(classifier, SCORES)
    frames = pixels_of(classifier, codes)
    frames = [frames[0][:20], frames[1] + frames[1][:7], frames[2]]
    found = simulated(tmp_path, text, transfers(header, frames), header, 3)
    right = words_of(core, classifier.scores(codes))
    for flow in found:
        words = [int(word) for word in flow["words"]]
        assert [word >> (header.result_bits - 1) for word in words] == [1, 1, 0]
        assert words[2] != right[2]


def test_the_same_arguments_give_the_same_text():
    texts = [streaming_verilog(NETS["dense"], StreamingOptions(1), name="edges") for _ in range(2)]
    assert texts[0] == texts[1]
    header = read_stream_header(texts[0])
    assert (header.top, header.registers, header.rows, header.columns) == ("edges", 1, 5, 7)
    assert "module edges(" in texts[0]
    assert read_stream_header("module a; endmodule") is None


def test_names_and_headers_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match=r"^A module name must be letters.*not 'module'$"):
        streaming_verilog(NETS["dense"], name="module")
    with pytest.raises(UsageError, match=r"^The Verilog's lgn-stream line cannot be read"):
        read_stream_header("// lgn-stream: {}\n")
