"""`lgn verilog`: emit a classifier's circuit as one file, or as a folder to hand over."""

import os
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lgn_cli.console import JsonOption, check_file, finite, print_json, print_notices, say, status
from lgn_cli.given import refuse_others
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.circuit.options import CoreOptions
    from lgn_hw.classifier import Classifier
    from lgn_hw.delivery.design import Design
    from lgn_hw.hdl.streaming import StreamingOptions

__all__ = ["verilog"]

SUFFIXES = (".v", ".sv")
RANDOM_VECTORS, REAL_VECTORS = 200, 200  # of a folder's testbench
DEFAULT_CLOCK_MHZ = 100.0
STREAM_TAKES = ("output", "levels_per_stage", "scores", "name", "conv")


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
            help="stream: valid and ready. axi: AXI4-Stream with AXI4-Lite registers."
            " parallel: no handshake."
        ),
    ] = "stream",
    data_bits: Annotated[
        int | None, typer.Option(help="The width of TDATA with --wrapper axi; 32 if not given.")
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
            help="With a folder: texts for fusesoc, litex or pynq (both with --wrapper axi) beside"
            " the core. Can be given several times."
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
    """
    from lgn_hw.circuit.header import options_to_json
    from lgn_hw.circuit.options import DEFAULT_REGISTERS
    from lgn_hw.classifier import Classifier
    from lgn_hw.delivery.design import make_design
    from lgn_hw.delivery.projects import check_projects
    from lgn_hw.hdl.streaming import StreamingOptions
    from lgn_hw.hdl.wrappers import DEFAULT_DATA_BITS
    from lgn_hw.synth.targets import options_for

    if data_bits is not None and wrapper != "axi":
        raise UsageError(
            f"--data-bits is the width of TDATA and needs --wrapper axi, not {wrapper}"
        )
    path = _target(output, classifier)
    if path is None and json:
        raise UsageError("--output - prints the Verilog; --json prints figures; give one of them")
    width, projects = DEFAULT_DATA_BITS if data_bits is None else data_bits, project or []
    if projects and (path is None or _is_file(path)):
        raise UsageError(f"--project writes into a folder: give --output FOLDER{os.sep}")
    check_projects(projects, wrapper, width)
    options = options_for(lut, part, registers=levels_per_stage, scores=scores)
    loaded = Classifier.load(classifier)
    start = time.perf_counter()
    if chosen_conv(loaded, conv) == "stream":
        refuse_others(context, "--conv stream", STREAM_TAKES)
        # The default name says which kind of core it is; a name that was given stays.
        core_name = "streaming_core" if name == "classifier_core" else name
        levels = DEFAULT_REGISTERS if levels_per_stage is None else levels_per_stage
        _stream(loaded, path, StreamingOptions(levels, scores), core_name, json)
        return
    with status("emitting Verilog"):
        options = _with_registers(loaded, options, clock_mhz, part, latency)
        design = make_design(
            loaded,
            options,
            wrapper=wrapper,
            data_bits=width,
            clock_mhz=DEFAULT_CLOCK_MHZ if clock_mhz is None else clock_mhz,
            name=name,
            source=source,
        )
    if path is None:
        print(design.text, end="")
        return
    written = _write(loaded, design, path, classifier.parent / "test.npz", projects)
    data = {
        "path": str(path),
        "digest": loaded.digest,
        "wrapper": wrapper,
        "top": design.top,
        "latency_cycles": design.latency,
        **options_to_json(options),
        "bytes": len(design.text.encode()),
        **written,
        "seconds": round(time.perf_counter() - start, 2),
    }
    if json:
        print_json(data)
    else:
        files = f"{data['files']} files, " if "files" in data else ""
        say(f"{path}: {files}{data['bytes']:,} bytes of Verilog, latency {design.latency} cycles")


def chosen_conv(classifier: "Classifier", conv: str) -> str:
    """Return stream or unrolled; raises UsageError on other values than these and auto."""
    if conv not in ("stream", "unrolled", "auto"):
        raise UsageError(f"--conv must be stream, unrolled or auto, not {conv!r}")
    if conv == "auto":
        return "unrolled" if classifier.convolution is None else "stream"
    return conv


def _stream(
    classifier: "Classifier",
    path: Path | None,
    options: "StreamingOptions",
    name: str,
    json: bool,
) -> None:
    """Write a streaming core to a file or to standard output."""
    from dataclasses import asdict

    from lgn_hw.hdl.streaming.header import read_stream_header
    from lgn_hw.hdl.streaming.verilog import streaming_verilog

    start = time.perf_counter()
    with status("emitting Verilog"):
        text = streaming_verilog(classifier, options, name=name)
    if path is None:
        print(text, end="")
        return
    if not _is_file(path):
        raise UsageError(f"--conv stream writes one file that ends in .v or .sv, not {path}")
    size = _save(path, text)
    header = read_stream_header(text)
    assert header is not None
    data = {"path": str(path), **asdict(header), "bytes": size}
    data["seconds"] = round(time.perf_counter() - start, 2)
    if json:
        print_json(data)
    else:
        say(
            f"{path}: {data['bytes']:,} bytes of Verilog, a frame every {header.interval} cycles,"
            f" its result {header.latency} cycles after its last pixel"
        )


def _target(output: str | None, classifier: Path) -> Path | None:
    """Return the file or folder to write, or None for standard output."""
    if output in ("-", "/dev/stdout"):
        return None
    check_file(classifier)
    path = classifier.with_suffix(".v") if output is None else Path(output)
    if path.exists() and classifier.exists() and path.samefile(classifier):
        raise UsageError(f"{path} is the classifier itself; name another file with --output")
    if (output is not None and output.endswith(os.sep)) or path.is_dir() or _is_file(path):
        return path
    if re.fullmatch(r"\.[A-Za-z]\w*", path.suffix):
        raise UsageError(
            f"Verilog is written to a file that ends in .v or .sv, or to a folder, not to {path};"
            f" for a folder of this name, write {path}{os.sep}"
        )
    return path


def _is_file(path: Path) -> bool:
    """Say whether a path means one file rather than a folder."""
    device = path.exists() and not path.is_file()
    return not path.is_dir() and (path.suffix.lower() in SUFFIXES or device)


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


def _save(path: Path, text: str) -> int:
    """Write one file, and return its bytes; one that lgn did not write so is kept aside."""
    from lgn_hw.files.own_file import is_sealed, kept_notice, replace_file, sealed

    data = sealed(text).encode()
    print_notices(kept_notice(path, replace_file(path, data, is_sealed)))
    return len(data)


def _write(
    loaded: "Classifier", design: "Design", path: Path, real: Path, projects: list[str]
) -> dict[str, Any]:
    """Write one file or a folder; a folder's vectors include real samples where there are some."""
    from lgn_hw.delivery.folder import deliver
    from lgn_hw.samples import read_samples, spread, vectors_for

    if _is_file(path):
        return {"bytes": _save(path, design.text)}
    # Real samples reach what random ones do not: most patterns of bits never occur in data.
    samples = spread(read_samples(loaded, real).codes, REAL_VECTORS) if real.exists() else None
    codes = vectors_for(loaded.features, RANDOM_VECTORS, 0, samples)
    manifest = deliver(loaded, design, codes, path, print_notices, projects=projects)
    return {"files": len(manifest["sha256"]) + 1, "vectors": len(codes)}
