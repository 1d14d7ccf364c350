"""The training loop: AdamW over epochs whose data order is a function of seed and epoch.

Everything random in a step is a function of seed and step (see rng), so that a run continues from a
checkpoint bit for bit on a CPU.
"""

import math
import time
from collections.abc import Callable
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from lgn_train import rng
from lgn_train.area import area_of
from lgn_train.augment import augmentation_of
from lgn_train.captured import CapturedStep, CudaGraphs, why_not_captured
from lgn_train.data.dataset import Dataset
from lgn_train.distributed import World
from lgn_train.losses import Losses
from lgn_train.metrics import figures_of
from lgn_train.objective import Objective
from lgn_train.parts import logic_layers
from lgn_train.recipe import Recipe
from lgn_train.rng import Stream
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
        on_cuda = self.device.type == "cuda"
        # On a GPU the rate is a number there, so that a captured step reads the present one.
        rate = torch.tensor(options.learning_rate, device=self.device)
        self.optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=rate if on_cuda else options.learning_rate,
            weight_decay=options.weight_decay,
            fused=True,  # one pass over memory instead of several: half of a packed step's time
            capturable=on_cuda,
        )
        self.step = 0
        self.seconds = 0.0
        self._losses = Losses(self.device)
        self._launch: Callable[[Tensor], Tensor] | None = None
        self.selection = Selection(options.patience)
        self._x = torch.from_numpy(np.ascontiguousarray(data.x_train)).to(self.device)
        self.objective = Objective(data, options, self.device)
        self._augmentation = augmentation_of(recipe, data, self.device)
        self._batches: tuple[int, tuple[Tensor, ...]] = (-1, ())

    @property
    def loss_sum(self) -> float:
        """The sum of the losses of the epoch's samples so far. Raises CheckFailed as run_epoch."""
        return self._losses.sum

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

    def consider_start(self) -> None:
        """Before the first step, let the network as it is be the best on the validation part, where
        there is one: training further then cannot end in a worse one.
        """
        part, x, y = self.data.measured
        if self.step == 0 and part == "validation":
            figures = self.world.from_first(figures_of(self.model, x, y))
            self.selection.offer(0, 0, figures, self.model)

    def take_best(self) -> None:
        """Give the model the state of the best network, where there is one, to export or measure
        it; training does not go on from there.
        """
        if self.best is not None:
            self.model.load_state_dict(self.best.tensors)

    def run_epoch(
        self, on_step: Callable[[], None] = lambda: None, *, measured: bool = True
    ) -> dict[str, Any]:
        """Train to the end of the epoch; return its line of metrics.jsonl.

        Every train.eval_every epochs, and after the last one, the line holds the accuracies of
        data.measured, the validation part or else the test part, as fractions; without `measured`
        it never does. on_step: called after each step but the last. Raises CheckFailed where the
        loss is no longer a number.
        """
        epoch = self.epoch
        while True:
            self.run_step()
            if self.epoch > epoch:
                break
            on_step()
        started = time.perf_counter()
        loss_sum = self.loss_sum  # waits for a GPU to end its steps
        self.seconds += time.perf_counter() - started
        line = {
            "epoch": self.epoch,
            "step": self.step,
            "loss": loss_sum / len(self._x),
            "learning_rate": learning_rate(self.recipe, self.step - 1, self.total_steps),
            "seconds": round(self.seconds, 3),
        }
        self._losses.start_from(0.0)
        self.seconds = 0.0
        return line | (self._measured() if measured and self._is_due() else {})

    def run_step(self) -> Tensor:
        """Train on the next batch and return its mean loss, float64 on the device."""
        started = time.perf_counter()
        batch = self._next_batch()
        self._set_rate(learning_rate(self.recipe, self.step, self.total_steps))
        self.model.train()
        self._begin_epoch()
        if self._launch is None:
            self._launch = self._launcher()
        # In double precision: an epoch adds up thousands of losses.
        loss = self._launch(batch).double()
        self.step += 1
        self._losses.add(loss, self.step - 1, len(batch))
        self._redraw()
        self.seconds += time.perf_counter() - started
        return loss

    def _launcher(self) -> Callable[[Tensor], Tensor]:
        """Return what takes a batch through a step: a CUDA graph, where nothing is against it."""
        if why_not_captured(self.model, self.device, self.world):
            return self._on_device
        return CapturedStep(self._on_device, self.recipe.train.batch_size, CudaGraphs(self.device))

    def _on_device(self, batch: Tensor) -> Tensor:
        """Forward, backward and the optimiser; return the batch's mean loss."""
        # To None, not to zeros: the first gradient is then stored and not added.
        self.optimizer.zero_grad()
        samples, weight = self.world.share(batch)
        logits = self.model(self._codes(samples))
        loss = weight * self.objective(logits, samples)
        if self.recipe.train.area_weight:
            share = weight * len(samples)  # of the batch, which other ranks have the rest of
            loss = loss + self.recipe.train.area_weight * share * area_of(self.model)
        loss.backward()  # type: ignore[no-untyped-call]
        total = self.world.add_up(loss, self.model.parameters())
        self.optimizer.step()
        return total

    def _set_rate(self, rate: float) -> None:
        """Set the learning rate of the next step, for a captured step as well."""
        for group in self.optimizer.param_groups:
            # A captured step reads the rate from this very tensor; a new number would be a new
            # tensor.
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def _redraw(self) -> None:
        """Exchange candidates where they are due; a newcomer starts without momentum."""
        every = self.recipe.train.redraw_every
        # Candidates that arrive late would have no time to be learned.
        if not every or self.step % every or self.step > REDRAWN * self.total_steps:
            return
        for layer in logic_layers(self.model):
            if layer.learned is None:
                continue
            changed = layer.learned.redraw(layer.seed, self.step)
            for value in self.optimizer.state[layer.learned.logits].values():
                if value.shape == changed.shape:  # not the count of steps
                    value[changed] = 0

    def _codes(self, samples: Tensor) -> Tensor:
        """Return the samples' codes, changed as the recipe's augmentation says."""
        codes = self._x[samples]
        return codes if self._augmentation is None else self._augmentation(codes, samples)

    def _begin_epoch(self) -> None:
        """Make ready how the images of the epoch are changed."""
        if self._augmentation is not None:
            self._augmentation.go_to(self.epoch)

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
        # The optimiser keeps its state under the parameter itself, and so it is put back by name.
        for name, parameter in self.model.named_parameters():
            start = f"optimizer.{name}."
            self.optimizer.state[parameter] = {
                key.removeprefix(start): value.to(self.device, copy=True)
                for key, value in tensors.items()
                if key.startswith(start)
            }
        self.selection.restore(selection, tensors)
        self.step, self.seconds = step, seconds
        self._losses.start_from(loss_sum)
        self._launch = None  # a captured step has the optimiser's tensors of before

    def _next_batch(self) -> Tensor:
        epoch, position = divmod(self.step, self.steps_per_epoch)
        if self._batches[0] != epoch:
            order = rng.permutation(self.recipe.seed, epoch, Stream.ORDER, len(self._x))
            size = self.recipe.train.batch_size
            self._batches = epoch, torch.split(order.to(self.device), size)
        return self._batches[1][position]

    def _is_due(self) -> bool:
        options = self.recipe.train
        return self.epoch % options.eval_every == 0 or self.epoch == options.epochs

    def _measured(self) -> dict[str, Any]:
        """Return the figures of the part that is measured; offers them to the choice of the best
        epoch.
        """
        started = time.perf_counter()
        part, x, y = self.data.measured
        # Of one rank, so that all of them keep the same epoch and stop at the same one.
        figures = self.world.from_first(figures_of(self.model, x, y))
        found = {"part": part} | figures
        if part == "validation":
            found["best"] = self.selection.offer(self.epoch, self.step, figures, self.model)
        return found | {"measure_seconds": round(time.perf_counter() - started, 3)}


def learning_rate(recipe: Recipe, step: int, total_steps: int) -> float:
    """Return the rate of a step: a function of it alone, so that there is no state to keep."""
    options = recipe.train
    if options.schedule == "constant":
        return options.learning_rate
    return options.learning_rate * 0.5 * (1 + math.cos(math.pi * step / total_steps))
