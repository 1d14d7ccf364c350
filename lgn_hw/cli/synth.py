"""`lgn synth`: estimate the area of a classifier's core."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from lgn_hw.cli.console import JsonOption, errors, out, print_json, write_json
from lgn_hw.synth.estimate import PARTS, Area, estimate_area

__all__ = ["synth"]


def synth(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    verilog: Annotated[
        Path | None,
        typer.Option(help="Its Verilog from `lgn verilog`; emitted afresh where not given."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for scripts, logs and synth.json."),
    ] = None,
    levels_per_stage: Annotated[
        int, typer.Option(min=0, help="Levels between registers, where no --verilog is given.")
    ] = 2,
    scores: Annotated[
        bool, typer.Option(help="Bring the scores out, where no --verilog is given.")
    ] = False,
    lut: Annotated[
        int | None,
        typer.Option(help="As of `lgn verilog`, where no --verilog is given."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Count LUTs and flip-flops by part: encoder, logic, popcount, argmax.

    yosys maps the Verilog to 4- and to 6-input LUTs of no vendor. The figures are of stage
    `estimate`: before placement, and without carry chains.

    Examples:

        lgn synth build/digits/digits.lgn

        lgn synth build/digits/digits.lgn --verilog build/digits/digits.v --json
    """
    from lgn_hw.classifier import Classifier
    from lgn_hw.hdl.verilog import matching_verilog, to_verilog

    loaded = Classifier.load(classifier)
    if verilog is None:
        text = to_verilog(loaded, levels_per_stage=levels_per_stage, scores=scores, lut_size=lut)
    else:
        text = matching_verilog(loaded, verilog)
    folder = output or classifier.parent / "synth"
    with errors.status("yosys maps the core to LUTs"):
        area = estimate_area(text, folder=folder)
    data = {"digest": loaded.digest, **area.to_json()}
    write_json(folder / "synth.json", data)
    if json:
        print_json(data)
    else:
        out.print(area_table(area))


def area_table(area: Area) -> Table:
    """Lay out LUTs and flip-flops by part."""
    table = Table(title=f"Area, stage {area.stage} ({area.tool}, {area.seconds} s)")
    table.add_column("part")
    for column in ("LUT4", "LUT6", "flip-flops"):
        table.add_column(column, justify="right")
    for part in (*PARTS, "total"):
        cells = (f"{figures[part]:,}" for figures in (area.lut4, area.lut6, area.ff))
        table.add_row(part, *cells, end_section=part == PARTS[-1])
    return table
