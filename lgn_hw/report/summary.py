"""One page that gathers every figure of a run folder: training, simulation, area."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lgn_hw.classifier import Classifier
from lgn_hw.errors import CheckFailed, UsageError
from lgn_hw.files.writers import default_folder
from lgn_hw.formats.lgn import load
from lgn_hw.report.gather import classifier_file

__all__ = ["check_summary", "summarize"]

STEPS = ("train", "sim", "synth")


def summarize(folder: Path) -> dict[str, Any]:
    """Gather the figures of `lgn train`, `lgn sim` and `lgn synth` from a run folder.

    accuracy, gap: fractions of the test set. lut4, lut6, ff: cells by part, stage `estimate`.
    latency in clock cycles, declared and measured. vectors: how many results were compared in
    simulation. seconds: the steps' sum. Raises UsageError where a step is missing, or was run on
    another classifier.
    """
    if not (folder / "train.json").exists():
        raise UsageError(f"{folder / 'train.json'} is missing; run `lgn train` into {folder} first")
    file = classifier_file(folder)
    classifier = load(file)
    train = json.loads((folder / "train.json").read_text(encoding="utf-8"))
    sim, synth = (_step(file, command) for command in STEPS[1:])
    _check_digests(classifier, {"sim": sim, "synth": synth})
    seconds = {step: data["seconds"] for step, data in _named(train, sim, synth).items()}
    return {
        "digest": classifier.digest,
        "accuracy": train["accuracy"],
        "gap": train["gap"],
        "gap_soft": train["gap_soft"],
        "unused_gates": train["unused_gates"],
        "test_samples": train["test_samples"],
        "nodes": classifier.netlist.num_nodes,
        "levels": classifier.netlist.depth,
        "lut4": synth["lut4"],
        "lut6": synth["lut6"],
        "ff": synth["ff"],
        "area_stage": synth["stage"],
        "latency_cycles": sim["latency_cycles"],
        "latency_cycles_measured": sim["latency_cycles_measured"],
        "vectors": sim["vectors"],
        "mismatches": sim["mismatches"],
        "simulator": sim["simulator"],
        "negative_control": sim["negative_control"],
        "seconds": round(sum(seconds.values()), 2),
        "seconds_by_step": seconds,
    }


def check_summary(summary: Mapping[str, Any]) -> None:
    """Raise CheckFailed where the run is not what it should be: any mismatch, any wrong latency."""
    if summary["mismatches"]:
        raise CheckFailed(
            f"{summary['mismatches']} of {summary['vectors']} simulated results differ from"
            " the software's"
        )
    declared, measured = summary["latency_cycles"], summary["latency_cycles_measured"]
    if declared != measured:
        raise CheckFailed(f"The core declares a latency of {declared} cycles and takes {measured}")


def _named(*steps: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the three steps by their commands' names."""
    return dict(zip(STEPS, steps, strict=True))


def _step(file: Path, command: str) -> dict[str, Any]:
    """Return what a command wrote for a classifier; UsageError, with the command that is to be run,
    where it wrote nothing.
    """
    path = default_folder(file, command) / f"{command}.json"
    if not path.exists():
        raise UsageError(f"{path} is missing; run `lgn {command} {file}` first")
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _check_digests(classifier: Classifier, steps: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise UsageError where a step ran on another classifier than the folder's."""
    for step, data in steps.items():
        if data["digest"] != classifier.digest:
            raise UsageError(
                f"`lgn {step}` ran on classifier {data['digest'][:12]}, but the folder holds"
                f" {classifier.digest[:12]}; run it again"
            )
