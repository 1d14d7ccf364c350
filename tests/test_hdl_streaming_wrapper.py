"""AXI4-Stream video around a streaming core: pauses, cut lines and frames, and small faults."""

import json
import random
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from amaranth_bench import codes_of
from conv_bench import random_conv
from messages import telling
from streaming_bench import pixels_of, words_of

pytest.importorskip("cocotbext.axi", reason="cocotbext-axi is not installed")

from cocotb_tools.runner import get_runner
from video_bench import CASES, JOB_VARIABLE

from lgn_hw import UsageError
from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions, video, wrapper
from lgn_hw.hdl.streaming.header import read_stream_header
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_hw.hdl.streaming.wrapper import (
    check_stream_wrapper,
    stream_wrapper_latency,
    stream_wrapper_top,
    stream_wrapper_verilog,
)

needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
NETS = {
    "padded": random_conv(
        7, (2, 4, 6), 3, ({"kernels": 4, "padding": 1, "pool": 2},), classes=3, low=-8, high=7
    ),
    "three channels": random_conv(8, (3, 5, 5), 3, ({"kernels": 3, "stride": 2},), (16, 6)),
    "one column": random_conv(9, (1, 3, 1), 2, ({"kernels": 4, "size": 1},)),
    "one row": random_conv(9, (1, 1, 4), 2, ({"kernels": 4, "size": 1},)),
    "one pixel": random_conv(9, (1, 1, 1), 2, ({"kernels": 4, "size": 1},)),
}  # fmt: skip


def beats_of(frame, columns):
    """Return a frame's pixels as beats of a video without faults."""
    return [[word, int(i == 0), int(i % columns == columns - 1)] for i, word in enumerate(frame)]


def shown(beats, rows, columns):
    """Return what a video shows: the pixels of each frame, and whether it is told as wrong.

    What comes last is a frame only where it has all its lines.
    """
    begins = [i for i, (_, user, _) in enumerate(beats) if user]
    frames, strays = [], False
    for begin, end in zip(begins, [*begins[1:], None], strict=True):
        lines = [[]]
        for word, _, last in beats[begin:end]:
            lines[-1].append(word)
            if last:
                lines.append([])
        open_line = lines.pop()
        whole = [len(line) == columns for line in lines] + [False] * bool(open_line)
        lines += [open_line] * bool(open_line)
        ended = len(lines) > rows or (
            len(lines) == rows and (not open_line or len(open_line) >= columns)
        )
        if end is None and not ended:
            break
        wrong = strays or len(lines) < rows or not all(whole[:rows])
        filled = [(line + [0] * columns)[:columns] for line in lines[:rows]]
        filled += [[0] * columns] * (rows - len(filled))
        frames.append(([word for line in filled for word in line], wrong))
        strays = len(lines) > rows
    return frames


def damaged(frames, columns, rng):
    """Return a video of frames with damaged lines, and the last frame whole, twice."""
    beats = beats_of(frames[0], columns)[-rng.randrange(1, 5) :]  # the end of another frame
    beats = [[word, 0, last] for word, _, last in beats]
    for frame in frames[1:]:
        of = beats_of(frame, columns)
        for _ in range(rng.choice([0, 1, 1, 2])):
            at = rng.choice([rng.randrange(len(of)), -1 % columns, len(of) - 1])
            of = DAMAGES[rng.choice([*DAMAGES])](of, at, rng)
        beats += of
    beats[-1][2] = 1
    return beats + beats_of(frames[-1], columns) * 2


DAMAGES = {
    "no end of a line": lambda of, at, _: [*of[:at], [of[at][0], of[at][1], 0], *of[at + 1 :]],
    "an end within it": lambda of, at, _: [*of[:at], [of[at][0], of[at][1], 1], *of[at + 1 :]],
    "the frame is cut": lambda of, at, _: of[: at + 1],
    "a pixel is lost": lambda of, at, _: of[:at] + of[at + 1 :] or of,
    "pixels are more": lambda of, at, rng: [
        *of[:at], *([rng.getrandbits(4), 0, 0] for _ in range(rng.randrange(1, 20))), *of[at:],
    ],
    "lines are more": lambda of, at, _: of + [[word, 0, last] for word, _, last in of[-at - 1 :]],
    "no line ends": lambda of, *_: [[word, user, 0] for word, user, _ in of],
}  # fmt: skip


