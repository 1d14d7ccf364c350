"""`lgn verilog`: emit a classifier's circuit as one file, or as a folder to hand over."""

import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from lgn_cli.console import JsonOption, finite, print_json, say, status
from lgn_cli.conv import chosen_conv
from lgn_cli.given import refuse_others
from lgn_cli.verilog_files import is_file, target_of, write_design
from lgn_hw.counted import counted
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.circuit.options import CoreOptions
    from lgn_hw.classifier import Classifier

__all__ = ["verilog"]

DEFAULT_CLOCK_MHZ = 100.0
STREAM_TAKES = (
    "output", "levels_per_stage", "scores", "name", "conv", "wrapper", "data_bits", "clock_mhz",
    "project",
)  # fmt: skip


class _Around(TypedDict):
    """What may stand around a core of either kind."""

    wrapper: str
    data_bits: int
    clock_mhz: float


def verilog(
    context: typer.Context,
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="A .v or .sv file, a folder, or - for standard output; X.v of X.lgn by default.",
        ),
    ] = None,
    levels_per_stage: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Levels between registers, 2 if not given and 16 with --lut gates; 0: only after"
            " each block.",
        ),
    ] = None,
    scores: Annotated[bool, typer.Option(help="Bring the votes for each class out too.")] = False,
    wrapper: Annotated[
        str,
        typer.Option(
            help="stream: valid and ready. axi: AXI4-Stream with AXI4-Lite registers, or video with"
            " --conv stream. parallel: no handshake."
        ),
    ] = "stream",
    data_bits: Annotated[
        int | None,
        typer.Option(
            help="The width of TDATA with --wrapper axi, with --conv stream that of results; 32 if"
            " not given."
        ),
    ] = None,
    clock_mhz: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            callback=finite,
            help="What the constraints of a folder ask for, 100 if not given; with --part also"
            " what the registers are placed for.",
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="Place the fewest registers for --clock-mhz on it, as hx8k-ct256."),
    ] = None,
    latency: Annotated[
        str | None, typer.Option(help="min: registers before and after all of the logic only.")
    ] = None,
    lut: Annotated[
        str | None,
        typer.Option(
            help="Fill LUTs of 4 or 6 inputs, or of a family as ice40, ecp5, gowin, xilinx (with"
            " carry chains behind its LUTs); plain adders where not given."
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option(help="What the core's module is called; all other names begin with it."),
    ] = "classifier_core",
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="text: as lgn-hw writes it. amaranth: as Amaranth and yosys convert it.",
        ),
    ] = "text",
    conv: Annotated[
        str,
        typer.Option(
            help="unrolled: every kernel at every position. stream: pixel by pixel, every kernel"
            " once. auto: stream where the classifier has a convolutional form."
        ),
    ] = "unrolled",
    project: Annotated[
        list[str] | None,
        typer.Option(
            help="With a folder: texts beside the core for fusesoc, or with --wrapper axi for"
            " litex or pynq. Can be given several times."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write Verilog-2001 of the whole circuit: encoder, logic, popcount, argmax.

    The circuit takes a sample every clock cycle and gives a class for each. The comment at the
    head of the core describes its ports. A folder holds the sources, a testbench that checks
    itself against vectors, constraints, scripts and a README with the commands. The same
    classifier and options give the same bytes.

    Examples:

        lgn verilog build/digits/digits.lgn

        lgn verilog build/digits/digits.lgn -o core.v --levels-per-stage 0 --scores

        lgn verilog build/digits/digits.lgn --lut 6

        lgn verilog build/digits/digits.lgn --clock-mhz 100 --part hx8k-ct256

        lgn verilog build/digits/digits.lgn --name digits   # beside another one in a design

        lgn verilog build/digits/digits.lgn -o delivery/ --wrapper axi --data-bits 64

        lgn verilog build/digits/digits.lgn -o delivery/ --wrapper axi --project litex

        lgn verilog build/mnist-conv/mnist-conv.lgn --conv stream   # pixel by pixel

        lgn verilog build/mnist-conv/mnist-conv.lgn --conv stream --wrapper axi -o delivery/
    """
    from lgn_hw.circuit.header import options_to_json
    from lgn_hw.circuit.options import DEFAULT_REGISTERS
    from lgn_hw.classifier import Classifier
    from lgn_hw.delivery.design import Design, make_design
    from lgn_hw.delivery.projects.kinds import check_projects
    from lgn_hw.delivery.stream_design import make_stream_design
    from lgn_hw.hdl.streaming import StreamingOptions
    from lgn_hw.hdl.streaming.verilog import STREAM_NAME
    from lgn_hw.hdl.verilog import DEFAULT_NAME
    from lgn_hw.hdl.wrappers import DEFAULT_DATA_BITS
    from lgn_hw.synth.targets import options_for

    if data_bits is not None and wrapper != "axi":
        raise UsageError(
            f"--data-bits is the width of TDATA and needs --wrapper axi, not {wrapper}"
        )
    path = target_of(output, classifier)
    if path is None and json:
        raise UsageError("--output - prints the Verilog; --json prints figures; give one of them")
    width, projects = DEFAULT_DATA_BITS if data_bits is None else data_bits, project or []
    if projects and (path is None or is_file(path)):
        raise UsageError(f"--project writes into a folder: give --output FOLDER{os.sep}")
    check_projects(projects, wrapper, width)
    options = options_for(lut, part, registers=levels_per_stage, scores=scores)
    loaded = Classifier.load(classifier)
    start = time.perf_counter()
    around: _Around = {
        "wrapper": wrapper,
        "data_bits": width,
        "clock_mhz": DEFAULT_CLOCK_MHZ if clock_mhz is None else clock_mhz,
    }
    design: Design
    with status("emitting Verilog"):
        if chosen_conv(loaded, conv) == "stream":
            refuse_others(context, "--conv stream", STREAM_TAKES)
            # The default name says which kind of core it is; a name that was given stays.
            core_name = STREAM_NAME if name == DEFAULT_NAME else name
            levels = DEFAULT_REGISTERS if levels_per_stage is None else levels_per_stage
            made = make_stream_design(
                loaded, StreamingOptions(levels, scores), name=core_name, **around
            )
            design, described = made, asdict(made.header)
        else:
            options = _with_registers(loaded, options, clock_mhz, part, latency)
            design = make_design(loaded, options, name=name, source=source, **around)
            described = {"digest": loaded.digest, **options_to_json(options)}
    if path is None:
        print(design.text, end="")
        return
    written = write_design(loaded, design, path, classifier, projects)
    data = {
        "path": str(path),
        **described,
        "wrapper": wrapper,
        "top": design.top,
        "latency_cycles": design.latency,
        "bytes": len(design.text.encode()),
        **written,
        "seconds": round(time.perf_counter() - start, 2),
    }
    if json:
        print_json(data)
    else:
        files = f"{counted(data['files'], 'file')}, " if "files" in data else ""
        say(f"{path}: {files}{data['bytes']:,} bytes of Verilog, {design.timing}")


def _with_registers(
    classifier: "Classifier",
    options: "CoreOptions",
    clock_mhz: float | None,
    part: str | None,
    latency: str | None,
) -> "CoreOptions":
    """Put registers where --part and its clock want them, or --latency; else leave them."""
    from lgn_hw.timing.levels import datapath_levels
    from lgn_hw.timing.parts import find_part
    from lgn_hw.timing.plan import least_latency, registers_for

    if latency not in (None, "min"):
        raise UsageError(f"--latency must be min, not {latency!r}")
    if latency is not None and part is not None:
        raise UsageError("--latency min and --part both place the registers; give one of them")
    if part is not None and clock_mhz is None:
        raise UsageError("--part places registers for a clock; give it with --clock-mhz")
    if part is None and latency is None:
        return options
    levels = datapath_levels(classifier, options)
    if part is not None and clock_mhz is not None:
        placement = registers_for(levels, find_part(part), clock_mhz)
    else:
        placement = least_latency(levels, classifier.features.sample_width)
    return replace(options, registers=placement.registers)
