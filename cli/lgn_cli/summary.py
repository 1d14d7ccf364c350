"""`lgn summary`: one page with every figure of a run folder."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lgn_cli.console import JsonOption, print_json, save_json, say, show
from lgn_hw.counted import counted
from lgn_hw.report.summary import check_summary, summarize
from lgn_hw.synth.estimate import CIRCUIT_PARTS

__all__ = ["summary"]


def summary(
    folder: Annotated[Path, typer.Argument(help="The run folder that `lgn train` made.")],
    json: JsonOption = False,
) -> None:
    """Gather training, simulation and area into one page, and into summary.json.

    Needs what `lgn train`, `lgn sim` and `lgn synth` have written there. Exits with 1 where the
    simulation found a mismatch or another latency than the core declares.

    Examples:

        lgn summary build/digits

        lgn summary build/digits --json
    """
    data = summarize(folder)
    save_json(folder / "summary.json", data, '"digest"')
    if json:
        print_json(data)
    else:
        show(_page(folder, data))
        say(f"All of it is in {folder}/summary.json")
    check_summary(data)


def _page(folder: Path, data: dict[str, Any]) -> Panel:
    """Lay out figures and area in one frame."""
    return Panel(
        Group(_figures(data), "", _area(data)),
        title=Text(f"{folder.resolve().name}: from training to a simulated circuit"),
        expand=False,
    )


def _figures(data: dict[str, Any]) -> Table:
    """Lay out one figure per row, with what it counts."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    control = data["negative_control"]
    rows: list[tuple[str, str, str]] = [
        (
            "accuracy, discrete",
            f"{data['accuracy']:.2%}",
            f"of {counted(data['test_samples'], 'test sample')}",
        ),
        ("discretization gap", f"{data['gap']:+.2%}", "train-mode minus discrete accuracy"),
        ("soft-mixture gap", f"{data['gap_soft']:+.2%}", "soft-mixture minus discrete accuracy"),
        ("unused gates", f"{data['unused_gates']:.2%}", "of the nodes, by entropy"),
        ("gates", f"{data['nodes']:,}", f"nodes, on {counted(data['levels'], 'level')}"),
        ("latency, declared", f"{data['latency_cycles']}", "clock cycles, one sample per cycle"),
        ("latency, measured", f"{data['latency_cycles_measured']}", "clock cycles, in simulation"),
        ("vectors simulated", f"{data['vectors']:,}", f"results compared, {data['simulator']}"),
        ("mismatches", f"{data['mismatches']}", "scores or classes that differ from software"),
        _control_row(control),
        ("time", f"{data['seconds']:.1f}", "seconds for training, simulation and synthesis"),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _control_row(control: dict[str, Any] | None) -> tuple[str, str, str]:
    """Say whether the negative control was caught."""
    if control is None:
        return ("negative control", "off", "not asked for")
    found = "caught" if control["caught"] else "MISSED"
    mismatches = counted(control["mismatches"], "mismatch")
    return ("negative control", found, f"one table bit flipped: {mismatches}")


def _area(data: dict[str, Any]) -> Table:
    """Lay out cells by part, a row per kind."""
    table = Table(title=f"Area, stage {data['area_stage']}", title_justify="left")
    table.add_column("")
    for part in (*CIRCUIT_PARTS, "total"):
        table.add_column(part, justify="right")
    for name, key in (("LUT4", "lut4"), ("LUT6", "lut6"), ("flip-flops", "ff")):
        table.add_row(name, *(f"{data[key][part]:,}" for part in (*CIRCUIT_PARTS, "total")))
    return table
