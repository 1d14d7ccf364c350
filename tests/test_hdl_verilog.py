"""The Verilog: the same bytes each time, a header for people and programs, accepted by Icarus."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import rtlil
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import classifiers, random_classifier, random_netlist

from lgn_hw import Classifier, Thermometer
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import UsageError
from lgn_hw.features import Features
from lgn_hw.hdl.core import ClassifierCore
from lgn_hw.hdl.verilog import logic_to_verilog, matching_verilog, read_core_header, to_verilog
from lgn_hw.prove.equivalence import prove_verilog
from lgn_hw.timing.levels import datapath_levels
from lgn_hw.timing.plan import least_latency


def accepted_by_icarus(text, folder):
    (folder / "core.v").write_text(text)
    done = subprocess.run(
        ["iverilog", "-g2001", "-Wall", "-o", folder / "core.vvp", folder / "core.v"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # Verilog without delays needs no timescale; Icarus says so of every module but knows better.
    said = [line for line in done.stderr.splitlines() if "timescale" not in line]
    assert (done.returncode, said) == (0, [])


@pytest.fixture(scope="module")
def classifier():
    return random_classifier(1)


@pytest.fixture(scope="module")
def text(classifier):
    return to_verilog(classifier, CoreOptions(registers=1, scores=True))


def test_verilog_is_the_same_bytes_each_time(classifier, text):
    assert to_verilog(classifier, CoreOptions(registers=1, scores=True)) == text


EVERY_OPTION = """
import hashlib, sys
sys.path.insert(0, {tests!r})
from strategies import MADE_FOR, random_classifier
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.delivery.design import make_design
own = random_classifier(1, layers=(60, 60), arity=4)
registers = {{"encoder": [0], "logic": [1], "popcount": [], "argmax": [2]}}
cases = [(CoreOptions(n, s, **made_for), "stream")
         for n in (0, 2) for s in (False, True) for made_for in MADE_FOR]
cases += [(CoreOptions(1, scores=True), wrapper) for wrapper in ("axi", "parallel")]
cases += [(CoreOptions(registers), "stream")]
for options, wrapper in cases:
    text = make_design(own, options, wrapper=wrapper, data_bits=24, clock_mhz=100).text
    print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_verilog_of_every_wrapper_and_option_is_the_same_bytes_in_another_process():
    script = EVERY_OPTION.format(tests=str(Path(__file__).parent))
    digests = [
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout.split()
        for seed in ("1", "2")
    ]  # fmt: skip
    assert len(digests[0]) == len({*digests[0]}) == 23
    assert digests[0] == digests[1]


def test_verilog_names_no_path_tool_or_date(text):
    assert not re.search(r"yosys|/tmp|\.py|20\d\d-|\(\*", text, re.IGNORECASE)


def test_verilog_modules_are_named_after_the_parts(text):
    modules = re.findall(r"^module \\?(\S+?) ?\(", text, re.MULTILINE)
    parts = ("encoder", "logic", "popcount", "argmax")
    assert set(modules) == {"classifier_core", *(f"classifier_core.{part}" for part in parts)}


def test_verilog_drives_wide_vectors_as_a_whole(text):
    # Icarus resolves a vector that is driven slice by slice bit by bit, many times slower.
    parts = text[text.index("module \\classifier_core.") :]
    assert not re.search(r"^ *assign (\S+ *\[|\{)", parts, re.MULTILINE)


def test_verilog_header_describes_the_ports():
    spec = Features(["a\nb", "c"], [0, -5], [7, 3], [0, 0], [1, 1])
    small = random_classifier(1)
    own = Classifier(
        Thermometer(spec, small.encoder.feature % 2, small.encoder.threshold % 3),
        small.netlist, small.group, 1.0, small.classes,
    )  # fmt: skip
    header = to_verilog(own, CoreOptions(registers=2, scores=True)).split("\nmodule")[0]
    assert header.splitlines()[1] == f"// Classifier {own.digest}"
    assert '//   [2:0] feature "a\\nb", unsigned, 0 to 7' in header
    assert '//   [6:3] feature "c", signed, -5 to 3' in header
    assert "//   [1:0] number of the class" in header
    assert '//   [5:2] score of class 0, "0"' in header
    assert all(line.startswith("//") for line in header.splitlines() if line)


