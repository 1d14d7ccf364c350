"""Which circuit of a convolutional classifier a command is about: all positions, or a stream."""

from typing import TYPE_CHECKING

from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.classifier import Classifier

__all__ = ["chosen_conv"]


def chosen_conv(classifier: "Classifier", conv: str) -> str:
    """Return stream or unrolled; raises UsageError on other values than these and auto."""
    if conv not in ("stream", "unrolled", "auto"):
        raise UsageError(f"--conv must be stream, unrolled or auto, not {conv!r}")
    if conv == "auto":
        return "unrolled" if classifier.convolution is None else "stream"
    return conv
