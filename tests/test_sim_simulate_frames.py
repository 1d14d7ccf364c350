"""The simulation of streaming cores passes right ones, and finds what a bench may overlook."""

import json
import re
import shutil

import numpy as np
import pytest
from messages import telling

pytest.importorskip("cocotb", reason="cocotb is not installed")

from amaranth_bench import codes_of
from conv_bench import random_conv

from lgn_hw import CheckFailed, UsageError
from lgn_hw.hdl.streaming import StreamingOptions
from lgn_hw.hdl.streaming.header import read_stream_header
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_sim.control import faulty_form
from lgn_sim.job import FRAME_CASES
from lgn_sim.simulate_frames import simulate_frames

pytestmark = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")

NETS = {
    "two layers": random_conv(
        7, (2, 4, 6), 3, ({"kernels": 4, "padding": 1, "pool": 2}, {"kernels": 6, "padding": 1}),
        classes=3, low=-8, high=7,
    ),
    "dense": random_conv(8, (1, 5, 7), 2, ({"kernels": 3, "stride": 2},), (16, 6), missing=0.3),
    "one pixel": random_conv(9, (1, 1, 1), 2, ({"kernels": 4, "size": 1},)),
}  # fmt: skip
SMALL = NETS["two layers"]


@pytest.fixture(scope="module")
def text():
    return streaming_verilog(SMALL, StreamingOptions(1, scores=True))


def quick(classifier, folder, **options):
    options = {"vectors": 11, "negative_control": False} | options
    return simulate_frames(classifier, output_dir=folder, **options)


@pytest.mark.parametrize(("name", "scores"), [(n, n != "dense") for n in NETS])
def test_every_case_of_a_streaming_core_passes(tmp_path, name, scores):
    real = codes_of(NETS[name], 3, np.random.default_rng(0))
    options = StreamingOptions(1, scores)
    result = quick(NETS[name], tmp_path, samples=real, options=options, negative_control=True)
    result.check()
    header = read_stream_header(streaming_verilog(NETS[name], options))
    assert [case.name for case in result.cases] == list(FRAME_CASES)
    assert [case.vectors for case in result.cases] == [16, *[5] * 6]
    assert result.latency_cycles_measured == result.latency_cycles == header.latency
    assert result.interval_cycles_measured == result.interval_cycles == header.interval
    assert result.throughput == round(1 / header.interval, 9)
    assert result.negative_control.caught
    written = json.loads((tmp_path / "sim.json").read_text())
    assert written == json.loads(json.dumps(result.to_json()))


@pytest.mark.parametrize("name", NETS)
def test_a_faulty_form_is_a_classifier_of_other_results(name):
    codes = codes_of(NETS[name], 20, np.random.default_rng(1))
    faulty = faulty_form(NETS[name], codes, scores=True, seed=0)
    assert (faulty.scores(codes) != NETS[name].scores(codes)).any()
    form, right = faulty.convolution, NETS[name].convolution
    if right.tail is not None:
        changed = form.tail.table ^ right.tail.table
    else:
        changed = form.layers[-1].tables ^ right.layers[-1].tables
    assert sum(int(word).bit_count() for word in changed) == 1


def test_the_mismatches_of_a_faulty_form_are_counted(tmp_path, text):
    codes = codes_of(SMALL, 20, np.random.default_rng(1))
    faulty = faulty_form(SMALL, codes, scores=True, seed=0)
    tampered = streaming_verilog(faulty, StreamingOptions(1, scores=True))
    result = quick(
        SMALL, tmp_path, verilog=tampered.replace(faulty.digest, SMALL.digest), samples=codes,
        vectors=0,
    )  # fmt: skip
    wrong = (faulty.scores(codes) != SMALL.scores(codes)).any(axis=1)
    flowing = result.cases[0]
    assert flowing.mismatches >= wrong.sum() > 0
    first = next(found for found in flowing.first if found.sample >= 2)  # behind two of the ends
    assert wrong[first.sample - 2]
    with pytest.raises(CheckFailed, match=telling("Case flowing: ...results differ...")):
        result.check()


# What a bench may overlook: what to replace, by what, the case, and what it says.
FAULTS = {
    "an error that is never told": (
        r"assign o_result__payload = \{ ([^,]*),", r"assign o_result__payload = { 1'b0 & \1,",
        "wrong_lengths", r"\d of 5 results differ from software; vector \d must give class",
    ),
    "another latency": (
        r'"latency": \d+', r'"latency": 99', "flowing",
        r"Latency from the last pixel must be 99 cycles, not \d+",
    ),
    "another interval": (
        r'"interval": \d+', r'"interval": 99', "flowing",
        r"Time from a frame to the next must be 99 cycles, not 35",
    ),
    "valid that waits for ready": (
        r"assign o_result__valid = ", r"\g<0>o_result__ready & ", "ready_held_low",
        "o_result.valid must not wait for o_result.ready",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_simulate_finds(text, tmp_path, fault):
    pattern, replacement, case, said = FAULTS[fault]
    tampered, times = re.subn(pattern, replacement, text, count=1)
    assert times == 1, re.findall(r"assign o_result.*", text)
    result = quick(SMALL, tmp_path, verilog=tampered)
    assert case in [found.name for found in result.cases if not found.passed]
    with pytest.raises(CheckFailed, match=f"^Case {case}: {said}"):
        result.check()


def test_verilog_of_something_else_is_refused(text, tmp_path):
    other = NETS["dense"]
    message = f"...of classifier {SMALL.digest}, ...of {other.digest}; ...--conv stream`"
    with pytest.raises(UsageError, match=telling(message)):
        quick(other, tmp_path, verilog=text)
    with pytest.raises(UsageError, match=telling("The Verilog is no streaming core...")):
        quick(SMALL, tmp_path, verilog="module a; endmodule")
