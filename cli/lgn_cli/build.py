"""`lgn build`: a bitstream of a classifier for a board.

The work is that of lgn_boards.build, which a script can call with the same options.
"""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from lgn_cli.console import JsonOption, errors, finite, print_json, say
from lgn_cli.conv import chosen_conv
from lgn_cli.watching import watched
from lgn_hw.counted import counted

__all__ = ["build"]


def build(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    board: Annotated[str, typer.Option(help="A name of `lgn boards`, FILE.py, or module:Class.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder; CLASSIFIER.BOARD if not given."),
    ] = None,
    baud: Annotated[
        int | None,
        typer.Option(min=300, max=20_000_000, help="Of the link; the board's if not given."),
    ] = None,
    clock_mhz: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            callback=finite,
            help="Of the design, by a PLL; the board's own if not given.",
        ),
    ] = None,
    levels_per_stage: Annotated[
        int | None,
        typer.Option(min=0, help="Levels of logic between registers; the board's if not given."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Placements to try; the best is kept.")] = 1,
    jobs: Annotated[int, typer.Option(min=0, help="Placements at a time; 0: all cores.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Build again what was kept.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be built, and run no tool.")
    ] = False,
    conv: Annotated[
        str,
        typer.Option(
            help="unrolled: every kernel at every position. stream: pixel by pixel, every kernel"
            " once. auto: stream where the classifier has a convolutional form."
        ),
    ] = "auto",
    json: JsonOption = False,
) -> None:
    """Build a classifier, its link and its self-test for a board, with tools from pip.

    A step that was done before with the same input is not run again. Exits with 1 and both
    numbers where the design does not fit or misses the clock.

    Examples:

        lgn build --board icebreaker build/digits/digits.lgn

        lgn build --board ulx3s-25f build/mnist/mnist.lgn --seeds 4 --json

        lgn build --board icebreaker build/digits/digits.lgn --clock-mhz 24 --baud 3000000
    """
    from lgn_boards.boards import find_board
    from lgn_boards.build import BuildOptions
    from lgn_boards.build import build as build_bitstream
    from lgn_hw.classifier import Classifier
    from lgn_hw.files.writers import default_folder
    from lgn_hw.tools.nextpnr_progress import following

    # Both are looked at before anything is written: a wrong name costs no minutes.
    loaded, on = Classifier.load(classifier), find_board(board)
    folder = output or default_folder(classifier, on.name)
    stream = chosen_conv(loaded, conv) == "stream"
    options = BuildOptions(baud, clock_mhz, levels_per_stage, seeds, jobs, fresh, stream)
    if dry_run:
        _dry_run(loaded, on, folder, options, json)
        return
    with watched(None, f"building for {on.name}") as watch, following(folder, watch.report):
        result = build_bitstream(
            loaded, on, folder, options, lambda line: errors.print(line, soft_wrap=True)
        )
    if json:
        print_json(result)
        return
    _print(result, folder)


def _dry_run(classifier: Any, board: Any, folder: Path, options: Any, json: bool) -> None:
    """Say what would be built, and the least LUTs that it takes."""
    from lgn_boards.build import plan_for
    from lgn_boards.fit import check_luts, least_luts
    from lgn_boards.top import design_files

    # Everything that can be refused without a tool is refused here too, so that a dry run is worth
    # something.
    plan = plan_for(classifier, board, options)
    check_luts(board, board.open_platform(), least_luts(plan), "estimate")
    design = design_files(board, plan)
    commands = [" ".join(command) for command in design.commands]
    if json:
        print_json({"folder": str(folder), "commands": commands, "luts_least": least_luts(plan)})
        return
    say(f"at least {counted(least_luts(plan), 'LUT')} (stage estimate)")
    for command in commands:
        say(command)


def _print(result: dict[str, Any], folder: Path) -> None:
    """Print the figures of a build, and how to load it."""
    if result["bitstream"] is None:
        say(f"files in {result['folder']}; {result['next']}")
        return
    for kind, cells in result["utilization"].items():
        if not cells["available"]:
            continue
        share = 100 * cells["used"] / cells["available"]
        say(f"{kind:16} {cells['used']:7,} of {cells['available']:7,}  {share:5.1f} %")
    if result["fmax_mhz"] is not None:
        fmax, clock = result["fmax_mhz"], result["clock_mhz"]
        say(f"{fmax:.2f} MHz reached, {clock:g} MHz needed (stage pnr)")
    say(
        f"{counted(result['sample_bytes'], 'byte')} per sample:"
        f" {result['samples_per_second']:,.1f} samples/s at {result['baud']:,} baud"
    )
    say(f"{result['bitstream']}; load it with: {shlex.join(['lgn', 'flash', str(folder)])}")
