"""What training minimises: the cross-entropy of votes, with weights, and a teacher's term.

The sum and not the mean is returned, because ranks have shares of different sizes; the loop divides
by the whole batch.
"""

from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lgn_train.class_weights import class_weights
from lgn_train.data.dataset import Dataset
from lgn_train.distillation import Teacher, read_teacher
from lgn_train.recipe import Train

__all__ = ["Objective"]


@final
class Objective:
    """Sum the losses of samples of a data set's training part.

    The labels and weights lie on a device. Weights of classes and of samples multiply; those of
    samples hold for the teacher's term, too. Raises UsageError where the teacher's file does not
    fit the data.
    """

    def __init__(self, data: Dataset, options: Train, device: torch.device) -> None:
        self._labels = torch.from_numpy(data.y_train.astype(np.int64)).to(device)
        self._smoothing = options.label_smoothing
        classes = class_weights(options.class_weight, data.y_train, data.classes)
        self._of_classes = _on(device, classes)
        self._of_samples = _on(device, data.weight_train)
        self._teacher: Teacher | None = None
        if options.teacher is not None:
            logits = read_teacher(Path(options.teacher), data).to(device)
            self._teacher = Teacher(logits, options.teacher_weight, options.teacher_temperature)

    @property
    def teacher_digest(self) -> str | None:
        """The SHA-256 of the teacher's logits; None without one."""
        return None if self._teacher is None else self._teacher.digest

    def __call__(self, logits: Tensor, samples: Tensor) -> Tensor:
        """Return the sum over the batch; logits[batch, classes], samples[batch] by number."""
        # Without weights per sample the sum is taken inside of cross_entropy, in one pass.
        weighted = self._of_samples is not None or self._teacher is not None
        losses = F.cross_entropy(
            logits,
            self._labels[samples],
            weight=self._of_classes,
            reduction="none" if weighted else "sum",
            label_smoothing=self._smoothing,
        )
        if self._teacher is not None:
            share = self._teacher.weight
            losses = (1 - share) * losses + share * self._teacher.losses(logits, samples)
        if self._of_samples is not None:
            losses = losses * self._of_samples[samples]
        return losses.sum() if weighted else losses


def _on(device: torch.device, weights: np.ndarray | None) -> Tensor | None:
    """Return weights as float32 on a device."""
    return None if weights is None else torch.from_numpy(weights).float().to(device)
