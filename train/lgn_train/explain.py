"""What runs underneath: which layers run on the compiled kernels, and why the others do not."""

from torch import nn

from lgn_train.layers import LogicLayer

__all__ = ["explain"]


def explain(model: nn.Module) -> str:
    """Return a line for each logic layer of a model in its present mode: its path, and why.

    The text is for people; layers.why_not_kernels() has the reasons one by one.
    """
    lines = []
    for name, layer in model.named_modules():
        if isinstance(layer, LogicLayer):
            reasons = layer.why_not_kernels()
            kernels = "CUDA" if layer.logits.is_cuda else "C++"
            what = "packed words" if layer.computes_bits else "soft values"
            path = f"float: {'; '.join(reasons)}" if reasons else f"{what}, {kernels} kernels"
            lines.append(f"{name or type(layer).__name__}: {path}")
    return "\n".join(lines)
