"""How many threads the kernels compute with, apart from those of PyTorch."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["kernel_threads", "with_kernel_threads"]

_chosen: list[int] = []  # the innermost choice last


def kernel_threads() -> int:
    """Return how many threads the kernels share their work among: PyTorch's number where no other
    one was chosen.
    """
    return _chosen[-1] if _chosen else torch.get_num_threads()


@contextmanager
def with_kernel_threads(count: int) -> Iterator[None]:
    """Let the kernels use that many threads, whatever PyTorch's number is."""
    _chosen.append(count)
    try:
        yield
    finally:
        _chosen.pop()
