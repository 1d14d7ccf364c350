"""The training loop: AdamW over epochs whose data order is a function of seed and epoch."""

import math
import time
from collections.abc import Callable
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lgn_hw.errors import CheckFailed, UsageError
from lgn_train import noise
from lgn_train.augment import Augmentation
from lgn_train.class_weights import class_weights
from lgn_train.data import Dataset
from lgn_train.distributed import World
from lgn_train.layers import LogicDense
from lgn_train.metrics import figures_of
from lgn_train.model import logic_layers
from lgn_train.noise import Stream
from lgn_train.recipe import Recipe
from lgn_train.selection import Best, Selection

__all__ = ["REDRAWN", "Trainer", "learning_rate"]

CPU = torch.device("cpu")
REDRAWN = 0.7  # the share of training in which candidates are exchanged; then they are sorted out
ALONE = World()


@final
class Trainer:
    """Train a model step by step, on a device, and together with the other ranks of a world.

    step: optimiser steps done. loss_sum and seconds: of the epoch under way, the sum of its
    samples' losses and its training time. selection: which epoch is kept, where the data have a
    validation part. These, and tensors(), are all the state there is: a trainer that is given them
    goes on bit for bit as the first one would have, in mid-epoch too.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        data: Dataset,
        device: torch.device = CPU,
        world: World = ALONE,
    ) -> None:
        self.device, self.world = device, world
        self.model, self.recipe, self.data = model.to(self.device), recipe, data
        options = recipe.train
        self.optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=options.learning_rate,
            weight_decay=options.weight_decay,
            fused=True,  # one pass over memory instead of several: half of a packed step's time
        )
        self.step = 0
        self.loss_sum = 0.0
        self.seconds = 0.0
        self.selection = Selection(options.patience)
        self._x = torch.from_numpy(np.ascontiguousarray(data.x_train)).to(self.device)
        self._y = torch.from_numpy(data.y_train.astype(np.int64)).to(self.device)
        self._class_weights = self._weights()
        self._augmentation: Augmentation | None = None
        if options.shift or options.flip:
            _image_shape(data)  # refused before anything is trained
        self._batches: tuple[int, tuple[Tensor, ...]] = (-1, ())

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self._x) // self.recipe.train.batch_size)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.recipe.train.epochs

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self.step // self.steps_per_epoch

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or train.patience is at its end."""
        return self.epoch >= self.recipe.train.epochs or self.selection.over

    @property
    def best(self) -> Best | None:
        """The network that was best on the validation part; None without one, or before any."""
        return self.selection.best

    def take_best(self) -> None:
        """Give the model the state of the best network, where there is one, to export or measure
        it; training does not go on from there.
        """
        if self.best is not None:
            self.model.load_state_dict(self.best.tensors)

    def run_epoch(self, on_step: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Train to the end of the epoch; return its line of metrics.jsonl.

        Every train.eval_every epochs, and after the last one, the line holds the accuracies of
        data.measured, the validation part or else the test part, as fractions. on_step: called
        after each step but the last. Raises CheckFailed where the loss is no longer a number.
        """
        epoch = self.epoch
        while True:
            self.run_step()
            if self.epoch > epoch:
                break
            on_step()
        line = {
            "epoch": self.epoch,
            "step": self.step,
            "loss": self.loss_sum / len(self._x),
            "learning_rate": learning_rate(self.recipe, self.step - 1, self.total_steps),
            "seconds": round(self.seconds, 3),
        }
        self.loss_sum = self.seconds = 0.0
        return line | (self._measured() if self._is_due() else {})

    def run_step(self) -> float:
        """Train on the next batch and return its mean loss."""
        started = time.perf_counter()
        batch = self._next_batch()
        rate = learning_rate(self.recipe, self.step, self.total_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        self.optimizer.zero_grad()
        samples, weight = self.world.share(batch)
        logits = self.model(self._codes(samples))
        loss = weight * F.cross_entropy(
            logits,
            self._y[samples],
            weight=self._class_weights,
            reduction="sum",
            label_smoothing=self.recipe.train.label_smoothing,
        )
        loss.backward()  # type: ignore[no-untyped-call]
        value = self.world.add_up(loss, self.model.parameters())
        if not math.isfinite(value):
            raise CheckFailed(
                f"The loss is {value} at step {self.step}; lower train.learning_rate,"
                " or raise model.tau"
            )
        self.optimizer.step()
        self.step += 1
        self._redraw()
        self.loss_sum += value * len(batch)
        self.seconds += time.perf_counter() - started
        return value

    def _weights(self) -> Tensor | None:
        data = self.data
        weights = class_weights(self.recipe.train.class_weight, data.y_train, data.classes)
        return None if weights is None else torch.from_numpy(weights).float().to(self.device)

    def _redraw(self) -> None:
        """Exchange candidates where they are due; a newcomer starts without momentum."""
        every = self.recipe.train.redraw_every
        if not every or self.step % every or self.step > REDRAWN * self.total_steps:
            return
        for layer in logic_layers(self.model):
            if not isinstance(layer, LogicDense) or layer.learned is None:
                continue
            changed = layer.learned.redraw(layer.seed, self.step)
            for value in self.optimizer.state[layer.learned.logits].values():
                if value.shape == changed.shape:  # not the count of steps
                    value[changed] = 0

    def _codes(self, samples: Tensor) -> Tensor:
        """Return the samples' codes, changed as the recipe's augmentation says."""
        codes, options = self._x[samples], self.recipe.train
        if not (options.shift or options.flip):
            return codes
        if self._augmentation is None or self._augmentation.epoch != self.epoch:
            self._augmentation = Augmentation(
                _image_shape(self.data),
                len(self._x),
                options.shift,
                options.flip,
                self._border,
                self.recipe.seed,
                self.epoch,
            )
        return self._augmentation(codes, samples)

    @property
    def _border(self) -> tuple[int, ...]:
        """The lowest code of each channel, which all its pixels can have."""
        channels = _image_shape(self.data)[0]
        return tuple(self.data.features.low.reshape(channels, -1).max(axis=1).tolist())

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the model, of the optimiser and of the best network, by name."""
        found = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for name, parameter in self.model.named_parameters():
            for key, value in self.optimizer.state[parameter].items():
                found[f"optimizer.{name}.{key}"] = value
        return found | self.selection.tensors()

    def restore(
        self,
        step: int,
        tensors: dict[str, Tensor],
        loss_sum: float = 0.0,
        seconds: float = 0.0,
        selection: dict[str, Any] | None = None,
    ) -> None:
        """Go back to a state; the names and shapes must be those of tensors(). selection: what
        selection.state() returned.
        """
        prefix = "model."
        self.model.load_state_dict(
            {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        )
        for name, parameter in self.model.named_parameters():
            start = f"optimizer.{name}."
            self.optimizer.state[parameter] = {
                key.removeprefix(start): value.to(self.device, copy=True)
                for key, value in tensors.items()
                if key.startswith(start)
            }
        self.selection.restore(selection, tensors)
        self.step, self.loss_sum, self.seconds = step, loss_sum, seconds

    def _next_batch(self) -> Tensor:
        epoch, position = divmod(self.step, self.steps_per_epoch)
        if self._batches[0] != epoch:
            order = noise.permutation(self.recipe.seed, epoch, Stream.ORDER, len(self._x))
            size = self.recipe.train.batch_size
            self._batches = epoch, torch.split(order.to(self.device), size)
        return self._batches[1][position]

    def _is_due(self) -> bool:
        options = self.recipe.train
        return self.epoch % options.eval_every == 0 or self.epoch == options.epochs

    def _measured(self) -> dict[str, Any]:
        started = time.perf_counter()
        part, x, y = self.data.measured
        # Of one rank, so that all of them keep the same epoch and stop at the same one.
        figures = self.world.from_first(figures_of(self.model, x, y))
        found = {"part": part} | figures
        if part == "validation":
            found["best"] = self.selection.offer(self.epoch, self.step, figures, self.model)
        return found | {"measure_seconds": round(time.perf_counter() - started, 3)}


def _image_shape(data: Dataset) -> tuple[int, int, int]:
    if data.image_shape is None:
        raise UsageError(
            "train.shift and train.flip need images; the data set has none: leave them out"
        )
    return data.image_shape


def learning_rate(recipe: Recipe, step: int, total_steps: int) -> float:
    """Return the rate of a step: a function of it alone, so that there is no state to keep."""
    options = recipe.train
    if options.schedule == "constant":
        return options.learning_rate
    return options.learning_rate * 0.5 * (1 + math.cos(math.pi * step / total_steps))
