"""The README of the deliverable folder: what is in it, and the exact commands.

It is written for someone who has never heard of lgn-hw: ports, numbers, commands.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from lgn_hw.classifier import Classifier
from lgn_hw.delivery.scripts import QUARTUS_DEVICE, QUARTUS_FAMILY, VIVADO_PART
from lgn_hw.ports import Field, example_of, fields_of

if TYPE_CHECKING:
    from lgn_hw.delivery.design import Design

__all__ = ["readme"]

MAX_ROWS = 64  # of features; the manifest has all

PORTS = {
    "stream": """\
Samples enter on the stream `i_sample`, results leave on the stream `o_result`: a transfer happens
at a rising edge of `clk` where `valid` and `ready` are both 1. `rst` is synchronous and active
high. The comment at the head of `rtl/core.v` lists every field of a sample and of a result.
""",
    "axi": """\
Samples enter on `s_axis`, one packet per sample: {sample_beats} beats of {data_bits} bits, the
lowest bits first, TLAST on the last, TKEEP for every byte that holds bits. Results leave on
`m_axis` in the same way and in order, {result_beats} beats each. The comment at the head of
`rtl/core.v` lists every field of a sample and of a result. A packet that is too short, too long or
lacks bytes gives no result and is counted; the beat after its TLAST begins the next one. `aresetn`
is synchronous and active low.

`s_axi` is AXI4-Lite, 32 bits wide:

| address | register | |
|---|---|---|
| 0x00 | id | "LGN1" |
| 0x04 | version | of lgn-hw, a byte each for minor and patch |
| 0x08 | latency | of the core, in clock cycles |
| 0x0C | control | write 1 to bit 0: drop samples under way, set the counters to 0 |
| 0x10 | sample_bits | |
| 0x14 | result_bits | |
| 0x18 | classes | |
| 0x1C | data_bits | |
| 0x20 to 0x3C | digest | of the classifier, the lowest word first |
| 0x40 | samples | accepted by the core |
| 0x44 | results | sent |
| 0x48 | malformed | packets |
| 0x4C | stalls | clock cycles in which `s_axis` waited |

Anything else answers SLVERR.
""",
    "parallel": """\
At each rising edge of `clk` the circuit takes the sample on `i_sample`, and {latency} clock cycles
later its class stands on `o_class`{scores}. There is no handshake and no reset. The comment at the
head of `rtl/core.v` lists every field of a sample.
""",
}


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
    scores = " and its scores on `o_scores`" if design.header.scores else ""
    ports = PORTS[design.wrapper].format(latency=design.latency, scores=scores, **design.shape)
    sources = " ".join(design.files)
    # A core with carry chains names primitives of Xilinx, which other parts do not have.
    parts, synthesis = "any part that it knows", "synth_ice40"
    if design.header.options.carries:
        parts, synthesis = "parts with such carry chains", "synth_xilinx -abc9"
    accuracy = classifier.provenance.get("accuracy")
    measured = "" if accuracy is None else f", accuracy {accuracy:.2%} as trained"
    rows = "".join(
        f"| {', '.join(f'`{path}`' for path in paths)} | for {PROJECT_ROWS[name]} |\n"
        for name, paths in projects.items()
    )
    return f"""\
# {design.top}

A logic gate network classifier: {classifier.netlist.num_nodes:,} nodes, {classifier.num_classes} \
classes{measured}.
Latency {design.latency} clock cycles. Classifier `{design.header.digest}`.

{ports}
{_interface(classifier)}
## Simulate

The testbench checks itself against {vectors:,} vectors. It prints one line that begins with PASS or
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
| `tb/samples.hex`, `tb/expected.hex` | one vector per line; a 1 above the highest bit |
| `tb/test_cocotb.py` | the same vectors in cocotb |
| `constraints/`, `vivado/`, `quartus/` | for the tools |
{rows}| `manifest.json` | SHA-256 of every file, options, tool versions |
"""


def _interface(classifier: Classifier) -> str:
    """Return the tables of features and classes, and the worked example.

    Features beyond MAX_ROWS are in the manifest only: a table of 3 072 rows is not read. The
    example is one sample worked out by hand, so that a reader can check the order of the bits.
    """
    fields, example = fields_of(classifier), example_of(classifier)
    rows = [_row(field) for field in fields[:MAX_ROWS]]
    more = (
        f"\n{len(fields) - MAX_ROWS:,} more are in `manifest.json`.\n" if fields[MAX_ROWS:] else ""
    )
    classes = [f"| {number} | {_cell(name)} |" for number, name in enumerate(classifier.classes)]
    hexadecimal = "\n".join(
        f"    {example.port[i : i + 64]}" for i in range(0, len(example.port), 64)
    )
    return f"""\
## A sample and its class

The code of a raw value is (value - offset) / scale, rounded to the nearest integer and no further
than the range of codes; with offset 0 and scale 1 it is the value. The last two columns are one
example.

| bits | feature | codes | offset | scale | raw value | code |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}
{more}
The example's codes side by side, the highest bits first, are the port's {example.bits} bits, in
hexadecimal:

{hexadecimal}

Their class is {example.number}, {_cell(example.name)}.

| number | class |
|---|---|
{chr(10).join(classes)}
"""


def _row(field: Field) -> str:
    """Return a feature as a row of the table.

    Offset and scale are written with repr, which gives back the same double.
    """
    kind = "signed" if field.signed else "unsigned"
    cells = (
        f"{field.last}:{field.first}",
        _cell(field.name),
        f"{field.low} to {field.high}, {kind}",
        f"{field.offset!r}",
        f"{field.scale!r}",
        field.raw,
        str(field.code),
    )
    return f"| {' | '.join(cells)} |"


def _cell(name: str) -> str:
    """Return a name as the code of a cell of a Markdown table.

    A pipe would end the cell and a backtick the code; white space is folded, as a line break would
    end the row.
    """
    # Markdown knows no escape of a backtick within code.
    return f"`{' '.join(name.split())}`".replace("|", "\\|") if "`" not in name else repr(name)
