"""One run of the experiment: trained, measured at fixed steps, and kept as one JSON file."""

import json
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, final

from lgn_hw.errors import CheckFailed
from lgn_hw.files.atomic import write_text
from lgn_hw.files.lock import claimed
from lgn_train.checkpoint import Checkpoint, load_newest, remove_checkpoints, save_checkpoint
from lgn_train.data.dataset import Dataset
from lgn_train.device import describe_device, device_named
from lgn_train.encoding import fitted_encoder
from lgn_train.loop import Trainer
from lgn_train.metrics import unused_gates
from lgn_train.model import build_model
from lgn_train.parts import logic_layers
from lgn_train.reproduce.measurement import (
    accuracies,
    entropy_axis,
    entropy_counts,
    gradients,
    network_digest,
    path_of,
    some_measured,
    unused_by_layer,
)
from lgn_train.reproduce.scale import RunSpec
from lgn_train.threads import threads_for

__all__ = ["Runs"]


@final
@dataclass(frozen=True)
class Runs:
    """The runs in a folder, by the options that they were trained with.

    data: the data sets by name. on_step: called after every optimiser step. on_point: called with
    each measurement.
    """

    folder: Path
    data: Mapping[str, Dataset]
    on_step: Callable[[], None] = lambda: None
    on_point: Callable[[RunSpec, dict[str, Any]], None] = lambda spec, point: None

    def found(self, spec: RunSpec) -> dict[str, Any] | None:
        """Return the run as far as the folder has it, or None.

        A run of other samples counts as none: the digest of its data must be that of today's.
        """
        path = self._path(spec)
        if not path.exists():
            return None
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return record if record["data_sha256"] == self.data[spec.data].digest else None

    def trained(self, spec: RunSpec) -> dict[str, Any]:
        """Train a run to its end, from its newest checkpoint where there is one; return it.

        Each measurement is written at once, so that a run that is killed shows how far it came.
        What a checkpoint has not saved is trained again from there, bit for bit the same on a CPU.
        Raises CheckFailed where the loss is no longer a number.
        """
        run = _Run.begun(spec, self.data[spec.data])
        with threads_for(run.trainer.model, spec.recipe.train.batch_size):
            saved = time.monotonic()
            self._resume(run)
            while run.trainer.step < spec.experiment.steps:
                if run.advance():
                    self._write(run)
                    self.on_point(spec, run.record["points"][-1])
                self.on_step()
                if time.monotonic() - saved > 60 * spec.recipe.train.checkpoint_minutes:
                    save_checkpoint(self._checkpoints(spec), run.checkpoint())
                    saved = time.monotonic()
            run.end()
            self._write(run)
        remove_checkpoints(self._checkpoints(spec))
        return run.record

    def held(self, spec: RunSpec) -> AbstractContextManager[bool]:
        """Hold a run, so that several processes can share a folder; False where another has it."""
        path = self.folder / "locks" / f"{spec.name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        return claimed(path)

    def steps_done(self, spec: RunSpec) -> int:
        """Return how many steps need not be trained again."""
        record = self.found(spec)
        if record is not None and record["finished"]:
            return spec.experiment.steps
        checkpoint, _ = load_newest(self._checkpoints(spec))
        return 0 if checkpoint is None else checkpoint.step

    def _resume(self, run: "_Run") -> None:
        """Go on from the newest checkpoint, unless it is of other samples."""
        checkpoint, _ = load_newest(self._checkpoints(run.spec))
        if checkpoint is not None:
            digest = checkpoint.state["record"]["data_sha256"]
            if digest == self.data[run.spec.data].digest:
                run.restore(checkpoint)

    def _write(self, run: "_Run") -> None:
        write_text(self._path(run.spec), json.dumps(run.record, indent=1) + "\n")

    def _path(self, spec: RunSpec) -> Path:
        return self.folder / "runs" / f"{spec.name}.json"

    def _checkpoints(self, spec: RunSpec) -> Path:
        return self.folder / "checkpoints" / spec.name


