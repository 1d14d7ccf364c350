"""`lgn synth`: estimate the area of a classifier's core."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lgn_cli.console import JsonOption, print_json, print_notices, say, show, status, write_json
from lgn_hw.synth.estimate import CIRCUIT_PARTS, Area, estimate_area

if TYPE_CHECKING:
    from lgn_hw.circuit.header import CoreHeader
    from lgn_hw.classifier import Classifier

__all__ = ["synth"]


def synth(
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
    json: JsonOption = False,
) -> None:
    """Count LUTs and flip-flops by part: encoder, logic, popcount, argmax.

    yosys maps the Verilog to 4- and to 6-input LUTs of no vendor. The figures are of stage
    `estimate`: before placement, and without carry chains, but for a core that is made for them
    (`--lut xilinx`). Of a core for LUTs (`--lut`) the LUTs that were written are counted beside:
    yosys may map them again to a few more or fewer.

    Examples:

        lgn synth build/digits/digits.lgn

        lgn synth build/digits/digits.lgn --verilog build/digits/digits.v --json
    """
    from lgn_hw.classifier import Classifier
    from lgn_hw.files.owned_folder import default_folder, own_folder
    from lgn_hw.hdl.verilog import matching_verilog, read_core_header, to_verilog
    from lgn_hw.synth.targets import options_for

    loaded = Classifier.load(classifier)
    options = options_for(lut, registers=levels_per_stage, scores=scores)
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


def area_table(area: Area, nodes: dict[str, int] | None = None) -> Table:
    """Lay out LUTs and flip-flops by part, beside the nodes that were written where there are."""
    table = Table()
    table.add_column("part")
    counts = {"LUT4": area.lut4, "LUT6": area.lut6, "flip-flops": area.ff, "CARRY4": area.carry4}
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
