"""A run: a recipe trained in a folder, resumable, ending in a classifier.

A run folder can be stopped at any moment and continued. Whatever the figures say can be traced: the
recipe as it was resolved, the digest of the data, the versions, and the classifier itself.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgn_hw.classifier import Classifier
from lgn_hw.encoder import Thermometer
from lgn_hw.formats.lgn import dumps
from lgn_train.checkpoint import Checkpoint, load_newest, save_checkpoint
from lgn_train.data.dataset import Dataset
from lgn_train.data.ranges import Range
from lgn_train.device import device_named
from lgn_train.distributed import World
from lgn_train.encoding import fitted_encoder
from lgn_train.loop import Trainer
from lgn_train.model import build_model
from lgn_train.progress import StepProgress, show_epoch
from lgn_train.recipe import Recipe
from lgn_train.resuming import check_same
from lgn_train.run_dir import RunDir
from lgn_train.run_export import START, encoder_tensors, export_run
from lgn_train.sources import load_dataset, with_data
from lgn_train.starting import check_start, model_from, start_of, with_start
from lgn_train.threads import threads_for

__all__ = ["train"]

OnEpoch = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class _Run:
    """What belongs together while a run lasts."""

    recipe: Recipe
    data: Dataset
    encoder: Thermometer
    trainer: Trainer
    folder: RunDir
    world: World
    start: Classifier | None
    notices: list[str]


def train(
    recipe: Recipe,
    run_dir: Path,
    *,
    start: Path | None = None,
    data_path: Path | None = None,
    label: str | None = None,
    limits: Range | None = None,
    resume: bool = False,
    force: bool = False,
    quiet: bool = False,
    device: str = "cpu",
    on_epoch: OnEpoch | None = None,
) -> dict[str, Any]:
    """Train a recipe in a folder and return the figures of train.json.

    The folder then holds recipe.resolved.json, metrics.jsonl (a line per epoch), checkpoints/,
    NAME.lgn, test.npz (the test part: x, codes, and y, class numbers) and train.json. Accuracies
    and gaps are fractions of the test part; the classifier's are measured by Classifier.predict.
    Where the recipe holds out a validation part, metrics.jsonl is of that one, the classifier is
    the network of the epoch that is best on it, and the test part is measured once.

    start: a classifier that is trained further in place of the recipe's layers (see with_start);
    where the recipe holds out a validation part it is the first to be the best network on it.
    data_path, label, limits: a file that takes the place of the recipe's data, its label column,
    and ranges of its features, as in Data.range. resume: go on from the
    newest checkpoint, bit for bit on a CPU, with the same recipe; train.epochs may be raised, and
    a cosine schedule then follows the new length from there. force: remove an earlier run of
    this folder. device: "cpu" or "cuda". on_epoch: called with each line of metrics.jsonl, after
    its checkpoint is written; what it raises ends training. Raises UsageError, and CheckFailed
    where the classifier is not what was trained.

    In processes that torchrun started, all ranks train one network and share every batch; the
    first one writes the folder, and all return the same figures.
    """
    recipe = with_data(recipe, data_path, label, limits)
    recipe = recipe if start is None else with_start(recipe, start)
    data = load_dataset(recipe.data)
    run = _run_of(recipe, data, Path(run_dir), device)
    # Only the first rank writes.
    held = run.folder.held(resume=resume, force=force) if run.world.first else nullcontext()
    with held, threads_for(run.trainer.model, recipe.train.batch_size):
        notices = [*data.notices, *run.notices, *_opened(run, resume)]
        _run_epochs(run, notices, on_epoch, quiet)
        # Only the first rank exports; the others wait for its figures, so that all return the same.
        figures = run.world.from_first(_finish(run) if run.world.first else {})
    run.world.leave()
    return figures


def _run_of(recipe: Recipe, data: Dataset, folder: Path, device: str) -> _Run:
    start, notices = start_of(recipe), []
    if start is None:
        encoder = fitted_encoder(recipe, data)
        model = build_model(recipe, encoder, len(data.classes), data.image_shape)
    else:
        notices = check_start(start, data, str(recipe.model.start))
        encoder, model = start.encoder, model_from(start, recipe)
    where = device_named(device)
    world = World.joined(where)
    trainer = Trainer(model, recipe, data, where, world)
    return _Run(recipe, data, encoder, trainer, RunDir(folder), world, start, notices)


def _opened(run: _Run, resume: bool) -> list[str]:
    """Make the folder ready, and the trainer where it is resumed; return what to tell."""
    folder, first = run.folder, run.world.first
    notices = _restore(run) if resume else []
    if first:
        folder.write_json("recipe.resolved.json", run.recipe.to_dict())
        # Before training: a stopped run can be exported.
        folder.write_test_samples(run.data.x_test, run.data.y_test)
        if run.start is not None:
            folder.write(START, dumps(run.start))
        folder.keep_metrics(run.trainer.epoch)
    return folder.kept + notices


def _run_epochs(run: _Run, notices: list[str], on_epoch: OnEpoch | None, quiet: bool) -> None:
    """Train to the end, with a checkpoint, a line of metrics and a line of progress per epoch."""
    trainer, options = run.trainer, run.recipe.train
    quiet = quiet or not run.world.first
    with StepProgress(trainer.total_steps, options.batch_size, trainer.step, quiet) as bar:
        # What was found out before there was a bar to print above.
        for notice in notices:
            bar.notice(notice)
        # Called after each step, and writes a checkpoint where enough minutes have passed.
        saver = _Saver(run, bar)
        if run.start is not None:
            trainer.consider_start()
        while not trainer.finished:
            line = trainer.run_epoch(saver)
            bar.advance()
            saver.save(line)
            show_epoch(bar, line, options.epochs, len(run.data.x_train))
            if on_epoch:
                on_epoch(line)
        _tell_choice(trainer, bar)


def _tell_choice(trainer: Trainer, bar: StepProgress) -> None:
    best = trainer.best
    if best is None:
        return
    early = "stopped early: " if trainer.epoch < trainer.recipe.train.epochs else ""
    bar.notice(
        f"{early}epoch {best.epoch} of {trainer.epoch} is kept, the best on the validation part,"
        f" discrete {best.accuracy:.4f}"
    )


class _Saver:
    """Called after each step within an epoch: show it, and save the state now and then."""

    def __init__(self, run: _Run, bar: StepProgress) -> None:
        self._run, self._bar = run, bar
        self._saved = time.monotonic()

    def __call__(self) -> None:
        self._bar.advance()
        if time.monotonic() - self._saved > 60 * self._run.recipe.train.checkpoint_minutes:
            self.save()

    def save(self, line: dict[str, Any] | None = None) -> None:
        """Write the state, and at the end of an epoch its line, on the first rank."""
        if not self._run.world.first:
            return
        if line:
            # Before the checkpoint: a resumed run drops lines that are too many, and cannot add one
            # that is missing.
            self._run.folder.append_metrics(line)
        save_checkpoint(self._run.folder.checkpoints, _checkpoint(self._run, line))
        self._saved = time.monotonic()


def _checkpoint(run: _Run, line: dict[str, Any] | None) -> Checkpoint:
    """Return the present state, with the figures of the epoch's line where it has any."""
    measured = line is not None and "discrete_accuracy" in line
    state = {
        "epoch": run.trainer.epoch,
        "loss_sum": run.trainer.loss_sum,
        "seconds": run.trainer.seconds,
        "best": run.trainer.selection.state(),
        "recipe": run.recipe.to_dict(),
        **_digests(run),
        "feature_names": list(run.data.features.names),
        "classes": list(run.data.classes),
        "image_shape": run.data.image_shape,
        "label_column": run.data.label_column,
        "measured": {"part": run.data.measured[0], "samples": len(run.data.measured[2])},
        "figures": _without_times(line) if line and measured else None,
    }
    tensors = run.trainer.tensors() | encoder_tensors(run.encoder)
    return Checkpoint(run.trainer.step, tensors, state)


