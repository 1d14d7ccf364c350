"""A training step as a CUDA graph: launched as a whole, while the host goes on.

A step of a small network is many short kernels, and the host needs longer to launch them than the
GPU to run them. A graph is recorded once and launched with one call; it repeats the same operations
on the same memory, which is why samples and learning rate are copied in.
"""

from collections.abc import Callable
from typing import Any, Protocol, final

import torch
from torch import Tensor, nn

from lgn_train.distributed import World
from lgn_train.estimators import ESTIMATORS
from lgn_train.parts import logic_layers
from lgn_train.progress import print_notice

__all__ = ["CapturedStep", "CudaGraphs", "Graphs", "why_not_captured"]

EAGER_STEPS = 3  # in which optimiser states, inverses of wirings and libraries come to be


def why_not_captured(model: nn.Module, device: torch.device, world: World) -> list[str]:
    """Return why a training step is not captured as a graph, and nothing where it is."""
    reasons = []
    if device.type != "cuda":
        reasons.append("only CUDA has graphs")
    if world.size > 1:
        reasons.append("gradients are summed over ranks in each step")
    for layer in logic_layers(model):
        if ESTIMATORS[layer.estimator].adaptive:
            reasons.append(f"estimator {layer.estimator!r} reads its confidence on the host")
        reasons += layer.why_not_kernels()
    return list(dict.fromkeys(reasons))


class Graphs(Protocol):
    """What a step needs of torch.cuda: a test puts another in its place."""

    def aside(self, step: Callable[[], Tensor]) -> Tensor:
        """Run a step on a stream of its own, as the first ones must be before a capture."""

    def capture(self, step: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        """Record a step without running it; return what runs it, and what it then fills."""


@final
class CapturedStep:
    """Run a step of samples[batch]; from its fourth call on as a graph, for batches of one size.

    step: takes numbers of samples and returns a loss, in operations of one device that need no
    answer from it. Batches of another size, like an epoch's last one, run as they are. Where a
    capture fails, that is said once, and all steps run as they are.
    """

    def __init__(self, step: Callable[[Tensor], Tensor], batch: int, graphs: Graphs) -> None:
        self._step, self._batch, self._graphs = step, batch, graphs
        self._eager = EAGER_STEPS
        self._samples: Tensor | None = None
        self._replay: Callable[[], None] | None = None
        self._loss: Any = None
        self._refused = False

    def __call__(self, samples: Tensor) -> Tensor:
        """Return the loss; it is overwritten by the next step."""
        # The graph's memory has the size of the batch that was recorded.
        if len(samples) != self._batch or self._refused:
            return self._step(samples)
        # Memory that the graph reads from; each batch is copied into it.
        if self._samples is None:
            self._samples = torch.empty_like(samples)
        self._samples.copy_(samples)
        if self._eager:
            self._eager -= 1
            return self._graphs.aside(self._on_samples)
        if self._replay is None:
            try:
                # What cannot be captured (an allocation, a copy to the host) raises RuntimeError
                # here, and training goes on without a graph.
                self._replay, self._loss = self._graphs.capture(self._on_samples)
            except RuntimeError as problem:
                self._refused = True
                print_notice(f"training steps are launched one by one: {problem}")
                return self._step(samples)
        self._replay()
        return self._loss

    def _on_samples(self) -> Tensor:
        """Run the step on the samples in the graph's own memory."""
        assert self._samples is not None
        return self._step(self._samples)


class CudaGraphs:
    """The graphs of torch.cuda on a device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def aside(self, step: Callable[[], Tensor]) -> Tensor:
        """Run a step on the side stream, between what was launched before and after it."""
        with torch.cuda.device(self._device):
            self._side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._side):
                loss = step()
            torch.cuda.current_stream().wait_stream(self._side)
        return loss

    def capture(self, step: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        """Record a step; nothing of it runs before the first replay."""
        with torch.cuda.device(self._device):
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                loss = step()
        return graph.replay, loss
