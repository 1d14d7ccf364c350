"""From a run's newest checkpoint to its classifier, checked on the run's test samples."""

import platform
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
from lgn_hw.formats.lgn import dumps
from lgn_hw.samples import LABEL_KEY
from lgn_train.checkpoint import load_newest
from lgn_train.export import check_equal, export_model
from lgn_train.metrics import figures_of
from lgn_train.model import build_model
from lgn_train.progress import print_notice
from lgn_train.recipe import Recipe
from lgn_train.run_dir import RunDir
from lgn_train.selection import BEST
from lgn_train.starting import model_from

__all__ = ["START", "encoder_tensors", "export_checked", "export_run", "keep_classifier"]

START = "start.lgn"  # what a run started from, where it did not start from nothing


def export_run(run_dir: Path) -> Classifier:
    """Return the classifier of a run's newest checkpoint, checked on the run's test samples: of its
    best network on the validation part where there is one, else of the last.

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
    # The checkpoint says everything, the data files are not read: a run can be exported where its
    # data are not.
    state, tensors = checkpoint.state, checkpoint.tensors
    recipe = Recipe.of(state["recipe"], str(run_dir))
    if recipe.model.start is None:
        encoder = _encoder_of(tensors, tuple(state["feature_names"]))
        model = build_model(recipe, encoder, len(state["classes"]), _shape(state["image_shape"]))
    else:
        model = model_from(Classifier.load(folder.path / START), recipe)
    prefix = BEST if state.get("best") else "model."
    model.load_state_dict(
        {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    )
    x, y = folder.test_samples()
    return export_checked(model, x, y, state)


def keep_classifier(run_dir: Path, classifier: Classifier) -> tuple[Path, list[str]]:
    """Write a run's classifier into its folder; return its path, and what the user should know.

    Raises UsageError as RunDir.held does.
    """
    folder = RunDir(Path(run_dir))
    name = f"{classifier.provenance['recipe']['name']}.lgn"
    with folder.held(resume=True):
        folder.write(name, dumps(classifier))
        return folder.path / name, folder.kept


def _shape(stored: list[int] | None) -> tuple[int, int, int] | None:
    if stored is None:
        return None
    channels, rows, columns = stored
    return channels, rows, columns


def encoder_tensors(encoder: Thermometer) -> dict[str, Tensor]:
    """Return what export_run() makes the encoder of, by name, for a checkpoint."""
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


def export_checked(model: nn.Module, x: Any, y: Any, state: dict[str, Any]) -> Classifier:
    """Export and check on test samples: sample by sample, and the accuracy recorded.

    state: that of a checkpoint, of which the provenance is made. Raises CheckFailed.
    """
    # A checkpoint within an epoch, or of an epoch that was not measured, holds no figures; those
    # of a run with a validation part are of that.
    figures = _test_figures(state) or figures_of(model, x, y)
    best = state.get("best")
    provenance = {
        "recipe": _portable(state["recipe"]),
        "seed": state["recipe"]["seed"],
        "epochs": best["epoch"] if best else state["epoch"],
        "steps": best["step"] if best else state["step"],
        **({"chosen": _choice(state)} if best else {}),
        "data_sha256": state["data_sha256"],
        **({"trained_from": state["start_sha256"]} if state.get("start_sha256") else {}),
        "versions": _versions(),
        "accuracy": figures["discrete_accuracy"],
        "train_mode_accuracy": figures["train_mode_accuracy"],
        "soft_accuracy": figures["soft_accuracy"],
        "gap": figures["gap_train"],
        "gap_soft": figures["gap_soft"],
        "unused_gates": figures["unused_gates"],
    }
    if state.get("label_column") is not None:
        provenance[LABEL_KEY] = state["label_column"]
    classifier = export_model(model, state["classes"], provenance)
    check_equal(classifier, model, x)
    measured = float((classifier.predict(x) == y).mean())
    # Equal to the last sample, since both count the same predictions; a difference means another
    # classifier.
    if measured != figures["discrete_accuracy"]:
        raise CheckFailed(
            f"The exported classifier has accuracy {measured} on the run's test samples, and"
            f" training measured {figures['discrete_accuracy']}"
        )
    return classifier


def _test_figures(state: dict[str, Any]) -> dict[str, float] | None:
    figures: dict[str, Any] | None = state["figures"]
    return figures if figures and figures.get("part", "test") == "test" else None


def _choice(state: dict[str, Any]) -> dict[str, Any]:
    """Say how the exported epoch was chosen: on what, how good it is there, out of how many."""
    accuracy = state["best"]["figures"]["discrete_accuracy"]
    return state["measured"] | {"accuracy": accuracy, "of_epochs": state["epoch"]}


def _portable(recipe: dict[str, Any]) -> dict[str, Any]:
    """Leave out the folders of files: equal runs on two machines give equal classifiers."""
    found = dict(recipe)
    for section, key in (("data", "path"), ("model", "start")):
        if recipe[section].get(key) is not None:
            found[section] = recipe[section] | {key: Path(recipe[section][key]).name}
    return found


def _versions() -> dict[str, str]:
    return {
        "lgn-hw": version("lgn-hw"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _encoder_of(tensors: dict[str, Tensor], names: tuple[str, ...]) -> Thermometer:
    def array(name: str) -> Any:
        return tensors[f"encoder.{name}"].numpy()

    features = Features(names, *(array(name) for name in ("low", "high", "offset", "scale")))
    return Thermometer(features, array("feature"), array("threshold"))
