"""One run of the experiment: trained, measured at fixed steps, and kept as one JSON file."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, final

import numpy as np
from torch import nn

from lgn_hw.encoder import Thermometer
from lgn_hw.files.atomic import write_text
from lgn_train.checkpoint import Checkpoint, load_newest, remove_checkpoints, save_checkpoint
from lgn_train.data import Dataset
from lgn_train.device import describe_device, device_named
from lgn_train.explain import explain
from lgn_train.loop import Trainer
from lgn_train.metrics import measure, unused_gates, unused_threshold
from lgn_train.model import build_model, logic_layers
from lgn_train.reproduce.scale import RunSpec
from lgn_train.threads import threads_for

__all__ = ["Runs"]

BINS = 40  # of an entropy histogram, from 0 to the entropy of a node that is wholly undecided


@final
@dataclass(frozen=True)
class Runs:
    """The runs in a folder, by the options that they were trained with.

    on_step: called after every optimiser step. on_point: called with each measurement.
    """

    folder: Path
    data: Dataset
    encoder: Thermometer
    on_step: Callable[[], None] = lambda: None
    on_point: Callable[[RunSpec, dict[str, Any]], None] = lambda spec, point: None

    def found(self, spec: RunSpec) -> dict[str, Any] | None:
        """Return the run as far as the folder has it, or None."""
        path = self._path(spec)
        if not path.exists():
            return None
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return record if record["data_sha256"] == self.data.digest else None

    def trained(self, spec: RunSpec) -> dict[str, Any]:
        """Train a run to its end, from its newest checkpoint where there is one; return it."""
        run = _Run.begun(spec, self.data, self.encoder)
        with threads_for(run.trainer.model, spec.recipe.train.batch_size):
            saved = time.monotonic()
            self._resume(run)
            while run.trainer.step < spec.experiment.steps:
                run.advance(self.on_step)
                self._write(run)
                self.on_point(spec, run.record["points"][-1])
                if time.monotonic() - saved > 60 * spec.recipe.train.checkpoint_minutes:
                    state = {"record": run.record}
                    checkpoint = Checkpoint(run.trainer.step, run.trainer.tensors(), state)
                    save_checkpoint(self._checkpoints(spec), checkpoint)
                    saved = time.monotonic()
            run.end()
            self._write(run)
        remove_checkpoints(self._checkpoints(spec))
        return run.record

    def steps_done(self, spec: RunSpec) -> int:
        """Return how many steps need not be trained again."""
        record = self.found(spec)
        if record is not None and record["finished"]:
            return spec.experiment.steps
        checkpoint, _ = load_newest(self._checkpoints(spec))
        return 0 if checkpoint is None else checkpoint.step

    def _resume(self, run: "_Run") -> None:
        checkpoint, _ = load_newest(self._checkpoints(run.spec))
        if checkpoint is not None and checkpoint.state["record"]["data_sha256"] == self.data.digest:
            run.trainer.restore(checkpoint.step, checkpoint.tensors)
            run.record = checkpoint.state["record"]

    def _write(self, run: "_Run") -> None:
        write_text(self._path(run.spec), json.dumps(run.record, indent=1) + "\n")

    def _path(self, spec: RunSpec) -> Path:
        return self.folder / "runs" / f"{spec.name}.json"

    def _checkpoints(self, spec: RunSpec) -> Path:
        return self.folder / "checkpoints" / spec.name


@dataclass
class _Run:
    """A network under training, and what is recorded of it."""

    spec: RunSpec
    trainer: Trainer
    record: dict[str, Any]

    @classmethod
    def begun(cls, spec: RunSpec, data: Dataset, encoder: Thermometer) -> "_Run":
        model = build_model(spec.recipe, encoder, len(data.classes), data.image_shape)
        device = device_named(spec.experiment.device)
        record = {
            "method": spec.method,
            "seed": spec.seed,
            "depth": spec.depth,
            "finished": False,
            "options": spec.options,
            "data_sha256": data.digest,
            "device": describe_device(device),
            "path": _path(model),
            "versions": {name: version(name) for name in ("lgn-hw", "torch", "numpy")},
            "initial_sha256": _network_digest(model),
            "nodes": sum(len(layer.logits) for layer in logic_layers(model)),
            "encoder_bits": encoder.num_bits,
            "test_samples": len(data.x_test),
            "unused_gates": {"start": unused_gates(model)},
            "entropy": _entropy_axis(model) | {"start": _entropy_counts(model)},
            "points": [],
        }
        run = cls(spec, Trainer(model, spec.recipe, data, device), record)
        run._measure(None, 0.0, 0.0)
        return run

    def advance(self, on_step: Callable[[], None]) -> None:
        """Train to the next measurement, on a clock that stands still while it is taken."""
        experiment, trainer = self.spec.experiment, self.trainer
        last = self.record["points"][-1]
        target = min(experiment.steps, trainer.step + experiment.eval_steps)
        losses = []
        wall, cpu = time.perf_counter(), time.process_time()
        while trainer.step < target:
            losses.append(trainer.run_step())
            on_step()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        loss = sum(losses) / len(losses)
        self._measure(loss, last["seconds"] + wall, last["cpu_seconds"] + cpu)

    def end(self) -> None:
        """Measure on the whole test part, once."""
        model, data = self.trainer.model, self.trainer.data
        found = measure(model, data.x_test, data.y_test)
        self.record["test"] = {
            "train_mode": found.train_mode,
            "soft": found.soft,
            "discrete": found.discrete,
        }
        self.record["finished"] = True

    def _measure(self, loss: float | None, seconds: float, cpu_seconds: float) -> None:
        model, data = self.trainer.model, self.trainer.data
        some = slice(self.spec.experiment.eval_samples)
        found = measure(model, data.x_test[some], data.y_test[some])
        point = {
            "step": self.trainer.step,
            "seconds": round(seconds, 3),
            "cpu_seconds": round(cpu_seconds, 3),
            "loss": loss,
            "train_mode": found.train_mode,
            "soft": found.soft,
            "discrete": found.discrete,
        }
        self.record["points"].append(point)
        self.record["unused_gates"]["end"] = unused_gates(model)
        self.record["entropy"]["end"] = _entropy_counts(model)


def _path(model: nn.Module) -> str:
    """Return how training computes, like `float` or `packed words, C++ kernels`."""
    first_layer = explain(model.train()).splitlines()[0]
    return first_layer.partition(": ")[2].partition(":")[0]


def _network_digest(model: nn.Module) -> str:
    """Return the SHA-256 of all initial logits and of the wiring."""
    found = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        if name.endswith((".logits", ".wiring")):
            found.update(tensor.contiguous().cpu().numpy().tobytes())
    return found.hexdigest()


def _entropy_axis(model: nn.Module) -> dict[str, float]:
    layer = logic_layers(model)[0]
    return {"largest": float(np.log(2)) * 2**layer.fan_in, "threshold": unused_threshold(layer)}


def _entropy_counts(model: nn.Module) -> list[int]:
    layers = logic_layers(model)
    values = np.concatenate([layer.entropy().cpu().numpy() for layer in layers])
    largest = _entropy_axis(model)["largest"]
    counts, _ = np.histogram(values.clip(0, largest), bins=BINS, range=(0, largest))
    found: list[int] = counts.tolist()
    return found
