"""What runs underneath: which layers run on packed words, and why the others do not."""

from torch import nn

from lgn_train.layers import LogicLayer

__all__ = ["explain"]


def explain(model: nn.Module) -> str:
    """Return a line for each logic layer of a model in its present mode: its path, and why."""
    lines = []
    for name, layer in model.named_modules():
        if isinstance(layer, LogicLayer):
            reasons = layer.why_not_packed()
            kernels = "CUDA" if layer.logits.is_cuda else "C++"
            path = f"float: {'; '.join(reasons)}" if reasons else f"packed words, {kernels} kernels"
            lines.append(f"{name or type(layer).__name__}: {path}")
    return "\n".join(lines)
