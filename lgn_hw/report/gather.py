"""Gather what is known of a classifier from its file and from the folder that it lies in."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.errors import LgnError, UsageError
from lgn_hw.files.writers import default_folder
from lgn_hw.formats.lgn import load
from lgn_hw.image_shape import Shape, find_image_shape, parse_image_shape
from lgn_hw.netlist import Netlist
from lgn_hw.passes.dead import inputs_read
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.ports import describe_ports
from lgn_hw.report.answers import answers_on, bits_read
from lgn_hw.report.circuit import describe_circuit
from lgn_hw.report.gates import count_tables, table_name
from lgn_hw.report.steps import MISSING, placed_beside, read_step
from lgn_hw.samples import read_samples
from lgn_hw.version import __version__

__all__ = ["FORMAT", "classifier_file", "gather"]

FORMAT = "lgn-report 1"
CURVES = (
    "epoch", "loss", "train_mode_accuracy", "soft_accuracy", "discrete_accuracy", "gap_train",
    "gap_soft",
)  # fmt: skip
MAX_TABLES = 256  # listed; wide nodes have nearly as many tables as there are nodes
# What each step of a run writes, and the command that writes it.
STEPS = {
    "simulation": ("sim", "sim.json", "lgn sim {classifier}"),
    "estimate": ("synth", "synth.json", "lgn synth {classifier}"),
    "proof": ("prove", "prove.json", "lgn prove {classifier} VERILOG"),
}
# Those of a streaming core, which only classifiers with a convolutional form have.
STREAM_STEPS = {
    "streaming simulation": ("streamsim", "sim.json", "lgn sim {classifier} --conv stream"),
    "streaming estimate": ("stream", "stream.json", "lgn synth {classifier} --conv stream"),
}
PLACED = "lgn fmax {classifier} --part PART"


def gather(
    path: Path,
    data: Path | None = None,
    *,
    label: str | None = None,
    image: str | None = None,
    without_answers: bool = False,
    pipeline: Callable[[Classifier], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the figures of a run folder, or of a .lgn file and the folder around it, as JSON.

    data: samples; without them those that the run was tested on, where the folder has them. label:
    their label column. image: the pixels' shape, as parse_image_shape reads it. pipeline: describes
    the streaming core of a classifier with a convolutional form (hdl.streaming.stages).

    Accuracies and gaps are fractions of the test samples. Every count of cells and every
    frequency stands beside its stage: estimate (mapped), pnr (placed and routed). Steps that were
    not run, or were run on another classifier, are listed in `not_run` with the reason and the
    command that runs them; their figures are None. `optimized` is the structure after the passes
    of `lgn optimize`. Raises UsageError where the folder does not hold exactly one classifier.
    """
    file = classifier_file(path)
    classifier, folder = load(file), file.parent
    not_run: list[dict[str, str]] = []

    def step(what: str) -> dict[str, Any] | None:
        command, name, remedy = (STEPS | STREAM_STEPS)[what]
        # Each command writes into a folder of its own beside the classifier.
        data, reason = read_step(default_folder(file, command) / name, classifier.digest)
        if data is None:
            remedy = remedy.format(classifier=shlex.quote(str(file)))
            not_run.append({"what": what, "reason": reason, "remedy": remedy})
        return data

    simulation, estimate, proof = (step(what) for what in STEPS)
    streaming = None
    if pipeline is not None and classifier.convolution is not None:
        simulated, area = (step(what) for what in STREAM_STEPS)
        streaming = {"core": pipeline(classifier), "simulation": simulated, "area": area}
    placed = list(placed_beside(file, classifier.digest))
    if not placed:
        remedy = PLACED.format(classifier=shlex.quote(str(file)))
        not_run.append({"what": "place and route", "reason": MISSING, "remedy": remedy})
    optimized = optimize_classifier(classifier)[0]
    shape = _shape(classifier, image)
    return {
        "format": FORMAT,
        "lgn_hw": __version__,
        "name": file.stem,
        "digest": classifier.digest,
        "classifier": _structure(classifier),
        "optimized": _structure(optimized),
        "ports": describe_ports(classifier),
        "nodes_by_table": _tables(classifier.netlist, optimized.netlist),
        "accuracy": _accuracy(classifier, folder / "train.json", file.name),
        "curves": _curves(classifier, folder / "metrics.jsonl"),
        "curves_part": (classifier.provenance.get("chosen") or {"part": "test"})["part"],
        "simulation": simulation,
        "estimate": estimate,
        "placed": placed,
        "proof": proof,
        "inputs": {
            "image_shape": shape,
            "bits_read": bits_read(classifier),
        },
        "circuit": describe_circuit(classifier),
        "streaming": streaming,
        "answers": None if without_answers else _answers(classifier, file, data, label, shape),
        "not_run": not_run,
        "provenance": dict(classifier.provenance),
    }


