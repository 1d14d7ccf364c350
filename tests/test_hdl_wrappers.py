"""The wrappers around the core: AXI under random stalls, the parallel port, and refusals."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from amaranth_bench import codes_of
from messages import telling
from strategies import random_classifier

pytest.importorskip("cocotbext.axi", reason="cocotbext-axi is not installed")

from axi_bench import CASES, JOB_VARIABLE
from cocotb_tools.runner import get_runner

from lgn_hw import UsageError
from lgn_hw.circuit.header import read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.hdl import wrappers
from lgn_hw.hdl.verilog import to_verilog
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


def test_axi_wrapper_has_a_known_state_before_the_first_reset():
    header = read_core_header(to_verilog(random_classifier(1)))
    text = wrapper_verilog(header, "axi")
    registers = re.findall(r"^ *reg (.*);$", text, re.MULTILINE)
    assert len(registers) > 20
    assert [register for register in registers if "=" not in register] == []


def axi_cases(folder, monkeypatch, data_bits, *, scores, levels, wrapper=wrapper_verilog):
    """Run the cases of axi_bench; return what went wrong in each, and the simulator's log."""
    classifier = random_classifier(1, features=9, bits=20, layers=(20, 20), classes=5)
    text = to_verilog(classifier, CoreOptions(registers=levels, scores=scores))
    header = read_core_header(text)
    samples, expected = words_of(classifier, header, 50)
    job = {"header": header.to_json(), "samples": samples, "expected": expected,
           "data_bits": data_bits}  # fmt: skip
    (folder / "job.json").write_text(json.dumps(job))
    (folder / "top.v").write_text(text + wrapper(header, "axi", data_bits=data_bits))
    monkeypatch.setenv(JOB_VARIABLE, str(folder / "job.json"))
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # else the runner ends the process on a failure
    runner = get_runner("icarus")
    top = wrapper_top(header, "axi")
    runner.build(sources=[folder / "top.v"], hdl_toplevel=top, build_dir=folder / "build",
                 timescale=("1ns", "1ps"), log_file=folder / "build.log")  # fmt: skip
    results = runner.test(test_module="axi_bench", hdl_toplevel=top, test_dir=folder,
                          build_dir=folder / "build", log_file=folder / "log")  # fmt: skip
    return {
        case.get("name"): case.find("failure") is None and case.find("error") is None
        for case in ElementTree.parse(results).iter("testcase")
    }


@needs_icarus
@pytest.mark.parametrize(
    ("data_bits", "scores", "levels"), [(8, True, 1), (24, False, 0), (32, True, 0), (64, False, 2)]
)
def test_axi_wrapper_in_cocotb(tmp_path, monkeypatch, data_bits, scores, levels):
    cases = axi_cases(tmp_path, monkeypatch, data_bits, scores=scores, levels=levels)
    assert cases == dict.fromkeys(CASES, True), (tmp_path / "log").read_text()[-3000:]


