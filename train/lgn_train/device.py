"""The device that a run computes on."""

import os
import platform
from pathlib import Path

import torch

from lgn_hw.errors import UsageError

__all__ = ["DEVICES", "describe_device", "device_named"]

DEVICES = ("cpu", "cuda")


def device_named(name: str) -> torch.device:
    """Return a device; of several GPUs, the one that torchrun means for this process.

    Raises UsageError for another name, or where torch cannot use the device.
    """
    if name not in DEVICES:
        raise UsageError(f"device must be one of {', '.join(DEVICES)}, not {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            f"device 'cuda' needs a GPU that PyTorch can use, and PyTorch {torch.__version__} sees"
            " none; use device 'cpu', or install a PyTorch build for your GPU"
        )
    return torch.device(f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if name == "cuda" else name)


def describe_device(device: torch.device) -> str:
    """Return what figures of time belong to, like `NVIDIA H100` or `AMD EPYC, 2 cores`.

    For tables of results; it decides nothing.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    """Return the processor's name, as far as the system says it."""
    path = Path("/proc/cpuinfo")
    # Linux only; elsewhere platform.processor() says what it knows.
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
