"""`lgn sim`: simulate a classifier's core and compare it with the classifier."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lgn_cli.console import JsonOption, notice, print_json, print_notices, say, status
from lgn_hw.classifier import Classifier
from lgn_hw.errors import ToolNotFound
from lgn_hw.files.owned_folder import default_folder
from lgn_hw.files.source_text import read_source
from lgn_hw.samples import read_samples, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    vectors: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="How many random vectors.")
    ] = 200,
    simulator: Annotated[
        str,
        typer.Option(help="icarus or verilator; auto: of those installed the one done first."),
    ] = "auto",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for logs and sim.json; CLASSIFIER.sim if not given."
        ),
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

        lgn sim build/mnist/mnist.lgn --real 10000 --simulator verilator
    """
    if importlib.util.find_spec("cocotb") is None:
        raise ToolNotFound("cocotb is missing; install it with: pip install 'lgn-hw[sim]'")
    from lgn_sim.simulate import simulate

    loaded = Classifier.load(classifier)
    # Real samples reach patterns that random vectors hardly ever do: those that training left are
    # taken by themselves.
    beside = classifier.parent / "test.npz"
    folder = output or default_folder(classifier, "sim")
    given = data or (beside if beside.exists() else None)
    samples = None
    if given:
        found = read_samples(loaded, given)
        print_notices(found.notices)
        samples = spread(found.codes, real)
    chosen = _choose(simulator, loaded, vectors, samples, verilog, control=not no_negative_control)
    with status(f"{chosen} simulates the core") as shown:
        result = simulate(
            loaded,
            output_dir=folder,
            samples=samples,
            verilog=verilog,
            simulator=chosen,
            vectors=vectors,
            seed=seed,
            waveform=waveform,
            negative_control=not no_negative_control,
            progress=shown.update,
            notice=notice,
        )
    if json:
        print_json(result.to_json())
    else:
        _print(result, folder)
    result.check()


def _choose(
    simulator: str,
    classifier: Classifier,
    vectors: int,
    samples: "NDArray[np.int64] | None",
    verilog: Path | None,
    *,
    control: bool,
) -> str:
    """Return the simulator that was asked for, or the one that finishes first."""
    from lgn_sim.choice import advice, cells_of, choose_simulator
    from lgn_sim.job import CASES
    from lgn_sim.simulate import CONTROL_VECTORS, FEW

    # What simulate() will run: all vectors once, few of them in each other case, and the negative
    # control.
    given = 2 + vectors + (0 if samples is None else len(samples))
    total = given + (len(CASES) - 1) * min(FEW, given) + control * min(CONTROL_VECTORS, given)
    nodes, builds = classifier.netlist.num_nodes, 1 + control
    cells = cells_of(read_source(verilog)) if verilog else 0
    work = (nodes, total, builds, cells)
    chosen = choose_simulator(*work) if simulator == "auto" else simulator
    said = advice(chosen, *work)
    if said:
        notice(said)
    return chosen


def _print(result: "SimulationResult", folder: Path) -> None:
    """Print what was compared, and the latency that was seen."""
    lines = [
        f"{result.vectors:,} results compared in {result.simulator},"
        f" {result.mismatches:,} mismatches ({result.seconds} s)",
        f"latency {result.latency_cycles} clock cycles declared,"
        f" {result.latency_cycles_measured} measured; {result.throughput} samples per cycle",
    ]
    if result.negative_control is not None:
        found = "caught" if result.negative_control.caught else "MISSED"
        lines.append(
            f"negative control {found}: one table bit flipped,"
            f" {result.negative_control.mismatches} mismatches"
        )
    if result.waveform is not None:
        lines.append(f"waveform {result.waveform}")
    say(*lines, f"logs in {folder}")