# What a tired author could write instead: file, right, wrong, and the width of TDATA.
MUTANTS = [
    ("axi_stream", "needed.eq(_keep(self.bits, self.data_bits, at_last))", "needed.eq(0)", 8),
    ("axi_stream", "Mux(last, Const(some,", "Mux(last, Const(every,", 24),
    ("axi_stream", "lacking.eq(lacking | lacks_now)", "lacking.eq(lacks_now)", 8),
    ("axi_stream", "~lacking & ~lacks_now)", "~lacking)", 24),
    ("axi_stream", "~lacking & ~lacks_now)", "~lacks_now)", 8),
    ("axi_stream", "at_last & self.tlast & ~lacking", "at_last & ~lacking", 8),
    ("axi_stream", "[index.eq(0), lacking.eq(0), skipping.eq(~self.tlast)]",
     "[index.eq(0), skipping.eq(~self.tlast)]", 8),
    ("axi_stream", "lacking.eq(0), skipping.eq(~self.tlast)]", "lacking.eq(0)]", 8),
    ("axi_stream", "beat & (self.tlast | at_last)", "beat & self.tlast", 8),
    ("axi_stream", "self.tready.eq(skipping | ~at_last | ~self.o_word.valid | self.o_word.ready)",
     "self.tready.eq(1)", 64),
    ("axi_stream", "self.tready.eq(skipping | ~at_last | ~self.o_word.valid | self.o_word.ready)",
     "self.tready.eq(~self.o_word.valid)", 64),
    ("axi_stream", "self.o_malformed.eq(~whole)", "self.o_malformed.eq(self.tlast & ~whole)", 8),
    ("axi_stream", "Cat(held, self.tdata)", "Cat(self.tdata, held)", 24),
    ("axi_stream", "with m.If(self.o_word.ready):\n            m.d.sync += self.o_word.valid",
     "with m.If(0):\n            m.d.sync += self.o_word.valid", 24),
    ("axi_stream", "[index.eq(0), lacking.eq(0), self.o_word.valid.eq(0)]",
     "[lacking.eq(0), self.o_word.valid.eq(0)]", 8),
    ("axi_stream", "[index.eq(0), lacking.eq(0), self.o_word.valid.eq(0)]",
     "[index.eq(0), lacking.eq(0)]", 24),
    ("axi_stream", "begun = (index != 0) | skipping", "begun = index != 0", 8),
    ("axi_stream", "begun = (index != 0) | skipping", "begun = skipping", 8),
    ("axi_stream", "Mux(beat, ~self.tlast, begun)", "begun", 8),
    ("axi_stream", "Mux(self.tlast, 0, index + 1)", "index + 1", 8),
    ("axi_stream", "self.tlast.eq(index == beats - 1)", "self.tlast.eq(index == 0)", 8),
    ("axi_stream", "self.i_word.ready.eq(~self.tvalid | (self.tready & self.tlast))",
     "self.i_word.ready.eq(~self.tvalid)", 64),
    ("axi_stream", "self.i_word.ready.eq(~self.tvalid | (self.tready & self.tlast))",
     "self.i_word.ready.eq(~self.tvalid | self.tready)", 8),
    ("axi_stream", "self.i_word.ready.eq(~self.tvalid | (self.tready & self.tlast))",
     "self.i_word.ready.eq(~self.tvalid | self.tlast)", 64),
    ("axi_stream", "_keep(self.bits, self.data_bits, self.tlast)", "-1", 64),
    ("axi_stream", "with m.If(self.tvalid & self.tready)", "with m.If(self.tvalid)", 8),
    ("axi_stream", "i_word.ready.eq(count != 2)", "i_word.ready.eq(count == 0)", 64),
    ("axi_stream", "i_word.ready.eq(count != 2)", "i_word.ready.eq(1)", 64),
    ("axi_stream", "i_word.ready.eq(count != 2)", "i_word.ready.eq((count != 2) | pop)", 64),
    ("axi_stream", "push & (count == pop)", "push & (count == 0)", 64),
    ("axi_stream", "self.o_word.payload.eq(second)", "self.o_word.payload.eq(0)", 64),
    ("wrappers", "sender.tready & sender.tlast", "sender.tready", 8),
    ("wrappers", "i_samples.eq(receiver.o_word.valid & receiver.o_word.ready)",
     "i_samples.eq(receiver.o_word.valid)", 64),
    ("wrappers", "i_stalls.eq(receiver.tvalid & ~receiver.tready)",
     "i_stalls.eq(~receiver.tready)", 64),
    ("wrappers", "i_stalls.eq(receiver.tvalid & ~receiver.tready)",
     "i_stalls.eq(receiver.tvalid)", 64),
    ("wrappers", "i_malformed.eq(receiver.o_malformed)", "i_malformed.eq(0)", 8),
    ("wrappers", "self.header, reset | restart,", "self.header, reset,", 24),
    ("wrappers", "ResetInserter(restart)(buffer)", "buffer", 24),
    ("wrappers", "receiver.i_restart.eq(restart)", "receiver.i_restart.eq(0)", 8),
    ("wrappers", "version[0] << 16 | version[1] << 8", "version[0] << 16 | version[1] << 9", 24),
    ("wrappers", "for i in range(8)]\n    digest", "for i in reversed(range(8))]\n    digest", 24),
    ("axi_lite", "self.wdata[0] & self.wstrb[0]", "self.wdata[0]", 24),
    ("axi_lite", "self.wdata[0] & self.wstrb[0]", "self.wstrb[0]", 24),
    ("axi_lite", "m.Switch(self.araddr[2:])", "m.Switch(self.araddr[2:7])", 24),
    ("axi_lite", "self.awaddr[2:] == CONTROL >> 2", "self.awaddr[2:6] == CONTROL >> 2", 24),
    ("axi_lite", "m.d.sync += self.rresp.eq(SLVERR)", "m.d.sync += self.rresp.eq(OKAY)", 24),
    ("axi_lite", "m.d.sync += self.bresp.eq(SLVERR)", "m.d.sync += self.bresp.eq(OKAY)", 24),
    ("axi_lite", "self.arready.eq(~self.rvalid)", "self.arready.eq(1)", 24),
    ("axi_lite", "with m.If(self.bready)", "with m.If(1)", 24),
    ("axi_lite", "with m.If(self.rready)", "with m.If(1)", 24),
    ("axi_lite", "act.eq(has_address & has_data & ~self.bvalid)", "act.eq(has_address)", 24),
    ("axi_lite", "self.o_restart.eq(act & is_control & reset_bit)",
     "self.o_restart.eq(act & is_control)", 24),
    ("axi_lite", "with m.If(self.o_restart)", "with m.If(0)", 24),
]  # fmt: skip


