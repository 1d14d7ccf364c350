"""`lgn sim`: simulate a classifier's core and compare it with the classifier."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lgn_hw.classifier import Classifier
from lgn_hw.cli.console import JsonOption, errors, out, print_json, write_json
from lgn_hw.errors import ToolNotFound
from lgn_hw.samples import read_samples, spread

if TYPE_CHECKING:
    from lgn_sim.result import SimulationResult

__all__ = ["sim"]


def sim(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    verilog: Annotated[
        Path | None,
        typer.Option(help="Its Verilog from `lgn verilog`; emitted afresh where not given."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Real samples, .npz or .csv; else test.npz beside the classifier."),
    ] = None,
    real: Annotated[
        int, typer.Option(min=0, help="How many real samples at most, spread evenly.")
    ] = 1000,
    vectors: Annotated[int, typer.Option(min=0, help="How many random vectors.")] = 200,
    simulator: Annotated[str, typer.Option(help="icarus or verilator.")] = "icarus",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for logs and sim.json.")
    ] = None,
    waveform: Annotated[bool, typer.Option("--waveform", help="Write a waveform file.")] = False,
    seed: Annotated[int, typer.Option(help="Of random vectors and pauses.")] = 0,
    no_negative_control: Annotated[
        bool, typer.Option("--no-negative-control", help="Do not simulate a flipped table bit.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Run the core's Verilog with and without idle cycles, backpressure and a reset.

    Every result must equal the classifier's, bit for bit, after the declared latency. The core is
    then simulated with one table bit flipped, which must be found. Exits with 1 otherwise.

    Examples:

        lgn sim build/digits/digits.lgn

        lgn sim build/digits/digits.lgn --verilog build/digits/digits.v --vectors 1000 --json
    """
    if importlib.util.find_spec("cocotb") is None:
        raise ToolNotFound("cocotb is missing; install it with: pip install 'lgn-hw[sim]'")
    from lgn_sim.simulate import simulate

    loaded = Classifier.load(classifier)
    beside = classifier.parent / "test.npz"
    folder = output or classifier.parent / "sim"
    given = data or (beside if beside.exists() else None)
    samples = spread(read_samples(loaded, given)[0], real) if given else None
    with errors.status(f"{simulator} simulates the core"):
        result = simulate(
            loaded,
            output_dir=folder,
            samples=samples,
            verilog=verilog,
            simulator=simulator,
            vectors=vectors,
            seed=seed,
            waveform=waveform,
            negative_control=not no_negative_control,
        )
    write_json(folder / "sim.json", result.to_json())
    if json:
        print_json(result.to_json())
    else:
        _print(result, folder)
    result.check()


def _print(result: "SimulationResult", folder: Path) -> None:
    lines = [
        f"{result.vectors:,} results compared in {result.simulator},"
        f" {result.mismatches:,} mismatches ({result.seconds} s)",
        f"latency {result.latency_cycles} clock cycles declared,"
        f" {result.latency_cycles_measured} measured; {result.throughput} samples a cycle",
    ]
    if result.negative_control is not None:
        found = "caught" if result.negative_control.caught else "MISSED"
        lines.append(
            f"negative control {found}: one table bit flipped,"
            f" {result.negative_control.mismatches} mismatches"
        )
    if result.waveform is not None:
        lines.append(f"waveform {result.waveform}")
    lines.append(f"logs in {folder}")
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
