"""The texts of a Tiny Tapeout project: wrapper, settings, testbench, pages."""

import json
from collections.abc import Sequence

from lgn_hw.classifier import Classifier

__all__ = [
    "flow_settings",
    "info_page",
    "info_yaml",
    "makefile",
    "project_settings",
    "testbench",
    "wrapper",
]

PORTS = """module {module} (
  input  wire [7:0] ui_in,
  output wire [7:0] uo_out,
  input  wire [7:0] uio_in,
  output wire [7:0] uio_out,
  output wire [7:0] uio_oe,
  input  wire       ena,
  input  wire       clk,
  input  wire       rst_n
);
"""
WRAPPER = """// Classifier {digest}: {bits} of a sample's {width} bits are held, byte by byte.
// ui_in: a byte of the sample, feature by feature, the lowest bits first.
// uio_in[0]: take it at this clock edge. uio_in[1]: the next byte is the first one.
// uo_out: the class. uio_out[7]: it is that of the last whole sample.
`default_nettype none

{ports}
  localparam [{high}:0] LAST = {index_bits}'d{last};
  reg [{high}:0] index;
  reg [{top_bit}:0] held;
  reg [{class_high}:0] result;
  reg complete, valid;
  wire take = ena & uio_in[0];
  wire restart = ~rst_n | uio_in[1];
  wire [{class_high}:0] found;
  wire [{sample_high}:0] sample;
{assigns}
  {name}_circuit circuit(.i_sample(sample), .o_class(found));

  always @(posedge clk) begin
    if (restart) begin
      index <= {index_bits}'d0;
      complete <= 1'b0;
      valid <= 1'b0;
    end else begin
      complete <= take & (index == LAST);
      if (take) index <= (index == LAST) ? {index_bits}'d0 : index + {index_bits}'d1;
      if (complete) valid <= 1'b1;
      else if (take) valid <= 1'b0;
    end
    if (complete) result <= found;
{loads}
  end

  assign uo_out = {{{{{padding}{{1'b0}}}}, result}};
  assign uio_out = {{valid, 7'd0}};
  assign uio_oe = 8'b1000_0000;
  wire unused = &{{uio_in[7:2], ena, 1'b0}};
endmodule
"""


def wrapper(
    classifier: Classifier, name: str, read: Sequence[int], class_bits: int, bytes_each: int
) -> str:
    """Return the module tt_um_NAME: a register for each bit that is read, and the result's.

    read: which bits of a sample the circuit reads.
    """
    width, place = classifier.features.sample_width, {bit: i for i, bit in enumerate(read)}
    index_bits = max(1, (bytes_each - 1).bit_length())
    sources = [f"held[{place[bit]}]" if bit in place else "1'b0" for bit in range(max(1, width))]
    assigns = [f"  assign sample[{bit}] = {source};" for bit, source in enumerate(sources)]
    loads = []
    for byte in range(bytes_each):
        bits = [bit for bit in range(8 * byte, 8 * byte + 8) if bit in place]
        sets = "".join(f" held[{place[bit]}] <= ui_in[{bit % 8}];" for bit in bits)
        if sets:
            loads.append(f"    if (take & (index == {index_bits}'d{byte})) begin{sets} end")
    padding = 8 - class_bits
    text = WRAPPER if padding else WRAPPER.replace("{{{{{padding}{{1'b0}}}}, result}}", "result")
    return text.format(
        digest=classifier.digest,
        bits=len(read),
        width=width,
        ports=PORTS.format(module=f"tt_um_{name}"),
        high=index_bits - 1,
        index_bits=index_bits,
        last=bytes_each - 1,
        top_bit=max(1, len(read)) - 1,
        class_high=class_bits - 1,
        sample_high=max(1, width) - 1,
        assigns="\n".join(assigns),
        name=name,
        loads="\n".join(loads),
        padding=padding,
    )


def info_yaml(classifier: Classifier, name: str, tiles: str, clock_mhz: float) -> str:
    """Return info.yaml, as version 6 of it is; author and title are the user's to change."""
    bits = max(1, (classifier.num_classes - 1).bit_length())
    pins = {f"ui[{i}]": f"sample byte, bit {i}" for i in range(8)}
    pins |= {f"uo[{i}]": f"class, bit {i}" if i < bits else "" for i in range(8)}
    pins |= {f"uio[{i}]": "" for i in range(8)}
    pins |= {"uio[0]": "in: take the byte", "uio[1]": "in: restart", "uio[7]": "out: valid"}
    project = {
        "title": f"Logic gate network: {name}",
        "author": "Your name",
        "description": f"Classifies samples into {classifier.num_classes} classes by gates alone",
        "language": "Verilog",
        "clock_hz": round(clock_mhz * 1e6),
        "tiles": tiles,
        "top_module": f"tt_um_{name}",
    }
    lines = ["project:", *(f"  {key}: {json.dumps(value)}" for key, value in project.items())]
    lines += ["  source_files:", '    - "project.v"', '    - "classifier.v"', "", "pinout:"]
    lines += [f"  {pin}: {json.dumps(use)}" for pin, use in pins.items()]
    return "\n".join([*lines, "", "yaml_version: 6", ""])


