"""Simulate a streaming core and compare it with the classifier, frame by frame (see simulate)."""

import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.circuit.options import DEFAULT_REGISTERS
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.files.atomic import write_text
from lgn_hw.files.owned_folder import own_folder
from lgn_hw.files.source_text import read_source
from lgn_hw.hdl.streaming import StreamingOptions
from lgn_hw.hdl.streaming.header import StreamHeader, read_stream_header
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_hw.samples import spread, vectors_for
from lgn_sim.control import faulty_form
from lgn_sim.job import FRAME_CASES
from lgn_sim.result import FrameSimulationResult, NegativeControl
from lgn_sim.runner import Progress, ignore, require_simulator, run_cases
from lgn_sim.simulate import RESULT_FILE, written_job

__all__ = ["CONTROL_FRAMES", "FEW_FRAMES", "simulate_frames"]

FEW_FRAMES = 5  # of the cases with pauses
CONTROL_FRAMES = 10
MODULE = "lgn_sim.cases.frames"


def simulate_frames(
    classifier: Classifier,
    *,
    output_dir: str | Path,
    samples: ArrayLike | None = None,
    verilog: str | Path | None = None,
    simulator: str = "icarus",
    vectors: int = 10,
    seed: int = 0,
    waveform: bool = False,
    negative_control: bool = True,
    options: StreamingOptions | None = None,
    progress: Progress = ignore,
    notice: Progress = ignore,
) -> FrameSimulationResult:
    """Run a streaming core in a simulator and compare each frame's result with the classifier.

    Arguments and errors are those of simulate.simulate; verilog is from streaming_verilog, and
    samples are frames. Case `flowing` sends every frame, the others at most FEW_FRAMES. The
    negative control is the core of a convolutional form with one table bit flipped.
    """
    start = time.perf_counter()
    require_simulator(simulator)
    codes = vectors_for(classifier.features, vectors, seed, samples)
    if verilog is None:
        text = streaming_verilog(classifier, options or StreamingOptions(DEFAULT_REGISTERS, True))
    else:
        text = read_source(verilog) if isinstance(verilog, Path) else verilog
    header = _matching(classifier, text)
    with own_folder(output_dir, "streamsim") as owned, owned.work() as folder:
        job = written_job(folder, classifier, header, codes, FEW_FRAMES, seed)
        cases, wave = run_cases(
            text, job, folder, simulator=simulator, cases=FRAME_CASES, waveform=waveform,
            progress=progress, module=MODULE,
        )  # fmt: skip
        control = None
        if negative_control:
            progress("negative control: looks for a table bit that shows")
            control = _negative_control(classifier, header, codes, folder, simulator, seed)
        result = FrameSimulationResult(
            digest=classifier.digest,
            simulator=simulator,
            vectors=sum(case.vectors for case in cases),
            mismatches=sum(case.mismatches for case in cases),
            latency_cycles=header.latency,
            latency_cycles_measured=cases[0].latency_cycles,
            throughput=cases[0].throughput,
            levels_per_stage=header.registers,
            scores=header.scores,
            cases=tuple(cases),
            negative_control=control,
            waveform=None if wave is None else owned.path / wave.name,
            seconds=round(time.perf_counter() - start, 2),
            interval_cycles=header.interval,
            interval_cycles_measured=cases[0].interval_cycles,
        )
        write_text(folder / RESULT_FILE, json.dumps(result.to_json(), indent=2) + "\n")
    for kept in owned.notices():
        notice(kept)
    return result


def _matching(classifier: Classifier, text: str) -> StreamHeader:
    """Return the header of a text; raises UsageError where it is of no or of another classifier."""
    header = read_stream_header(text)
    if header is None or header.digest != classifier.digest:
        found = "no streaming core" if header is None else f"of classifier {header.digest}"
        raise UsageError(
            f"The Verilog is {found}, and must be a streaming core of {classifier.digest}; emit it"
            " with `lgn verilog --conv stream`"
        )
    return header


def _negative_control(
    classifier: Classifier,
    header: StreamHeader,
    codes: NDArray[np.int64],
    folder: Path,
    simulator: str,
    seed: int,
) -> NegativeControl:
    """Simulate a core with one table bit flipped against the model of the right one."""
    few = spread(codes, CONTROL_FRAMES)
    faulty = faulty_form(classifier, few, scores=header.scores, seed=seed)
    options = StreamingOptions(header.registers, header.scores)
    control = folder / "negative_control"
    job = written_job(control, classifier, header, few, FEW_FRAMES, seed)
    (case,), _ = run_cases(
        streaming_verilog(faulty, options, name=header.top), job, control, simulator=simulator,
        cases=FRAME_CASES[:1], module=MODULE,
    )  # fmt: skip
    return NegativeControl(case.mismatches > 0, case.mismatches)