def codes_in(classifier, frames):
    """Return codes[frames, features] of frames of words, as pixels_of packs them."""
    features, channels = classifier.features, classifier.convolution.shape[0]
    pixels = len(features) // channels
    codes = np.zeros((len(frames), channels, pixels), np.int64)
    for number, frame in enumerate(frames):
        for place, word in enumerate(frame):
            for channel in range(channels):
                width = int(features.width[channel * pixels])
                code, word = word & ((1 << width) - 1), word >> width
                signed = features.low[channel * pixels] < 0 and code >> (width - 1)
                codes[number, channel, place] = code - (signed << width)
    return codes.reshape(len(frames), -1)


def videos_of(classifier, core, seed):
    """Return videos and their results: whole frames, then damaged ones."""
    rng = random.Random(seed)
    _, rows, columns = classifier.convolution.shape
    frames = pixels_of(classifier, codes_of(classifier, 14, np.random.default_rng(seed)))
    whole = [beat for frame in frames for beat in beats_of(frame, columns)]
    found = []
    for name, beats in [
        ("whole", whole),
        *((f"damaged {i}", damaged(frames[:12], columns, rng)) for i in range(6)),
    ]:
        seen = shown(beats, rows, columns)
        scores = classifier.scores(codes_in(classifier, [frame for frame, _ in seen]))
        results = words_of(core, scores, [int(wrong) for _, wrong in seen])
        found.append({"name": name, "beats": beats, "results": results})
    assert any(wrong for _, wrong in seen)
    return found


def run_cases(folder, monkeypatch, name, data_bits, *, scores, written=stream_wrapper_verilog):
    """Run the cases of video_bench; return what went wrong in each."""
    classifier, options = NETS[name], StreamingOptions(1, scores)
    text, core = streaming_verilog(classifier, options), StreamingCore(classifier, options)
    header = read_stream_header(text)
    job = {
        "videos": videos_of(classifier, core, 3),
        "latency": stream_wrapper_latency(header, "axi"),
        "interval": header.interval,
        "pixels": header.rows * header.columns,
        "result_bits": header.result_bits,
    }
    (folder / "job.json").write_text(json.dumps(job))
    (folder / "top.v").write_text(text + written(header, "axi", data_bits=data_bits))
    monkeypatch.setenv(JOB_VARIABLE, str(folder / "job.json"))
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # else the runner ends the process on a failure
    runner, top = get_runner("icarus"), stream_wrapper_top(header, "axi")
    runner.build(sources=[folder / "top.v"], hdl_toplevel=top, build_dir=folder / "build",
                 timescale=("1ns", "1ps"), log_file=folder / "build.log")  # fmt: skip
    results = runner.test(test_module="video_bench", hdl_toplevel=top, test_dir=folder,
                          build_dir=folder / "build", log_file=folder / "log")  # fmt: skip
    return {
        case.get("name"): case.find("failure") is None and case.find("error") is None
        for case in ElementTree.parse(results).iter("testcase")
    }


@needs_icarus
@pytest.mark.parametrize(
    ("name", "data_bits", "scores"),
    [("padded", 8, True), ("three channels", 32, False), ("one column", 8, False),
     ("one row", 16, True), ("one pixel", 64, False)],
)  # fmt: skip
def test_video_wrapper_in_cocotb(tmp_path, monkeypatch, name, data_bits, scores):
    cases = run_cases(tmp_path, monkeypatch, name, data_bits, scores=scores)
    assert cases == dict.fromkeys(CASES, True), (tmp_path / "log").read_text()[-3000:]