def classifier_file(path: Path) -> Path:
    """Return the classifier that is meant by a .lgn file or by the folder of its run.

    Of several in the folder it is the one that was trained there. Raises UsageError otherwise.
    """
    if not path.is_dir():
        return path
    found = [file for file in sorted(path.glob("*.lgn")) if file.is_file()]
    train = _json(path / "train.json") if len(found) > 1 else {}
    trained = path / Path(str(train.get("classifier"))).name
    if trained in found:
        return trained
    if not found:
        raise UsageError(f"{path} holds no .lgn classifier; name the folder of a run, or a file")
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise UsageError(f"{path} must hold one .lgn classifier, not {names}; name the file")
    return found[0]


def _shape(classifier: Classifier, image: str | None) -> Shape | None:
    """Return the shape of the pixels: the one the user says, or the one the features' names say;
    None where they are no image. Raises UsageError where `image` does not fit the features.
    """
    if image is None:
        return find_image_shape(classifier.features)
    return parse_image_shape(image, classifier.features)


def _answers(
    classifier: Classifier, file: Path, data: Path | None, label: str | None, shape: Shape | None
) -> dict[str, Any] | None:
    """Return the figures on samples: the given ones, or those of the run's test."""
    if data is None:
        data = _tested_on(classifier, file)
        if data is None:
            return None
    samples = read_samples(classifier, data, label)
    found = answers_on(classifier, samples, image=shape is not None)
    return {"file": data.name, "notices": list(samples.notices)} | found


def _tested_on(classifier: Classifier, file: Path) -> Path | None:
    """Return the test samples beside a classifier, if its training left them and they give the
    accuracy that it recorded.
    """
    path = file.with_name("test.npz")
    if (
        not path.is_file()
        or Path(_json(file.with_name("train.json")).get("classifier", "")).name != file.name
    ):
        return None
    try:
        samples = read_samples(classifier, path)
    except LgnError:
        return None
    # A test.npz of another run, or of another data set, would pass as this one's; the recorded
    # accuracy tells.
    accuracy = samples.accuracy(classifier.predict(samples.codes))
    return path if accuracy == classifier.provenance.get("accuracy") else None


def _structure(classifier: Classifier) -> dict[str, Any]:
    """Return the figures of the classifier itself.

    Counts of the netlist as it is stored, with dead nodes where there are some. nodes_by_level
    starts at level 1; votes are per class.
    """
    netlist, features = classifier.netlist, classifier.features
    nodes = np.bincount(netlist.level[netlist.first_node :], minlength=1)[1:]
    return {
        "features": len(features),
        "sample_bits": features.sample_width,
        "encoder_bits": classifier.encoder.num_bits,
        "encoder_bits_used": len(inputs_read(netlist)),
        "nodes": netlist.num_nodes,
        "levels": netlist.depth,
        "nodes_by_level": nodes.tolist(),
        "different_tables": len(count_tables(netlist)),
        "votes": list(classifier.group_sizes),
        "classes": list(classifier.classes),
        "tau": classifier.tau,
    }


def _tables(before: Netlist, after: Netlist) -> list[dict[str, Any]]:
    """Return the nodes of each table in both netlists, the most frequent tables first.

    The order is by the larger of both counts, and MAX_TABLES rows are kept: a table that only the
    optimised netlist has many of is not lost.
    """
    counts = [
        {(t["arity"], t["table"]): t["nodes"] for t in count_tables(netlist)}
        for netlist in (before, after)
    ]
    most = sorted(counts[0] | counts[1], key=lambda kind: -max(c.get(kind, 0) for c in counts))
    return [
        {
            "arity": arity,
            "table": table,
            "name": table_name(arity, table),
            "nodes": counts[0].get((arity, table), 0),
            "optimized_nodes": counts[1].get((arity, table), 0),
        }
        for arity, table in most[:MAX_TABLES]
    ]


def _accuracy(classifier: Classifier, path: Path, name: str) -> dict[str, Any]:
    """Return what training recorded in the classifier, and the samples that train.json counts."""
    fields = ("accuracy", "train_mode_accuracy", "soft_accuracy", "gap", "gap_soft", "unused_gates")
    figures = {field: classifier.provenance.get(field) for field in fields}
    train = _json(path)
    own = train if Path(train.get("classifier", "")).name == name else {}
    counts = ("test_samples", "train_samples", "seconds")
    return figures | {field: own.get(field) for field in counts}


def _json(path: Path) -> dict[str, Any]:
    """Read a JSON file; None where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _curves(classifier: Classifier, path: Path) -> dict[str, list[float]] | None:
    """Return a list for each of CURVES, a value per epoch that was measured, where one of them is
    this classifier's: the last, or the one that it was chosen as on the validation part.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    # A line without its end was being written when the training was stopped.
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    measured = [line for line in lines if "discrete_accuracy" in line]
    chosen = classifier.provenance.get("chosen")
    if chosen:  # on the validation part, which the lines are of
        epoch, accuracy = classifier.provenance["epochs"], chosen["accuracy"]
        own = [line for line in measured if line["epoch"] == epoch]
    else:
        own, accuracy = measured, classifier.provenance.get("accuracy")
    if not own or own[-1]["discrete_accuracy"] != accuracy:
        return None
    return {name: [line[name] for line in measured] for name in CURVES}
