"""Whether torch.export is reading a model: it follows float operations, and no value decides."""

import torch

__all__ = ["is_exporting"]


def is_exporting() -> bool:
    """Return whether torch.export traces the present call.

    The layers then compute in float operations, to the same bits, and nothing is checked that
    would need a value. torch.compile needs no such care: it leaves the kernels as they are.
    """
    known = getattr(torch.compiler, "is_exporting", None)  # since torch 2.7
    return bool(known()) if known is not None else False