# What a tired author could write instead in video.py.
MUTANTS = [
    ("self.columns - 1)", "self.columns - 2)"),
    ("row == self.rows - 1", "row == 0"),
    ("~self.tuser & ~skipping, self.tuser", "~skipping, self.tuser"),
    ("~self.tuser & ~skipping, self.tuser", "~self.tuser, self.tuser"),
    ("~self.tuser & ~skipping, self.tuser", "~self.tuser & ~skipping, 1"),
    ("~self.tuser & (~inside | skipping)", "~inside | skipping"),
    ("~self.tuser & (~inside | skipping)", "~self.tuser & ~inside"),
    ("bad.eq(wrong | (~filling & (self.tlast != line_ends)))", "bad.eq(wrong)"),
    ("(~filling & (self.tlast != line_ends))", "(~filling & self.tlast & ~line_ends)"),
    ("(~filling & (self.tlast != line_ends))", "(~filling & ~self.tlast & line_ends)"),
    ("Mux(filling, 0, self.tdata[: self.pixel_bits])", "self.tdata[: self.pixel_bits]"),
    ("late | (frame_ends & ~bad)", "late | frame_ends"),
    ("late | (frame_ends & ~bad)", "frame_ends & ~bad"),
    ("wanted & pixel.ready)", "wanted)"),
    ("passed | (wanted & pixel.ready)", "wanted & pixel.ready"),
    ("late.eq(0), wrong.eq(0)", "late.eq(0)"),
    ("inside.eq(~frame_ends)", "inside.eq(1)"),
    ("seen.eq(1)", "seen.eq(0)"),
    ("wrong.eq(bad)", "wrong.eq(wrong)"),
    ("fill_line | self.tlast", "self.tlast"),
    ("fill_frame.eq(fill_frame & ~frame_ends)", "fill_frame.eq(fill_frame)"),
    ("Mux(frame_ends, 0, row + 1)", "row + 1"),
    ("skipping.eq(line_ends & ~self.tlast)", "skipping.eq(0)"),
    ("skipping.eq(skipping & ~self.tlast)", "skipping.eq(skipping)"),
    ("seen & ~skipping", "seen"),
    ("seen & ~skipping", "~skipping"),
    ("fill_frame.eq(1), wrong.eq(1)", "fill_frame.eq(1)"),
]  # fmt: skip


@pytest.mark.slow
@needs_icarus
@pytest.mark.parametrize(("right", "wrong"), MUTANTS)
def test_video_cases_find_a_fault(tmp_path, monkeypatch, right, wrong):
    source = Path(video.__file__).read_text()
    assert source.count(right) == 1, right
    names = {"__name__": video.__name__}
    exec(compile(source.replace(right, wrong), "video", "exec"), names)
    monkeypatch.setattr(wrapper, "VideoReceiver", names["VideoReceiver"])
    assert not all(run_cases(tmp_path, monkeypatch, "three channels", 8, scores=True).values())


def test_wrapper_names_its_top_and_cores_stay_alone():
    header = read_stream_header(streaming_verilog(NETS["one pixel"], name="eye"))
    text = stream_wrapper_verilog(header, "axi")
    assert re.findall(r"^module (\w+)\(", text, re.MULTILINE) == ["eye_axi"]
    assert stream_wrapper_top(header, "axi") == "eye_axi"
    assert "  eye core (" in text
    assert stream_wrapper_verilog(header, "axi") == text
    assert stream_wrapper_verilog(header, "stream") == ""
    assert stream_wrapper_top(header, "stream") == "eye"


@pytest.mark.parametrize(
    ("named", "data_bits", "message"),
    [
        ("wishbone", 32, "...stream, axi, parallel, not 'wishbone'"),
        ("parallel", 32, "...no wrapper 'parallel'; use --wrapper stream or axi..."),
        ("axi", 12, "TDATA must be a multiple of 8 bits, not 12"),
    ],
)
def test_wrapper_rejects_what_cannot_be(named, data_bits, message):
    with pytest.raises(UsageError, match=telling(message)):
        check_stream_wrapper(named, data_bits)
