"""The training loop: AdamW over epochs whose data order is a function of seed and epoch."""

import math
import time
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lgn_hw.errors import CheckFailed
from lgn_train import noise
from lgn_train.data import Dataset
from lgn_train.metrics import measure, unused_gates
from lgn_train.noise import Stream
from lgn_train.recipe import Recipe

__all__ = ["Trainer", "learning_rate"]


@final
class Trainer:
    """Train a model one epoch at a time.

    epoch: epochs done. step: optimiser steps done. Both, and tensors(), are all the state there
    is: a trainer that is given them goes on bit for bit as the first one would have.
    """

    def __init__(self, model: nn.Module, recipe: Recipe, data: Dataset) -> None:
        self.model, self.recipe, self.data = model, recipe, data
        options = recipe.train
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        self.epoch = 0
        self.step = 0
        self._x = torch.from_numpy(np.ascontiguousarray(data.x_train))
        self._y = torch.from_numpy(data.y_train.astype(np.int64))

    def run_epoch(self) -> dict[str, Any]:
        """Train for one epoch and measure; return the epoch's line of metrics.jsonl.

        Accuracies are of the test part, as fractions. Raises CheckFailed where the loss is no
        longer a number.
        """
        started = time.monotonic()
        self.model.train()
        order = noise.permutation(self.recipe.seed, self.epoch, Stream.ORDER, len(self._x))
        losses = [
            self._train_batch(b) * len(b) for b in torch.split(order, self.recipe.train.batch_size)
        ]
        self.epoch += 1
        self.model.eval()
        found = measure(self.model, self.data.x_test, self.data.y_test)
        return {
            "epoch": self.epoch,
            "step": self.step,
            "loss": sum(losses) / len(self._x),
            "learning_rate": learning_rate(self.recipe, self.step - 1, self.total_steps),
            "train_mode_accuracy": found.train_mode,
            "soft_accuracy": found.soft,
            "discrete_accuracy": found.discrete,
            "gap_train": found.gap_train,
            "gap_soft": found.gap_soft,
            "unused_gates": unused_gates(self.model),
            "seconds": round(time.monotonic() - started, 3),
        }

    @property
    def total_steps(self) -> int:
        per_epoch = -(-len(self._x) // self.recipe.train.batch_size)
        return per_epoch * self.recipe.train.epochs

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the model and of the optimiser, by name."""
        found = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for name, parameter in self.model.named_parameters():
            for key, value in self.optimizer.state[parameter].items():
                found[f"optimizer.{name}.{key}"] = value
        return found

    def restore(self, epoch: int, step: int, tensors: dict[str, Tensor]) -> None:
        """Go back to a state; the names and shapes must be those of tensors()."""
        prefix = "model."
        self.model.load_state_dict(
            {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        )
        for name, parameter in self.model.named_parameters():
            start = f"optimizer.{name}."
            self.optimizer.state[parameter] = {
                key.removeprefix(start): value.clone()
                for key, value in tensors.items()
                if key.startswith(start)
            }
        self.epoch, self.step = epoch, step

    def _train_batch(self, batch: Tensor) -> float:
        rate = learning_rate(self.recipe, self.step, self.total_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(self._x[batch]), self._y[batch])
        value = loss.item()
        if not math.isfinite(value):
            raise CheckFailed(
                f"The loss is {value} at step {self.step}; lower train.learning_rate,"
                " or raise model.tau"
            )
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.step += 1
        return value


def learning_rate(recipe: Recipe, step: int, total_steps: int) -> float:
    """Return the rate of a step: a function of it alone, so that there is no state to keep."""
    options = recipe.train
    if options.schedule == "constant":
        return options.learning_rate
    return options.learning_rate * 0.5 * (1 + math.cos(math.pi * step / total_steps))
