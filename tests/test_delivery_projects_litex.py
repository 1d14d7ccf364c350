"""The module for LiteX: its Verilog passes the testbench of the delivery."""

import json
import os
import re
import shutil
import sys

import pytest
from project_bench import VECTORS, delivery, run

from lgn_hw.hdl.wrappers import IDENTITY

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


LITEX_SOC = """
import sys
from litex.build.generic_platform import Pins
from litex.build.io import CRG
from litex.build.sim import SimPlatform
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import wishbone

sys.path.insert(0, "litex")
from classifier_core import Classifier

class SoC(SoCMini):
    def __init__(self):
        host = wishbone.Interface(data_width=32, address_width=32, addressing="word")
        platform = SimPlatform("SIM", [("sys_clk", 0, Pins(1)), *host.get_ios("host")])
        super().__init__(platform, 50e6)
        self.crg = CRG(platform.request("sys_clk"))
        self.classifier = Classifier(platform)
        region = SoCRegion(origin=0x3000_0000, size=0x100, cached=False)
        self.bus.add_slave("classifier", self.classifier.bus, region)
        self.bus.add_master("host", host)
        self.comb += host.connect_to_pads(platform.request("host"), mode="slave")

soc = SoC()
soc.finalize()
# Else blocks read what they assign without blocking, which never settles in Icarus.
soc.platform.get_verilog(soc, name="soc", regular_comb=False).write("soc.v")
print("SOURCES", *(path for path, *_ in soc.platform.sources))
"""
HOST = """
module host;
  reg clk = 0, cycle = 0;
  reg [29:0] address = 0;
  wire ack, failed;
  wire [31:0] data;
  integer word;
  always #5 clk = !clk;
  soc dut(.sys_clk(clk), .sim_trace(1'b0), .host_adr(address), .host_dat_w(0), .host_dat_r(data),
    .host_sel(4'hf), .host_cyc(cycle), .host_stb(cycle), .host_ack(ack), .host_we(1'b0),
    .host_err(failed), .host_cti(3'b0), .host_bte(2'b0));
  initial begin
    repeat (10) @(negedge clk);
    for (word = 0; word < 8; word = word + 1) begin
      address = 30'h0c000000 + word;
      cycle = 1;
      while (!ack) @(negedge clk);
      $display("READ %0d", data);
      @(negedge clk) cycle = 0;
      @(negedge clk);
    end
    $finish;
  end
  initial #100000 $finish;
endmodule
"""


@needs_icarus
def test_litex_soc_reads_the_registers(tmp_path):
    pytest.importorskip("litex", reason="litex is not installed: pip install litex==2024.12 migen")
    _, design, *_ = delivery(tmp_path, "litex")
    (tmp_path / "soc.py").write_text(LITEX_SOC)
    code, said = run([sys.executable, "soc.py"], tmp_path, PYTHONPATH=os.pathsep.join(sys.path))
    assert code == 0, said
    sources = re.search(r"^SOURCES (.*)$", said, re.MULTILINE)[1].split()
    assert sources == [str(tmp_path / name) for name in design.files]
    (tmp_path / "host.v").write_text(HOST)
    code, said = run(
        ["iverilog", "-g2012", "-s", "host", "-o", "soc.vvp", "host.v", "soc.v", *sources], tmp_path
    )
    assert code == 0, said
    code, said = run(["vvp", "-n", "soc.vvp"], tmp_path)
    read = [int(number) for number in re.findall(r"READ (\d+)", said)]
    header, shape = design.header, design.shape
    assert (read[0], read[2:4]) == (IDENTITY, [header.latency, 0])
    assert read[4:] == [shape["sample_bits"], shape["result_bits"], 3, design.data_bits]


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