def info_page(classifier: Classifier, bits: int, gates: int, bytes_each: int) -> str:
    """Return docs/info.md, the datasheet's page."""
    classes = ", ".join(f"{i} = {name}" for i, name in enumerate(classifier.classes))
    return f"""## How it works

A logic gate network, trained and proven with lgn-hw, classifies a sample of
{len(classifier.features)} features. It has no weights: {gates:,} gates of two inputs compare the
features with thresholds, compute, count the votes of each class and choose the class with most.
{bits:,} bits of the sample are held on the chip; the gates between them and the result have no
registers.

## How to test

Hold `rst_n` low for a clock cycle, or `uio[1]` high. Then put one byte of the sample after the
other on `ui`, with `uio[0]` high for one clock cycle each: {bytes_each} bytes, the features in
their order, the lowest bits of each first. Two clock cycles after the last byte `uio[7]` is high
and `uo` has the class: {classes}. The next sample can follow at once. `test/` has samples with
their classes.

## External hardware

Whatever sends the samples, such as the microcontroller of the demo board.
"""


def project_settings(clock_mhz: float) -> str:
    """Return src/config.json: what Tiny Tapeout's flow asks for in every project."""
    settings = {
        "PL_TARGET_DENSITY_PCT": 60,
        "CLOCK_PERIOD": round(1000 / clock_mhz, 3),
        "PL_RESIZER_HOLD_SLACK_MARGIN": 0.1,
        "GRT_RESIZER_HOLD_SLACK_MARGIN": 0.05,
        "RUN_LINTER": 1,
        "LINTER_INCLUDE_PDK_MODELS": 1,
        "CLOCK_PORT": "clk",
        "RUN_KLAYOUT_XOR": 0,
        "RUN_KLAYOUT_DRC": 0,
        "DESIGN_REPAIR_BUFFER_OUTPUT_PORTS": 0,
        "TOP_MARGIN_MULT": 1,
        "BOTTOM_MARGIN_MULT": 1,
        "LEFT_MARGIN_MULT": 6,
        "RIGHT_MARGIN_MULT": 6,
        "FP_SIZING": "absolute",
        "GRT_ALLOW_CONGESTION": 1,
        "FP_IO_HLENGTH": 2,
        "FP_IO_VLENGTH": 2,
        "FP_PDN_VPITCH": 38.87,
        "RUN_CTS": 1,
        "FP_PDN_MULTILAYER": 0,
        "MAGIC_DEF_LABELS": 0,
        "MAGIC_WRITE_LEF_PINONLY": 1,
    }
    return json.dumps(settings, indent=2) + "\n"


def flow_settings(module: str, clock_mhz: float) -> str:
    """Return config.json: the same sources hardened by LibreLane alone."""
    settings = {
        "DESIGN_NAME": module,
        "VERILOG_FILES": ["dir::src/project.v", "dir::src/classifier.v"],
        "CLOCK_PORT": "clk",
        "CLOCK_PERIOD": round(1000 / clock_mhz, 3),
        "SYNTH_STRATEGY": "AREA 0",
        "FP_CORE_UTIL": 45,
        "PL_TARGET_DENSITY_PCT": 60,
    }
    return json.dumps(settings, indent=2) + "\n"


def makefile() -> str:
    """Return the Makefile of the test: of the sources, of a netlist, or of Tiny Tapeout's."""
    return """# make: the sources. make GATES=yes: gate_level_netlist.v of Tiny Tapeout's flow, with
# the cells of $(PDK_ROOT). make NETLIST=FILE: another netlist, that has its cells in it.
SIM ?= icarus
TOPLEVEL_LANG = verilog
HERE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
CELLS = $(PDK_ROOT)/sky130A/libs.ref/sky130_fd_sc_hd/verilog

ifdef NETLIST
SIM_BUILD = sim_build/netlist
VERILOG_SOURCES = $(NETLIST)
else ifeq ($(GATES),yes)
SIM_BUILD = sim_build/gl
COMPILE_ARGS += -DGL_TEST -DFUNCTIONAL -DUSE_POWER_PINS -DSIM -DUNIT_DELAY=\\#1
VERILOG_SOURCES = $(CELLS)/primitives.v $(CELLS)/sky130_fd_sc_hd.v
VERILOG_SOURCES += $(HERE)gate_level_netlist.v
else
SIM_BUILD = sim_build/rtl
VERILOG_SOURCES = $(HERE)../src/project.v $(HERE)../src/classifier.v
endif

VERILOG_SOURCES += $(HERE)tb.v
COCOTB_TOPLEVEL = tb
COCOTB_TEST_MODULES = test
export PYTHONPATH := $(HERE):$(PYTHONPATH)

include $(shell cocotb-config --makefiles)/Makefile.sim
"""


def testbench(module: str) -> str:
    """Return tb.v: the project, and the power pins of a netlist that has some."""
    ports = ["ui_in", "uo_out", "uio_in", "uio_out", "uio_oe", "ena", "clk", "rst_n"]
    pins = ",\n".join(f"    .{port}({port})" for port in ports)
    return f"""`timescale 1ns / 1ps
`default_nettype none

module tb;
  reg clk, rst_n, ena;
  reg [7:0] ui_in, uio_in;
  wire [7:0] uo_out, uio_out, uio_oe;

  {module} project (
`ifdef GL_TEST
    .VPWR(1'b1),
    .VGND(1'b0),
`endif
{pins}
  );
endmodule
"""
