"""Distillation: a teacher's logits of the training samples as a second target (1503.02531)."""

import hashlib
import io
from pathlib import Path
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lgn_hw.data.arrays import load_arrays
from lgn_hw.errors import UsageError
from lgn_hw.files.atomic import write_bytes
from lgn_train.data.dataset import Dataset

__all__ = ["Teacher", "read_teacher", "write_teacher"]

REMEDY = "make it anew with python -m lgn_train.teacher"


@final
class Teacher:
    """Hold a teacher's logits[training samples, classes], and how much they count.

    weight: of the teacher's term in the loss; the labels' has the rest. temperature: divides both
    networks' logits, so that unlikely classes tell something, too.
    """

    def __init__(self, logits: Tensor, weight: float, temperature: float) -> None:
        self.weight = weight
        self._temperature = temperature
        self._logits = logits
        values = np.ascontiguousarray(logits.cpu().numpy(), "<f4")
        self.digest = hashlib.sha256(values.data).hexdigest()

    def losses(self, logits: Tensor, samples: Tensor) -> Tensor:
        """Return [batch], T**2 KL(teacher || network), both at temperature T.

        samples: numbers of the batch in the training part. The factor keeps the gradient as large
        as that of the labels (1503.02531, section 2).
        """
        t = self._temperature
        ours = F.log_softmax(logits / t, dim=1)
        theirs = F.log_softmax(self._logits[samples] / t, dim=1)
        # log_target: both sides are logarithms already, which is exact where a probability is tiny.
        return t**2 * F.kl_div(ours, theirs, reduction="none", log_target=True).sum(dim=1)


def write_teacher(path: Path, logits: NDArray[np.floating], data: Dataset) -> None:
    """Write logits[training samples, classes] with the digest of the data they are of."""
    held = io.BytesIO()
    np.savez(held, logits=logits.astype(np.float32), data_sha256=np.array(data.digest))
    write_bytes(path, held.getvalue())


def read_teacher(path: Path, data: Dataset) -> Tensor:
    """Return float32 logits[training samples, classes]; raises UsageError where a file has none
    for these data.
    """
    try:
        found = load_arrays(path)
    except FileNotFoundError:
        raise UsageError(f"There is no teacher {path}; {REMEDY}") from None
    except (UsageError, OSError) as problem:
        raise UsageError(f"{path} is no teacher's file: {problem}; {REMEDY}") from None
    missing = {"logits", "data_sha256"} - set(found)
    if missing or found["logits"].dtype.kind != "f":
        wrong = f"it has no {min(missing)}" if missing else "its logits are no floats"
        raise UsageError(f"{path} is no teacher's file: {wrong}; {REMEDY}")
    logits, wanted = found["logits"], (len(data.y_train), len(data.classes))
    # The digest covers order, split and labels: logits of the right shape may still be of other
    # samples.
    if logits.shape != wanted or str(found["data_sha256"]) != data.digest:
        raise UsageError(
            f"{path} is of other data: it has logits of shape {logits.shape}, and this recipe's"
            f" training part needs {wanted}, with the same samples, split and labels; {REMEDY}"
        )
    if not np.isfinite(logits).all():
        raise UsageError(f"{path} holds logits that are not finite numbers; {REMEDY}")
    return torch.from_numpy(logits.astype(np.float32))
