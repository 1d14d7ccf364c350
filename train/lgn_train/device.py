"""The device that a run computes on."""

import torch

from lgn_hw.errors import UsageError

__all__ = ["DEVICES", "device_named"]

DEVICES = ("cpu", "cuda")


def device_named(name: str) -> torch.device:
    """Return a device. Raises UsageError where there is none, or torch cannot use it here."""
    if name not in DEVICES:
        raise UsageError(f"device must be one of {', '.join(DEVICES)}, not {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            f"device 'cuda' needs a GPU that PyTorch can use, and PyTorch {torch.__version__} sees"
            " none; use device 'cpu', or install a PyTorch build for your GPU"
        )
    return torch.device(name)
