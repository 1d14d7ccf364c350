"""Simulate a classifier's Verilog and compare it with the classifier, bit for bit.

The expected results come from Classifier.scores, which shares no code with the Verilog: what agrees
was computed in two ways. The negative control shows that a difference would be seen.
"""

import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.circuit.header import CoreHeader, read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.files.atomic import write_text
from lgn_hw.files.owned_folder import own_folder
from lgn_hw.hdl.verilog import matching_verilog, to_verilog
from lgn_hw.samples import spread, vectors_for
from lgn_sim.control import faulty_classifier
from lgn_sim.job import CASES, H, Job
from lgn_sim.result import NegativeControl, SimulationResult
from lgn_sim.runner import Progress, ignore, require_simulator, run_cases

__all__ = ["CONTROL_VECTORS", "FEW", "RESULT_FILE", "simulate", "written_job"]

FEW = 100  # vectors of the cases with pauses, which take longer in the simulator
RESULT_FILE = "sim.json"
CONTROL_VECTORS = 500  # of the negative control: enough to find a flip that shows


def simulate(
    classifier: Classifier,
    *,
    output_dir: str | Path,
    samples: ArrayLike | None = None,
    verilog: str | Path | None = None,
    simulator: str = "icarus",
    vectors: int = 200,
    seed: int = 0,
    waveform: bool = False,
    negative_control: bool = True,
    options: CoreOptions | None = None,
    progress: Progress = ignore,
    notice: Progress = ignore,
) -> SimulationResult:
    """Run a core in a simulator and compare each result with Classifier.scores or predict.

    samples: codes[samples, features] to use besides the vectors of lgn_hw.samples.vectors_for.
    verilog: a text or a file from hdl.verilog.to_verilog; emitted with options where not given, and
    then with scores, which say more, where there are no options either. vectors: how many random
    vectors. output_dir: new or of an earlier simulation; receives logs, vectors, sim.json and the
    waveform (see files.owned_folder).

    Case `flowing` uses every vector, the others at most 100 spread evenly. The negative control
    simulates the core of a classifier with one table bit flipped, which must give mismatches.
    progress: told in words what begins. notice: told which files of others were renamed.

    A mismatch is in the result, whose check() raises CheckFailed. Raises UsageError where verilog
    is of another classifier, ClassifierError on samples that it cannot take, CheckFailed where
    there is no negative control, ToolNotFound and ToolError (see runner.run_cases).
    """
    start = time.perf_counter()
    require_simulator(simulator)
    codes = vectors_for(classifier.features, vectors, seed, samples)
    if verilog is None:
        text = to_verilog(classifier, options or CoreOptions(scores=True))
    else:
        text = matching_verilog(classifier, verilog)
    header = read_core_header(text)
    with own_folder(output_dir, "sim") as owned, owned.work() as folder:
        job = written_job(folder, classifier, header, codes, FEW, seed)
        cases, wave = run_cases(
            text, job, folder, simulator=simulator, waveform=waveform, progress=progress
        )
        control = None
        if negative_control:
            control = _negative_control(
                classifier, header, codes, folder, simulator, seed,
                lambda what: progress(f"negative control: {what}"),
            )  # fmt: skip
        result = SimulationResult(
            digest=classifier.digest,
            simulator=simulator,
            vectors=sum(case.vectors for case in cases),
            mismatches=sum(case.mismatches for case in cases),
            latency_cycles=header.latency,
            latency_cycles_measured=cases[0].latency_cycles,
            throughput=cases[0].throughput,
            levels_per_stage=header.options.registers,
            scores=header.scores,
            cases=tuple(cases),
            negative_control=control,
            waveform=None if wave is None else owned.path / wave.name,
            seconds=round(time.perf_counter() - start, 2),
        )
        write_text(folder / RESULT_FILE, json.dumps(result.to_json(), indent=2) + "\n")
    for kept in owned.notices():
        notice(kept)
    return result


def written_job(
    folder: Path, classifier: Classifier, header: H, codes: NDArray[np.int64], few: int, seed: int
) -> Job[H]:
    """Write the model and the vectors to files that the simulator process reads.

    Paths in the job are relative to its own file, so that the folder can be moved and run again.
    """
    folder.mkdir(exist_ok=True)
    classifier.save(folder / "model.lgn")
    np.savez_compressed(folder / "vectors.npz", codes=codes)
    return Job("model.lgn", "vectors.npz", "cases.json", header, min(few, len(codes)), seed)


def _negative_control(
    classifier: Classifier,
    header: CoreHeader,
    codes: NDArray[np.int64],
    folder: Path,
    simulator: str,
    seed: int,
    progress: Progress,
) -> NegativeControl:
    """Simulate a core with one table bit flipped against the model of the right one.

    Only the first case is run: what it shows is that a wrong result is noticed at all.
    """
    progress("looks for a table bit that shows")
    # Evenly over all vectors, real samples among them.
    few = spread(codes, CONTROL_VECTORS)
    faulty = faulty_classifier(classifier, few, scores=header.scores, seed=seed)
    verilog = to_verilog(faulty, header.options, name=header.top)
    control = folder / "negative_control"
    job = written_job(control, classifier, header, few, FEW, seed)
    (case,), _ = run_cases(
        verilog, job, control, simulator=simulator, cases=CASES[:1], progress=progress
    )
    return NegativeControl(case.mismatches > 0, case.mismatches)
