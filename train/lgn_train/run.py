"""A run: a recipe trained in a folder, resumable, ending in a classifier."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lgn_hw.classifier import Classifier
from lgn_hw.encoder import Thermometer
from lgn_hw.errors import CheckFailed, UsageError
from lgn_hw.features import Features
from lgn_train.checkpoint import Checkpoint, load_newest, save_checkpoint
from lgn_train.data import Dataset, load_digits, load_file, load_mnist
from lgn_train.encoding import fit_thermometer
from lgn_train.export import check_equal, export_model
from lgn_train.loop import Trainer
from lgn_train.model import build_model
from lgn_train.progress import EpochProgress, print_notice
from lgn_train.recipe import Data, Recipe
from lgn_train.run_dir import RunDir
from lgn_train.threads import threads_for

__all__ = ["export_run", "load_dataset", "train", "with_data"]

OnEpoch = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class _Run:
    """What belongs together while a run lasts."""

    recipe: Recipe
    data: Dataset
    encoder: Thermometer
    trainer: Trainer
    folder: RunDir


def train(
    recipe: Recipe,
    run_dir: Path,
    *,
    data_path: Path | None = None,
    label: str | None = None,
    resume: bool = False,
    force: bool = False,
    quiet: bool = False,
    on_epoch: OnEpoch | None = None,
) -> dict[str, Any]:
    """Train a recipe in a folder and return the figures of train.json.

    The folder then holds recipe.resolved.json, metrics.jsonl (a line an epoch), checkpoints/,
    NAME.lgn, test.npz (the test part: x, codes, and y, class numbers) and train.json. Accuracies
    and gaps are fractions of the test part; the classifier's are measured by Classifier.predict.

    data_path, label: a file that takes the place of the recipe's data. resume: go on from the
    newest checkpoint, bit for bit on a CPU, with the same recipe; train.epochs may be raised, and
    a cosine schedule then follows the new length from there. force: remove an earlier run of
    this folder. on_epoch: called with each line of metrics.jsonl, after its checkpoint is
    written; what it raises ends training. Raises UsageError, and CheckFailed where the
    classifier is not what was trained.
    """
    recipe = with_data(recipe, data_path, label)
    data = load_dataset(recipe.data)
    encoder = _fitted(recipe, data)
    trainer = Trainer(build_model(recipe, encoder, len(data.classes)), recipe, data)
    folder = RunDir(Path(run_dir))
    folder.open(resume=resume, force=force)
    run = _Run(recipe, data, encoder, trainer, folder)
    notices = list(data.notices) + (_restore(run) if resume else [])
    folder.write_json("recipe.resolved.json", recipe.to_dict())
    folder.write_test_samples(data.x_test, data.y_test)  # first: a stopped run can be exported
    with threads_for(trainer.model, recipe.train.batch_size):
        _run_epochs(run, notices, on_epoch, quiet)
        return _finish(run)


def export_run(run_dir: Path) -> Classifier:
    """Return the classifier of a run's newest checkpoint, checked on the run's test samples.

    Raises UsageError where the folder holds no run or checkpoint, and CheckFailed where the
    classifier is not what was trained.
    """
    folder = RunDir(Path(run_dir))
    folder.require_run()
    checkpoint, damaged = load_newest(folder.checkpoints)
    for notice in damaged:
        print_notice(notice)
    if checkpoint is None:
        raise UsageError(f"{run_dir} holds no checkpoint yet; train for an epoch at least")
    state, tensors = checkpoint.state, checkpoint.tensors
    recipe = Recipe.of(state["recipe"], str(run_dir))
    encoder = _encoder_of(tensors, tuple(state["feature_names"]))
    model = build_model(recipe, encoder, len(state["classes"]))
    model.load_state_dict(
        {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
    )
    x, y = folder.test_samples()
    return _exported(model, x, y, state)


def with_data(recipe: Recipe, path: Path | None, label: str | None) -> Recipe:
    """Return the recipe with a file in place of its data, and a label column of that file."""
    if path is not None:
        data = Data(source="file", path=str(path), label=label, split_seed=recipe.data.split_seed)
        return recipe.model_copy(update={"data": data})
    if label is not None:
        if recipe.data.source != "file":
            raise UsageError("--label names a column of a data file; give the file with --data")
        return recipe.model_copy(update={"data": recipe.data.model_copy(update={"label": label})})
    return recipe


def load_dataset(data: Data) -> Dataset:
    """Return the data set that a recipe names; raises UsageError where it cannot be read."""
    if data.source == "digits":
        return load_digits()
    if data.source == "mnist":
        return load_mnist()
    assert data.path is not None, "Data requires it"
    return load_file(Path(data.path), data.label, data.split_seed)


def _run_epochs(run: _Run, notices: list[str], on_epoch: OnEpoch | None, quiet: bool) -> None:
    trainer, epochs = run.trainer, run.recipe.train.epochs
    with EpochProgress(epochs, trainer.epoch, quiet) as progress:
        for notice in notices:
            progress.notice(notice)
        while trainer.epoch < epochs:
            line = trainer.run_epoch()
            run.folder.append_metrics(line)
            save_checkpoint(run.folder.checkpoints, _checkpoint(run, line))
            progress.epoch(line)
            if on_epoch:
                on_epoch(line)


def _fitted(recipe: Recipe, data: Dataset) -> Thermometer:
    options = recipe.encoder
    try:
        return fit_thermometer(data.features, data.x_train, options.levels, options.kind)
    except ValueError as problem:
        raise UsageError(f"encoder: {problem}") from problem


def _checkpoint(run: _Run, line: dict[str, Any]) -> Checkpoint:
    state = {
        "step": run.trainer.step,
        "recipe": run.recipe.to_dict(),
        "data_sha256": run.data.digest,
        "feature_names": list(run.data.features.names),
        "classes": list(run.data.classes),
        "figures": {key: value for key, value in line.items() if key != "seconds"},
    }
    tensors = run.trainer.tensors() | _encoder_tensors(run.encoder)
    return Checkpoint(run.trainer.epoch, tensors, state)


def _restore(run: _Run) -> list[str]:
    """Bring the trainer to the newest checkpoint; return what the user should know."""
    checkpoint, notices = load_newest(run.folder.checkpoints)
    done = 0 if checkpoint is None else checkpoint.epoch
    if checkpoint is not None:
        _check_same(checkpoint.state, run)
        run.trainer.restore(done, checkpoint.state["step"], checkpoint.tensors)
    run.folder.keep_metrics(done)
    return [*notices, f"resuming after epoch {done} of {run.recipe.train.epochs}"]


def _check_same(state: dict[str, Any], run: _Run) -> None:
    before, now = _flat(state["recipe"]), _flat(run.recipe.to_dict())
    for key in sorted(before.keys() | now.keys()):
        if key in ("train.epochs", "data.path"):  # the data's own digest is compared instead
            continue
        if before.get(key) != now.get(key):
            raise UsageError(
                f"{run.folder.path} was trained with {key} = {before.get(key)!r}, and cannot be"
                f" resumed with {now.get(key)!r}; set it back, or start over with --force"
            )
    if now["train.epochs"] < state["epoch"]:
        raise UsageError(
            f"{run.folder.path} has {state['epoch']} epochs already; train.epochs may be raised,"
            f" not lowered to {now['train.epochs']}"
        )
    if state["data_sha256"] != run.data.digest:
        raise UsageError(
            f"{run.folder.path} was trained on other data: the samples have changed since;"
            " start over with --force"
        )


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        inner = (
            _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        )
        flat |= inner
    return flat


def _finish(run: _Run) -> dict[str, Any]:
    classifier = export_run(run.folder.path)
    path = run.folder.path / f"{run.recipe.name}.lgn"
    classifier.save(path)
    provenance = dict(classifier.provenance)
    lines = run.folder.metrics()
    figures = {
        **{key: provenance[key] for key in ("accuracy", "gap", "gap_soft", "unused_gates")},
        "nodes": classifier.netlist.num_nodes,
        "encoder_bits": classifier.encoder.num_bits,
        "epochs": run.trainer.epoch,
        "seconds": round(sum(line["seconds"] for line in lines), 2),
        "train_samples": len(run.data.x_train),
        "test_samples": len(run.data.x_test),
        "seed": run.recipe.seed,
        "classifier": str(path),
    }
    run.folder.write_json("train.json", figures)
    return figures


def _exported(model: nn.Module, x: Any, y: Any, state: dict[str, Any]) -> Classifier:
    """Export and check on the run's test samples: sample by sample, and the accuracy recorded."""
    figures = state["figures"]
    provenance = {
        "recipe": _portable(state["recipe"]),
        "seed": state["recipe"]["seed"],
        "epochs": state["epoch"],
        "data_sha256": state["data_sha256"],
        "versions": _versions(),
        "accuracy": figures["discrete_accuracy"],
        "train_mode_accuracy": figures["train_mode_accuracy"],
        "soft_accuracy": figures["soft_accuracy"],
        "gap": figures["gap_train"],
        "gap_soft": figures["gap_soft"],
        "unused_gates": figures["unused_gates"],
    }
    classifier = export_model(model, state["classes"], provenance)
    check_equal(classifier, model, x)
    measured = float((classifier.predict(x) == y).mean())
    if measured != figures["discrete_accuracy"]:
        raise CheckFailed(
            f"The exported classifier has accuracy {measured} on the run's test samples, and"
            f" training measured {figures['discrete_accuracy']}"
        )
    return classifier


def _portable(recipe: dict[str, Any]) -> dict[str, Any]:
    """Leave out the folder of a data file: equal runs on two machines give equal classifiers."""
    data = dict(recipe["data"])
    if data["path"] is not None:
        data["path"] = Path(data["path"]).name
    return recipe | {"data": data}


def _versions() -> dict[str, str]:
    return {
        "lgn-hw": version("lgn-hw"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _encoder_tensors(encoder: Thermometer) -> dict[str, Tensor]:
    features = encoder.features
    arrays: dict[str, NDArray[Any]] = {
        "feature": encoder.feature,
        "threshold": encoder.threshold,
        "low": features.low,
        "high": features.high,
        "offset": features.offset,
        "scale": features.scale,
    }
    return {f"encoder.{name}": torch.from_numpy(array.copy()) for name, array in arrays.items()}


def _encoder_of(tensors: dict[str, Tensor], names: tuple[str, ...]) -> Thermometer:
    def array(name: str) -> Any:
        return tensors[f"encoder.{name}"].numpy()

    features = Features(names, *(array(name) for name in ("low", "high", "offset", "scale")))
    return Thermometer(features, array("feature"), array("threshold"))
