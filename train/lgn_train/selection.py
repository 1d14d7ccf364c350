"""Which epoch is kept: the best one on the validation part; and when to wait no longer."""

from dataclasses import dataclass
from typing import Any, final

from torch import Tensor, nn

__all__ = ["BEST", "Best", "Selection"]

BEST = "best."  # before the names of the kept network's tensors, in a checkpoint


@final
@dataclass(frozen=True, eq=False)
class Best:
    """The network that did best on the validation part so far.

    epoch, step: how far it was trained. figures: of the validation part, named as in
    metrics.jsonl. tensors: the model's state, on the CPU.
    """

    epoch: int
    step: int
    figures: dict[str, float]
    tensors: dict[str, Tensor]

    @property
    def accuracy(self) -> float:
        return self.figures["discrete_accuracy"]


@final
class Selection:
    """Keep the network with the best discrete accuracy; of equal ones the first.

    patience: epochs without a better one after which training is over; 0 for never. The state is
    state() and tensors(), which a checkpoint holds.
    """

    def __init__(self, patience: int = 0) -> None:
        self.patience = patience
        self.best: Best | None = None
        self._measured = 0  # the last epoch that was offered

    @property
    def over(self) -> bool:
        """Whether no epoch has been better for as long as the patience lasts."""
        waited = self._measured - (self.best.epoch if self.best else 0)
        return bool(self.patience) and waited >= self.patience

    def offer(self, epoch: int, step: int, figures: dict[str, float], model: nn.Module) -> bool:
        """Consider an epoch; return whether it is the best so far, and keep it then."""
        self._measured = epoch
        if self.best is not None and figures["discrete_accuracy"] <= self.best.accuracy:
            return False
        # A copy, on the CPU: training changes these tensors in place, and GPU memory is short.
        kept = {n: t.detach().to("cpu", copy=True) for n, t in model.state_dict().items()}
        self.best = Best(epoch, step, figures, kept)
        return True

    def tensors(self) -> dict[str, Tensor]:
        """Return the kept network's tensors, by names that no other tensor of a run has."""
        return {} if self.best is None else {BEST + n: t for n, t in self.best.tensors.items()}

    def state(self) -> dict[str, Any] | None:
        """Return the JSON values that restore() needs beside the tensors; None before the first
        epoch was offered.
        """
        if self.best is None:
            return None
        best = {"epoch": self.best.epoch, "step": self.best.step, "figures": self.best.figures}
        return best | {"measured_epoch": self._measured}

    def restore(self, state: dict[str, Any] | None, tensors: dict[str, Tensor]) -> None:
        """Go back to a state; tensors may hold others of the run as well."""
        self.best, self._measured = None, 0
        if state is not None:
            kept = {n.removeprefix(BEST): t for n, t in tensors.items() if n.startswith(BEST)}
            self.best = Best(state["epoch"], state["step"], state["figures"], kept)
            self._measured = state["measured_epoch"]