def _digests(run: _Run) -> dict[str, str | None]:
    """Return the digests of all that a run reads besides its recipe."""
    return {
        "data_sha256": run.data.digest,
        "teacher_sha256": run.trainer.objective.teacher_digest,
        "start_sha256": None if run.start is None else run.start.digest,
    }


def _without_times(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if not key.endswith("seconds")}


def _restore(run: _Run) -> list[str]:
    """Bring the trainer to the newest checkpoint; return what the user should know."""
    newest = load_newest(run.folder.checkpoints) if run.world.first else (None, [])
    checkpoint, notices = run.world.from_first(newest)
    trainer = run.trainer
    if checkpoint is not None:
        state = checkpoint.state
        check_same(state, run.recipe, run.folder.path, trainer.total_steps, _digests(run))
        trainer.restore(
            checkpoint.step,
            checkpoint.tensors,
            state["loss_sum"],
            state["seconds"],
            state.get("best"),
        )
    position = trainer.step % trainer.steps_per_epoch
    within = f" and {position} of {trainer.steps_per_epoch} steps" if position else ""
    return [*notices, f"resuming after epoch {trainer.epoch} of {run.recipe.train.epochs}{within}"]


def _finish(run: _Run) -> dict[str, Any]:
    """Write the classifier and train.json into the run's folder, and return the figures of it.

    seconds are those of all starts of the run, as its metrics have them.
    """
    classifier = export_run(run.folder.path)
    name = f"{run.recipe.name}.lgn"
    run.folder.write(name, dumps(classifier))
    provenance = dict(classifier.provenance)
    lines = run.folder.metrics()
    chosen = provenance.get("chosen")
    figures = {
        **{key: provenance[key] for key in ("accuracy", "gap", "gap_soft", "unused_gates")},
        "nodes": classifier.netlist.num_nodes,
        "encoder_bits": classifier.encoder.num_bits,
        "epochs": run.trainer.epoch,
        "kept_epoch": provenance["epochs"],
        "chosen_on": chosen["part"] if chosen else None,
        "validation_accuracy": chosen["accuracy"] if chosen else None,
        "validation_samples": chosen["samples"] if chosen else 0,
        "stopped_early": run.trainer.epoch < run.recipe.train.epochs,
        "seconds": round(sum(map(_seconds, lines)), 2),
        "train_samples": len(run.data.x_train),
        "test_samples": len(run.data.x_test),
        "seed": run.recipe.seed,
        "classifier": str(run.folder.path / name),
    }
    run.folder.write_json("train.json", figures)
    return figures


def _seconds(line: dict[str, Any]) -> float:
    return float(line["seconds"] + line.get("measure_seconds", 0))
