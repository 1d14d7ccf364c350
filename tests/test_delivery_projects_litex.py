"""The module for LiteX: its Verilog passes the testbench of the delivery."""

import json
import os
import re
import shutil
import sys

import pytest
from project_bench import VECTORS, delivery, run

needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")


LITEX_TOP = """
import sys
from litex.gen.fhdl.verilog import convert
from migen import ClockDomain, Module, Signal

sys.path.insert(0, "litex")
from classifier_core import ADDRESS_BITS, DATA_BITS, Classifier

class Top(Module):
    def __init__(self):
        self.clock_domains.cd_sys = ClockDomain("sys", reset_less=False)
        self.submodules.classifier = part = Classifier()
        self.ios = set()
        reset_n = self.port("aresetn", 1)
        self.comb += [self.cd_sys.clk.eq(self.port("aclk", 1)), self.cd_sys.rst.eq(~reset_n)]
        axis = {"tdata": ("data", DATA_BITS), "tkeep": ("keep", DATA_BITS // 8),
                "tlast": ("last", 1), "tvalid": ("valid", 1)}
        for name, (field, width) in axis.items():
            self.comb += getattr(part.sink, field).eq(self.port(f"s_axis_{name}", width))
            self.comb += self.port(f"m_axis_{name}", width).eq(getattr(part.source, field))
        self.comb += self.port("s_axis_tready", 1).eq(part.sink.ready)
        self.comb += part.source.ready.eq(self.port("m_axis_tready", 1))
        bus = part.bus
        for channel, fields in {"aw": {"addr": ADDRESS_BITS}, "ar": {"addr": ADDRESS_BITS},
                                "w": {"data": 32, "strb": 4}}.items():
            stream = getattr(bus, channel)
            for field, width in (fields | {"valid": 1}).items():
                self.comb += getattr(stream, field).eq(self.port(f"s_axi_{channel}{field}", width))
            self.comb += self.port(f"s_axi_{channel}ready", 1).eq(stream.ready)
        for channel, fields in {"b": {"resp": 2}, "r": {"resp": 2, "data": 32}}.items():
            stream = getattr(bus, channel)
            for field, width in (fields | {"valid": 1}).items():
                self.comb += self.port(f"s_axi_{channel}{field}", width).eq(getattr(stream, field))
            self.comb += stream.ready.eq(self.port(f"s_axi_{channel}ready", 1))
        # Of the first beat of each packet LiteX is told; seen from outside in the simulation.
        self.comb += self.port("source_first", 1).eq(part.source.first)

    def port(self, name, width):
        signal = Signal(width, name_override=name)
        self.ios.add(signal)
        return signal

top = Top()
convert(top, top.ios, name="litex_top").write("litex_top.v")
"""


@needs_icarus
def test_litex_module_passes_the_testbench_between_its_endpoints(tmp_path):
    pytest.importorskip("litex", reason="litex is not installed: pip install litex==2024.12 migen")
    _, design, *_ = delivery(tmp_path, "litex", data_bits=24)
    (tmp_path / "top.py").write_text(LITEX_TOP)
    code, said = run([sys.executable, "top.py"], tmp_path, PYTHONPATH=os.pathsep.join(sys.path))
    assert code == 0, said
    bench = (tmp_path / "tb" / "testbench.v").read_text()
    # The testbench drives the module in place of the wrapper, and looks at `first` too.
    first = """
  wire first;
  reg begins = 1;
  always @(posedge aclk) if (aresetn && result_tvalid) begin
    if (first !== begins) fail("first is wrong");
    if (result_tready) begins <= result_tlast;
  end
  always #5"""
    bench = bench.replace("`TOP dut (", "litex_top dut (.source_first(first),")
    bench = bench.replace("\n  always #5", first, 1)
    (tmp_path / "tb" / "testbench.v").write_text(bench)
    sources = ["litex_top.v", "tb/testbench.v", *design.files]
    options = ["-g2012", "-I", "tb", "-s", "testbench", "-o", "bench.vvp"]
    code, said = run(["iverilog", *options, *sources], tmp_path)
    assert code == 0, said
    code, said = run(["vvp", "-n", "bench.vvp"], tmp_path)
    assert (code, f"PASS: {2 * VECTORS} results, 0 mismatches" in said) == (0, True), said


def test_litex_module_connects_every_port_and_names_sources_that_are_there(tmp_path):
    _, design, *_ = delivery(tmp_path, "litex")
    text = (tmp_path / "litex" / "classifier_core.py").read_text()
    connected = {name: kind for kind, name in re.findall(r"\b([io])_(\w+)=", text)}
    top = design.wrapper_text[design.wrapper_text.index(f"module {design.top}(") :]
    top = top[: top.index("endmodule")]
    declared = re.findall(r"^  (input|output) (?:\[[0-9:]+\] )?(\w+);", top, re.MULTILINE)
    assert connected == {name: kind[0] for kind, name in declared}
    assert f"SOURCES = {json.dumps(list(design.files))}\n" in text
    assert all((tmp_path / name).exists() for name in design.files)
