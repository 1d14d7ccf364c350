"""`lgn fmax`: place and route a core, and find the registers that a clock needs.

By default the core is placed as it is written for carry chains; `--lut` places the one of LUTs.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from lgn_cli.console import JsonOption, finite, print_json, print_notices, say, write_json
from lgn_cli.conv import chosen_conv
from lgn_cli.given import refuse_others
from lgn_cli.watching import watched
from lgn_hw.counted import counted

__all__ = ["fmax"]

STREAM_TAKES = ("part", "clock_mhz", "levels_per_stage", "scores", "tries", "output", "conv")


def fmax(
    context: typer.Context,
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    part: Annotated[str, typer.Option(help="The part, as hx8k-ct256 or ecp5-25k.")],
    clock_mhz: Annotated[
        float | None,
        typer.Option(min=0.001, callback=finite, help="Find the fewest registers for this clock."),
    ] = None,
    levels_per_stage: Annotated[
        int | None,
        typer.Option(
            min=0, help="Levels between registers, where no clock is given. 2 if not given."
        ),
    ] = None,
    scores: Annotated[bool, typer.Option(help="Bring the votes for each class out too.")] = False,
    lut: Annotated[
        str | None,
        typer.Option(help="As of `lgn verilog`; for carry chains where not given."),
    ] = None,
    tries: Annotated[int, typer.Option(min=1, help="Settings to place at most.")] = 6,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder for a folder PART, or PART.stream, with logs and fmax.json;"
            " CLASSIFIER.fmax if not given.",
        ),
    ] = None,
    conv: Annotated[
        str,
        typer.Option(
            help="unrolled: every kernel at every position. stream: a streaming core. auto: stream"
            " where the classifier has a convolutional form."
        ),
    ] = "unrolled",
    json: JsonOption = False,
) -> None:
    """Place and route with nextpnr: the highest clock, the latency in ns, the cells of the part.

    Without a clock the one setting of --levels-per-stage is placed. With one, registers are put
    anywhere in the datapath, the fewest that meet it: a delay model of the part proposes, nextpnr
    decides. Exits with 1 where none meets it or the core does not fit. Figures are of stage `pnr`.

    Examples:

        lgn fmax build/digits/digits.lgn --part ecp5-25k

        lgn fmax build/digits/digits.lgn --part hx8k-ct256 --clock-mhz 100

        lgn fmax build/digits/digits.lgn --part ecp5-25k --clock-mhz 150 --lut 4

        lgn fmax build/mnist-conv/mnist-conv.lgn --part up5k-sg48 --conv stream
    """
    from lgn_hw.circuit.options import DEFAULT_REGISTERS
    from lgn_hw.classifier import Classifier
    from lgn_hw.files.owned_folder import own_folder
    from lgn_hw.files.writers import default_folder
    from lgn_hw.hdl.streaming import StreamingOptions
    from lgn_hw.synth.targets import options_for
    from lgn_hw.timing.parts import find_part
    from lgn_hw.timing.search import PlacedCore, place_core, search
    from lgn_hw.timing.stream_search import PlacedStream, place_stream, search_stream
    from lgn_hw.tools.nextpnr_progress import following

    options = options_for(lut, part, registers=levels_per_stage, scores=scores)
    loaded, chosen = Classifier.load(classifier), find_part(part)
    stream = chosen_conv(loaded, conv) == "stream"
    if stream:
        refuse_others(context, "--conv stream", STREAM_TAKES)
    levels = DEFAULT_REGISTERS if levels_per_stage is None else levels_per_stage
    in_time = StreamingOptions(levels, scores)
    folder = output or default_folder(classifier, "fmax")
    folder /= f"{chosen.name}.stream" if stream else chosen.name
    with (
        # Written into a folder aside, which takes the place of the old one only when nextpnr has
        # ended well.
        own_folder(folder, "fmax") as owned,
        owned.work() as work,
        watched(None, f"placing the core on {chosen.name}") as watch,
        following(work, watch.report),
    ):
        placed: PlacedCore | PlacedStream
        if stream and clock_mhz is None:
            placed = place_stream(loaded, chosen, in_time, work)
        elif stream and clock_mhz is not None:
            placed = search_stream(loaded, chosen, clock_mhz, in_time, work, most=tries)
        elif clock_mhz is None:
            placed = place_core(loaded, chosen, options, work)
        else:
            placed = search(loaded, chosen, clock_mhz, options, work, most=tries)
        data = placed.to_json()
        write_json(work / "fmax.json", data)
    print_notices(owned.notices())
    if json:
        print_json(data)
    else:
        _print(data, folder)


def _rate(data: dict[str, Any]) -> str:
    """Say how often a sample can come."""
    if "interval_cycles" not in data:
        return "one sample per clock cycle"
    frames = f"{data['samples_per_second']:,} frames per second"
    return f"{frames}, one every {counted(data['interval_cycles'], 'cycle')}"


def _print(data: dict[str, Any], folder: Path) -> None:
    """Print the settings that were placed, and the figures of the best one."""
    clock = f" (asked for: {data['clock_mhz']:g} MHz)" if data["clock_mhz"] else ""
    lines = [
        *(f"placed: {trial['setting']}: {trial['fmax_mhz']:.1f} MHz" for trial in data["trials"]),
        f"{data['part']}, stage {data['stage']}, {data['tool']}",
        f"{data['setting']}",
        f"clock {data['fmax_mhz']:.1f} MHz{clock}, {_rate(data)}",
        f"latency {data['latency_cycles']} clock cycles, {data['latency_ns']:.1f} ns",
        *(
            f"{kind} {used['used']:,} of {used['available']:,}"
            for kind, used in data["utilization"].items()
            if used["used"] and used["available"]
        ),
        f"logs in {folder}",
    ]
    say(*lines)
