"""`lgn synth`: estimate the area of a classifier's core."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lgn_cli.console import JsonOption, print_json, print_notices, say, show, status, write_json
from lgn_cli.conv import chosen_conv
from lgn_cli.given import refuse_others
from lgn_cli.synth_stream import synth_stream
from lgn_hw.errors import UsageError
from lgn_hw.synth.estimate import CIRCUIT_PARTS, Area, estimate_area

if TYPE_CHECKING:
    from lgn_hw.circuit.header import CoreHeader
    from lgn_hw.circuit.options import CoreOptions
    from lgn_hw.classifier import Classifier
    from lgn_hw.synth.cells import CellArea

__all__ = ["synth"]


def synth(
    context: typer.Context,
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    verilog: Annotated[
        Path | None,
        typer.Option(help="Its Verilog from `lgn verilog`; emitted afresh where not given."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder for scripts, logs and synth.json; CLASSIFIER.synth if not given.",
        ),
    ] = None,
    levels_per_stage: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Levels between registers, where no --verilog is given; 2, and 16 with"
            " --lut gates, if not given.",
        ),
    ] = None,
    scores: Annotated[
        bool, typer.Option(help="Bring the scores out, where no --verilog is given.")
    ] = False,
    lut: Annotated[
        str | None,
        typer.Option(help="As of `lgn verilog`, where no --verilog is given."),
    ] = None,
    liberty: Annotated[
        Path | None,
        typer.Option(help="A library of standard cells: map to its cells, for an ASIC."),
    ] = None,
    combinational: Annotated[
        bool, typer.Option(help="With --liberty: one circuit without registers.")
    ] = False,
    dont_use: Annotated[
        list[str] | None,
        typer.Option(help="With --liberty: a pattern of cells to leave out; may be repeated."),
    ] = None,
    conv: Annotated[
        str,
        typer.Option(
            help="unrolled: every kernel at every position. stream: pixel by pixel, every kernel"
            " once, by stage. auto: stream where the classifier has a convolutional form."
        ),
    ] = "unrolled",
    json: JsonOption = False,
) -> None:
    """Count LUTs and flip-flops by part: encoder, logic, popcount, argmax.

    yosys maps the Verilog to 4- and to 6-input LUTs of no vendor. The figures are of stage
    `estimate`: before placement, and without carry chains, but for a core that is made for them
    (`--lut xilinx`). Of a core for LUTs (`--lut`) the LUTs that were written are counted beside:
    yosys may map them again to a few more or fewer.

    With --liberty the core is made for gates (--lut gates), and mapped to the library's cells: the
    area in the library's units and in gate equivalents, the area of its smallest NAND. The mapped
    netlist, CLASSIFIER.cells/cells.v, can be proven with `lgn prove`.

    Examples:

        lgn synth build/digits/digits.lgn

        lgn synth build/digits/digits.lgn --verilog build/digits/digits.v --json

        lgn synth build/digits/digits.lgn --liberty cells.lib --combinational

        lgn synth build/mnist-conv/mnist-conv.lgn --conv stream
    """
    from lgn_hw.circuit.options import DEFAULT_REGISTERS
    from lgn_hw.classifier import Classifier
    from lgn_hw.files.owned_folder import own_folder
    from lgn_hw.files.writers import default_folder
    from lgn_hw.hdl.verilog import matching_verilog, read_core_header, to_verilog
    from lgn_hw.synth.targets import options_for

    if verilog is not None:
        takes = ("verilog", "output", "conv", "liberty", "combinational", "dont_use")
        refuse_others(context, "--verilog", takes)
    if liberty is not None:
        if conv != "unrolled":
            raise UsageError(f"--liberty maps the unrolled circuit; leave out --conv {conv}")
        _in_cells(
            *(classifier, verilog, output, levels_per_stage, scores, lut),
            *(liberty, combinational, tuple(dont_use or ()), json),
        )
        return
    if combinational or dont_use:
        raise UsageError(f"{'--combinational' if combinational else '--dont-use'} needs --liberty")
    loaded = Classifier.load(classifier)
    if chosen_conv(loaded, conv) == "stream":
        refuse_others(context, "--conv stream", ("output", "levels_per_stage", "conv"))
        levels = DEFAULT_REGISTERS if levels_per_stage is None else levels_per_stage
        synth_stream(loaded, classifier, output, levels, json)
        return
    options = options_for(lut, registers=levels_per_stage, scores=scores)
    # What is mapped is what would be delivered; a file that is given must be of this very
    # classifier.
    text = to_verilog(loaded, options) if verilog is None else matching_verilog(loaded, verilog)
    header = read_core_header(text)
    folder = output or default_folder(classifier, "synth")
    with (
        own_folder(folder, "synth") as owned,
        owned.work() as work,
        status("yosys maps the core to LUTs"),
    ):
        area = estimate_area(text, folder=work, carries=header.options.carries)
        nodes = _nodes(loaded, header)
        data = {"digest": loaded.digest, **area.to_json(), "nodes": nodes}
        write_json(work / "synth.json", data)
    print_notices(owned.notices())
    if json:
        print_json(data)
    else:
        say(f"area, stage {area.stage} ({area.tool}, {area.seconds} s)")
        show(area_table(area, nodes))


def _nodes(classifier: "Classifier", header: "CoreHeader") -> dict[str, int] | None:
    """Count the LUTs of a core that is made for them, as they were written."""
    from lgn_hw.circuit.circuit import Circuit

    size = header.options.lut_size
    if size is None:
        return None
    luts = Circuit.of(classifier, header.options).luts
    return luts | {"lut_size": size, "total": sum(luts.values())}


def _in_cells(
    classifier: Path,
    verilog: Path | None,
    output: Path | None,
    levels_per_stage: int | None,
    scores: bool,
    lut: str | None,
    liberty: Path,
    combinational: bool,
    dont_use: tuple[str, ...],
    json: bool,
) -> None:
    """Map to the cells of a library, and write figures and the mapped netlist."""
    from lgn_hw.classifier import Classifier
    from lgn_hw.files.atomic import write_bytes
    from lgn_hw.files.owned_folder import own_folder
    from lgn_hw.files.writers import default_folder
    from lgn_hw.hdl.verilog import matching_verilog, to_verilog
    from lgn_hw.synth.cells import area_in_cells
    from lgn_hw.synth.targets import options_for

    loaded = Classifier.load(classifier)
    options = options_for(lut or "gates", registers=levels_per_stage, scores=scores)
    if combinational:
        text = _combinational(loaded, verilog, options)
    elif verilog is not None:
        text = matching_verilog(loaded, verilog)
    else:
        text = to_verilog(loaded, options)
    # A folder of its own, so that the LUTs of the same classifier, in CLASSIFIER.synth, stay.
    folder = output or default_folder(classifier, "cells")
    with (
        own_folder(folder, "cells") as owned,
        owned.work() as work,
        status("yosys maps the circuit to cells"),
    ):
        area, modules = area_in_cells(text, liberty, folder=work, dont_use=dont_use)
        data = {"digest": loaded.digest, "combinational": combinational, **area.to_json()}
        write_bytes(work / "cells.v", _provable(text, modules, combinational))
        write_json(work / "cells.json", data)
    print_notices(owned.notices())
    if json:
        print_json(data)
    else:
        say(
            f"area in cells of {area.library}, stage {area.stage} ({area.tool},"
            f" {area.seconds} s); 1 gate equivalent = {area.nand2:g}"
        )
        show(cell_table(area))


def _combinational(loaded: "Classifier", verilog: Path | None, options: "CoreOptions") -> str:
    """Return the circuit without registers."""
    from lgn_hw.export.combinational import combinational_file

    # Scores and carry chains have no combinational form, and a file that is given has registers.
    if verilog is not None or options.scores or options.lut_size is None or options.carries:
        raise UsageError(
            "--combinational goes with --lut 4, 6 or gates, without --verilog, --scores"
        )
    return combinational_file(loaded, "verilog-comb", lut_size=options.lut_size).decode()


def _provable(text: str, modules: str, combinational: bool) -> bytes:
    """Return the mapped netlist under the comment of what was mapped."""
    from lgn_hw.export.combinational import with_mapped_parts

    if combinational:
        return with_mapped_parts(text.encode(), modules)
    # The head line goes along: by it `lgn prove` knows what the netlist must be.
    return "".join([*re.findall(r"^//.*\n", text, re.MULTILINE), modules]).encode()


def cell_table(area: "CellArea") -> Table:
    """Lay out area, gate equivalents and cells by part."""
    table = Table()
    table.add_column("part")
    for column in ("area", "gate equivalents", "cells", "flip-flops"):
        table.add_column(column, justify="right")
    for part in (*CIRCUIT_PARTS, "total"):
        table.add_row(
            part,
            f"{area.area[part]:,.1f}",
            f"{area.gate_equivalents[part]:,.1f}",
            f"{area.cells[part]:,}",
            f"{area.flip_flops[part]:,}",
            end_section=part == CIRCUIT_PARTS[-1],
        )
    return table


def area_table(area: Area, nodes: dict[str, int] | None = None) -> Table:
    """Lay out LUTs and flip-flops by part, beside the nodes that were written where there are."""
    table = Table()
    table.add_column("part")
    counts = {"LUT4": area.lut4, "LUT6": area.lut6, "flip-flops": area.ff, "CARRY4": area.carry4}
    # A column of zeros would look as if there were chains.
    if not area.carry4["total"]:
        del counts["CARRY4"]
    for column in counts:
        table.add_column(column, justify="right")
    if nodes:
        table.add_column(f"written for LUT{nodes['lut_size']}", justify="right")
    for part in (*CIRCUIT_PARTS, "total"):
        cells = [f"{figures[part]:,}" for figures in counts.values()]
        cells += [f"{nodes.get(part, 0):,}"] if nodes else []
        table.add_row(part, *cells, end_section=part == CIRCUIT_PARTS[-1])
    return table
