"""The README of the deliverable folder: what is in it, and the exact commands.

It is written for someone who has never heard of lgn-hw: ports, numbers, commands.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.delivery.scripts import QUARTUS_DEVICE, QUARTUS_FAMILY, VIVADO_PART

if TYPE_CHECKING:
    from lgn_hw.delivery.design import Design

__all__ = ["readme"]


# What uses the texts of each of delivery.projects.
PROJECT_ROWS = {
    "fusesoc": "FuseSoC",
    "litex": "LiteX",
    "pynq": "an overlay for a Zynq: block design, driver for PYNQ, C header",
}


def readme(
    classifier: Classifier,
    design: "Design",
    vectors: int,
    projects: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> str:
    """Return the README as Markdown.

    vectors: how many the testbench has. projects: the paths of each one's texts.
    """
    sources = " ".join(design.files)
    # A core with carry chains names primitives of Xilinx, which other parts do not have.
    parts, synthesis = "any part that it knows", "synth_ice40"
    if design.carries:
        parts, synthesis = "parts with such carry chains", "synth_xilinx -abc9"
    accuracy = classifier.provenance.get("accuracy")
    measured = "" if accuracy is None else f", accuracy {accuracy:.2%} as trained"
    rows = "".join(
        f"| {', '.join(f'`{path}`' for path in paths)} | for {PROJECT_ROWS[name]} |\n"
        for name, paths in projects.items()
    )
    return f"""\
# {design.top}

A logic gate network classifier: {counted(classifier.netlist.num_nodes, "node")}, \
{classifier.num_classes} classes{measured}.
{design.timing[0].upper()}{design.timing[1:]}. Classifier `{design.digest}`.

{design.interface(classifier)}
## Simulate

The testbench checks itself against {counted(vectors, design.vector_name)}. It prints one line \
that begins with PASS or
FAIL, and its exit code is not 0 where anything was wrong. Nothing but the simulator is needed. Run
everything from this folder.

Icarus Verilog:

    iverilog -g2012 -I tb -s testbench -o testbench.vvp tb/testbench.v -f filelist.f
    vvp -n testbench.vvp

Verilator 5:

    verilator --binary --timing -Wno-fatal -CFLAGS -std=c++20 -Itb --top-module testbench \\
      -o testbench tb/testbench.v -f filelist.f
    obj_dir/testbench

cocotb 2, on Icarus Verilog or Verilator:

    pip install cocotb
    python tb/test_cocotb.py
    python tb/test_cocotb.py verilator

To see that the testbench can fail, change a digit in `tb/expected.hex` and run it again.

## Build

Vivado and Quartus, out of context; the last words choose another part:

    vivado -mode batch -source vivado/out_of_context.tcl -tclargs {VIVADO_PART}
    quartus_sh -t quartus/out_of_context.tcl "{QUARTUS_FAMILY}" {QUARTUS_DEVICE}

yosys, for {parts}:

    yosys -p "read_verilog {sources}; {synthesis} -top {design.top}; stat"

`constraints/` asks for a clock of {design.clock_mhz:g} MHz in the language of each tool.

## Files

| file | |
|---|---|
| `rtl/` , `filelist.f` | the circuit, Verilog-2001 |
| `tb/testbench.v`, `tb/parameters.vh` | the testbench |
| `tb/samples.hex`, `tb/expected.hex` | {design.vector_files}; a 1 above the highest bit |
| `tb/test_cocotb.py` | the same {design.vector_name}s in cocotb |
| `constraints/`, `vivado/`, `quartus/` | for the tools |
{rows}| `manifest.json` | SHA-256 of every file, options, tool versions |
"""