def test_verilog_header_is_read_back(classifier, text):
    header = read_core_header(text)
    core = ClassifierCore(classifier, CoreOptions(registers=1, scores=True))
    assert rtlil.convert(core, emit_src=False)
    assert (header.digest, header.latency) == (classifier.digest, core.latency)
    assert (header.options.registers, header.scores, header.top) == (1, True, "classifier_core")
    assert header.result_bits == len(core.o_result.payload.as_value())


def test_verilog_takes_a_name(classifier):
    text = to_verilog(classifier, name="digits")
    assert "\nmodule digits(" in text
    assert read_core_header(text).top == "digits"


@pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
@settings(deadline=None, max_examples=6)
@given(classifiers(), st.integers(0, 2), st.booleans())
def test_verilog_of_random_classifiers_is_accepted_by_icarus(tmp_path_factory, own, levels, scores):
    text = to_verilog(own, CoreOptions(registers=levels, scores=scores))
    accepted_by_icarus(text, tmp_path_factory.mktemp("icarus"))


@pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
def test_logic_verilog_is_accepted_by_icarus(tmp_path):
    text = logic_to_verilog(random_netlist(1, 20, [40, 40], arity=4), registers=1)
    assert re.search(r"^module \\?logic ", text, re.MULTILINE)
    accepted_by_icarus(text, tmp_path)


def test_matching_verilog_returns_the_text(classifier, text, tmp_path):
    (tmp_path / "core.v").write_text(text)
    assert matching_verilog(classifier, tmp_path / "core.v") == text


def test_matching_verilog_rejects_another_classifier(text):
    other = random_classifier(2)
    found = read_core_header(text).digest
    told = f"{found}, not from {other.digest}; emit it again with `lgn verilog`"
    with pytest.raises(UsageError, match=told):
        matching_verilog(other, text)


def test_read_core_header_rejects_foreign_verilog():
    with pytest.raises(UsageError, match=r"'// lgn-core:'; emit it with `lgn verilog`"):
        read_core_header("module adder; endmodule\n")


@pytest.mark.parametrize("damaged", ["{", "[]", json.dumps({"digest": "00"})])
def test_read_core_header_rejects_a_damaged_line(damaged):
    with pytest.raises(UsageError, match=r"^The Verilog's lgn-core line cannot be read \("):
        read_core_header(f"// lgn-core: {damaged}\n")


def test_verilog_of_the_least_latency_is_proven():
    own = random_classifier(3)
    levels = datapath_levels(own, CoreOptions(lut_size=6))
    registers = least_latency(levels, own.features.sample_width).registers
    text = to_verilog(own, CoreOptions(registers=registers, lut_size=6))
    header = read_core_header(text)
    proof = prove_verilog(own, text, header)
    assert (header.latency, proof.status) == (2, "equal")


@pytest.mark.parametrize("name", ["2nd", "a-b", "module core", ""])
def test_verilog_rejects_a_name_that_is_no_identifier(classifier, name):
    with pytest.raises(UsageError, match=f"letters, digits and _.*{re.escape(repr(name))}$"):
        to_verilog(classifier, name=name)


def test_verilog_rejects_negative_levels(classifier):
    with pytest.raises(UsageError, match=r"^Registers .*1 or more levels, or 0 .*, not -1$"):
        to_verilog(classifier, CoreOptions(registers=-1))


def test_verilog_grows_by_names_not_by_statements():
    wide = logic_to_verilog(random_netlist(1, 100, [2000, 2000]), registers=1)
    assert wide.count(";") < 300
    assert np.mean([len(line) for line in wide.splitlines()]) > 50


@pytest.mark.parametrize("name", ["module", "logic", "Entity"])
def test_verilog_rejects_a_keyword_as_a_name(classifier, name):
    with pytest.raises(UsageError, match=f"keyword of Verilog or VHDL, not {name!r}$"):
        to_verilog(classifier, name=name)