@dataclass
class _Clock:
    """Training time so far, without measuring; and the losses since the last measurement."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    loss_sum: float = 0.0
    losses: int = 0


@dataclass
class _Run:
    """A network under training, and what is recorded of it."""

    spec: RunSpec
    trainer: Trainer
    record: dict[str, Any]
    clock: _Clock = field(default_factory=_Clock)
    # Of the last steps: numbers, or tensors of a device that is still at work.
    losses: list[Any] = field(default_factory=list)

    @classmethod
    def begun(cls, spec: RunSpec, data: Dataset) -> "_Run":
        """Build the network of a run and measure it before its first step."""
        encoder = fitted_encoder(spec.recipe, data)
        model = build_model(spec.recipe, encoder, len(data.classes), data.image_shape)
        device = device_named(spec.experiment.device)
        part, x, _ = some_measured(data, spec.experiment.eval_samples)
        record = {
            "method": spec.method,
            "data": spec.data,
            "seed": spec.seed,
            "depth": spec.depth,
            "finished": False,
            "options": spec.options,
            "data_sha256": data.digest,
            "device": describe_device(device),
            "path": path_of(model),
            "versions": {name: version(name) for name in ("lgn-hw", "torch", "numpy")},
            "initial_sha256": network_digest(model),
            "nodes": sum(len(layer.logits) for layer in logic_layers(model)),
            "encoder_bits": encoder.num_bits,
            "train_samples": len(data.x_train),
            "test_samples": len(data.x_test),
            "measured": {"part": part, "samples": len(x), "seconds": 0.0},
            "unused_gates": {"start": unused_gates(model)},
            "entropy": entropy_axis(model) | {"start": entropy_counts(model)},
            "points": [],
        }
        run = cls(spec, Trainer(model, spec.recipe, data, device), record)
        run._measure()
        return run

    def advance(self) -> bool:
        """Train a step, and measure where it is due; return whether it was."""
        clock, trainer, experiment = self.clock, self.trainer, self.spec.experiment
        # Both clocks: wall time is what a user waits, CPU time what the method costs on a shared
        # machine.
        wall, cpu = time.perf_counter(), time.process_time()
        self.losses.append(trainer.run_step())
        due = trainer.step % experiment.eval_steps == 0 or trainer.step == experiment.steps
        if due:
            self._add_losses()  # on the clock: it waits for a GPU to end its steps
        clock.cpu_seconds += time.process_time() - cpu
        clock.seconds += time.perf_counter() - wall
        # Before the first step there is no gradient, and the optimiser changes nothing of .grad:
        # after it, .grad still is that of the untrained network.
        if trainer.step == 1:  # the gradients of the network as it was
            self.record["points"][0]["gradient"] = gradients(trainer.model)
        if due:
            self._measure()
        return due

    def _add_losses(self) -> None:
        """Add up the losses of the steps since the last call; CheckFailed where one is no number.

        They are tensors until then: reading one at every step would make a GPU wait for the host.
        """
        for loss in self.losses:
            self.clock.loss_sum += float(loss)
        self.clock.losses += len(self.losses)
        self.losses.clear()
        if not math.isfinite(self.clock.loss_sum):
            raise CheckFailed(
                f"{self.spec.name}: the loss is no longer a number at step {self.trainer.step};"
                " lower train.learning_rate, or raise model.tau"
            )

    def checkpoint(self) -> Checkpoint:
        """Return all that the run needs to go on: tensors, its record, and its clocks."""
        self._add_losses()
        state = {"record": self.record, "clock": vars(self.clock)}
        return Checkpoint(self.trainer.step, self.trainer.tensors(), state)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint, the times that were spent until then included."""
        self.trainer.restore(checkpoint.step, checkpoint.tensors)
        self.record = checkpoint.state["record"]
        self.clock = _Clock(**checkpoint.state["clock"])

    def end(self) -> None:
        """Measure on the whole test part, once."""
        data = self.trainer.data
        self.record["test"] = self._accuracies(data.x_test, data.y_test)
        self.record["finished"] = True

    def _measure(self) -> None:
        """Append a measurement to the record, and bring its final figures up to date.

        The clocks stand still here: time is of training alone, and what measuring took is kept
        apart.
        """
        started, clock, model = time.perf_counter(), self.clock, self.trainer.model
        _, x, y = some_measured(self.trainer.data, self.spec.experiment.eval_samples)
        point = {
            "step": self.trainer.step,
            "seconds": round(clock.seconds, 3),
            "cpu_seconds": round(clock.cpu_seconds, 3),
            "loss": clock.loss_sum / clock.losses if clock.losses else None,
            **self._accuracies(x, y),
            "unused": unused_by_layer(model),
            "gradient": gradients(model),
        }
        self.record["points"].append(point)
        self.record["unused_gates"]["end"] = unused_gates(model)
        self.record["entropy"]["end"] = entropy_counts(model)
        clock.loss_sum, clock.losses = 0.0, 0
        self.record["measured"]["seconds"] += round(time.perf_counter() - started, 3)

    def _accuracies(self, x: Any, y: Any) -> dict[str, float]:
        return accuracies(self.trainer.model, x, y, self.spec.recipe.model.estimator)