def mutated(module, right, wrong):
    """Return wrapper_verilog of sources with one fault; the files stay as they are."""
    source = Path(wrappers.__file__).with_name(f"{module}.py").read_text()
    assert source.count(right) == 1, right
    names = {"__name__": f"lgn_hw.hdl.{module}"}
    exec(compile(source.replace(right, wrong), module, "exec"), names)
    return names


@pytest.mark.slow
@needs_icarus
@pytest.mark.parametrize(("module", "right", "wrong", "data_bits"), MUTANTS)
def test_axi_cases_find_a_fault(tmp_path, monkeypatch, module, right, wrong, data_bits):
    names = mutated(module, right, wrong)
    for name in {*names["__all__"]} & {*vars(wrappers)} if module != "wrappers" else ():
        monkeypatch.setattr(wrappers, name, names[name])
    wrapper = names.get("wrapper_verilog", wrapper_verilog)
    cases = axi_cases(
        tmp_path, monkeypatch, data_bits, scores=data_bits == 8, levels=1, wrapper=wrapper
    )
    assert not all(cases.values())


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
        ("wishbone", 32, "...stream, axi, parallel, not 'wishbone'"),
        ("axi", 12, "TDATA must be a multiple of 8 bits, not 12"),
        ("axi", 65_536, "TDATA must be 4,096 bits at most, not 65,536...several beats"),
        ("axi", 4, "TDATA ... 8 bits or more, not 4"),
        ("axi", 0, "TDATA ... 8 bits or more, not 0"),
    ],
)
def test_wrapper_rejects_what_cannot_be(wrapper, data_bits, message):
    with pytest.raises(UsageError, match=telling(message)):
        check_wrapper(wrapper, data_bits)


def test_a_sample_that_is_too_wide_for_amaranth_is_refused():
    wide = replace(read_core_header(to_verilog(random_classifier(1))), sample_bits=1 << 16)
    with pytest.raises(UsageError, match=telling("...more than 65,536 bits...--wrapper stream...")):
        wrapper_verilog(wide, "parallel")
