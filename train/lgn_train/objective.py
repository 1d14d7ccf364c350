"""What training minimises: the labels' loss, weighted by class, and a teacher's."""

from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lgn_train.class_weights import class_weights
from lgn_train.data import Dataset
from lgn_train.distillation import Teacher, read_teacher
from lgn_train.recipe import Train

__all__ = ["Objective"]


@final
class Objective:
    """Hold the targets of a data set's training part on a device, as a recipe says.

    Raises UsageError where class weights or the teacher's file do not fit the data.
    """

    def __init__(self, options: Train, data: Dataset, device: torch.device) -> None:
        self._labels = torch.from_numpy(data.y_train.astype(np.int64)).to(device)
        weights = class_weights(options.class_weight, data.y_train, data.classes)
        self._weights = None if weights is None else torch.from_numpy(weights).float().to(device)
        self._smoothing = options.label_smoothing
        self._teacher: Teacher | None = None
        if options.teacher is not None:
            logits = read_teacher(Path(options.teacher), data).to(device)
            self._teacher = Teacher(logits, options.teacher_weight, options.teacher_temperature)

    @property
    def teacher_digest(self) -> str | None:
        """The SHA-256 of the teacher's logits; None without one."""
        return None if self._teacher is None else self._teacher.digest

    def __call__(self, logits: Tensor, samples: Tensor) -> Tensor:
        """Return the sum over a batch; samples: its numbers in the training part."""
        loss = F.cross_entropy(
            logits,
            self._labels[samples],
            weight=self._weights,
            reduction="sum",
            label_smoothing=self._smoothing,
        )
        if self._teacher is None:
            return loss
        share = self._teacher.weight
        return (1 - share) * loss + share * self._teacher.loss(logits, samples)
