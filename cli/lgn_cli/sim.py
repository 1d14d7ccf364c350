"""`lgn sim`: simulate a classifier's core and compare it with the classifier."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lgn_cli.console import JsonOption, notice, print_json, print_notices, say, status
from lgn_cli.conv import chosen_conv
from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.errors import ToolNotFound
from lgn_hw.files.writers import default_folder
from lgn_hw.samples import read_samples, samples_beside, spread

if TYPE_CHECKING:
    from lgn_sim.result import SimulationResult
    from lgn_sim.work import Work

__all__ = ["sim"]

# Real and random samples where nothing is said, and the name of the folder's command.
VECTORS, FRAMES = (1000, 200, "sim"), (20, 10, "streamsim")


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
        int | None,
        typer.Option(
            min=0,
            help="How many real samples at most, spread evenly; 1000 if not given, or 20 frames.",
        ),
    ] = None,
    vectors: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=1_000_000,
            help="How many random vectors; 200 if not given, or 10 frames.",
        ),
    ] = None,
    simulator: Annotated[
        str,
        typer.Option(help="icarus or verilator; auto: of those installed the one done first."),
    ] = "auto",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder for logs and sim.json; CLASSIFIER.sim if not given, or"
            " CLASSIFIER.streamsim.",
        ),
    ] = None,
    waveform: Annotated[bool, typer.Option("--waveform", help="Write a waveform file.")] = False,
    seed: Annotated[int, typer.Option(help="Of random vectors and pauses.")] = 0,
    no_negative_control: Annotated[
        bool, typer.Option("--no-negative-control", help="Do not simulate a flipped table bit.")
    ] = False,
    conv: Annotated[
        str,
        typer.Option(
            help="unrolled: every kernel at every position. stream: a streaming core, frame by"
            " frame. auto: stream where the classifier has a convolutional form."
        ),
    ] = "unrolled",
    json: JsonOption = False,
) -> None:
    """Run the core's Verilog with and without idle cycles, backpressure and a reset.

    Every result must equal the classifier's, bit for bit, after the declared latency. The core is
    then simulated with one table bit flipped, which must be found. Exits with 1 otherwise. Of a
    streaming core frames are sent, whole ones and, between them, cut and overlong ones.

    Examples:

        lgn sim build/digits/digits.lgn

        lgn sim build/digits/digits.lgn --verilog build/digits/digits.v --vectors 1000 --json

        lgn sim build/mnist/mnist.lgn --real 10000 --simulator verilator

        lgn sim build/mnist-conv/mnist-conv.lgn --conv stream --real 200
    """
    if importlib.util.find_spec("cocotb") is None:
        raise ToolNotFound("cocotb is missing; install it with: pip install 'lgn-hw[sim]'")
    from lgn_sim.simulate import simulate
    from lgn_sim.simulate_frames import simulate_frames
    from lgn_sim.work import core_work, frame_work

    loaded = Classifier.load(classifier)
    stream = chosen_conv(loaded, conv) == "stream"
    default_real, default_vectors, command = FRAMES if stream else VECTORS
    folder = output or default_folder(classifier, command)
    # Real samples reach patterns that random vectors hardly ever do: those that training left are
    # taken by themselves.
    found = read_samples(loaded, data) if data else samples_beside(loaded, classifier)
    samples = None
    if found is not None:
        print_notices(found.notices)
        samples = spread(found.codes, default_real if real is None else real)
    count = default_vectors if vectors is None else vectors
    control = not no_negative_control
    if stream:
        work = frame_work(loaded, count, samples, control=control)
    else:
        work = core_work(loaded, count, samples, verilog, control=control)
    chosen = _chosen(simulator, work)
    with status(f"{chosen} simulates the core") as shown:
        result = (simulate_frames if stream else simulate)(
            loaded,
            output_dir=folder,
            samples=samples,
            verilog=verilog,
            simulator=chosen,
            vectors=count,
            seed=seed,
            waveform=waveform,
            negative_control=control,
            progress=shown.update,
            notice=notice,
        )
    if json:
        print_json(result.to_json())
    else:
        _print(result, folder)
    result.check()


def _chosen(simulator: str, work: "Work") -> str:
    """Return the simulator that was asked for, or the one that finishes first."""
    from lgn_sim.choice import advice, choose_simulator

    chosen = choose_simulator(*work) if simulator == "auto" else simulator
    said = advice(chosen, *work)
    if said:
        notice(said)
    return chosen


def _print(result: "SimulationResult", folder: Path) -> None:
    """Print what was compared, and the latency that was seen."""
    interval = getattr(result, "interval_cycles", None)
    rate = (
        f"{result.throughput} samples per cycle"
        if interval is None
        else (f"a frame every {interval} cycles")
    )
    lines = [
        f"{counted(result.vectors, 'result')} compared in {result.simulator},"
        f" {counted(result.mismatches, 'mismatch')} ({result.seconds} s)",
        f"latency {counted(result.latency_cycles, 'clock cycle')} declared,"
        f" {result.latency_cycles_measured} measured; {rate}",
    ]
    if result.negative_control is not None:
        found = "caught" if result.negative_control.caught else "MISSED"
        lines.append(
            f"negative control {found}: one table bit flipped,"
            f" {counted(result.negative_control.mismatches, 'mismatch')}"
        )
    if result.waveform is not None:
        lines.append(f"waveform {result.waveform}")
    say(*lines, f"logs in {folder}")
