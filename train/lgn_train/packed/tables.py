"""The tables of a step, and the way of their gradient back to the logits."""

from typing import Any

import torch
from torch import Tensor

from lgn_train.packed import ops

__all__ = ["choose_tables"]


def choose_tables(
    logits: Tensor,
    parametrization: str,
    fan_in: int,
    temperature: float,
    seed: Tensor,
    step: Tensor,
    *,
    noise: int | None,
    soft: bool,
) -> tuple[Tensor, Tensor]:
    """Return bits int64[tables] and soft float32[tables, 2**fan_in], with its gradient; soft is
    empty where it is not asked for. noise: the stream it is drawn from.
    """
    options = (ops.PARAMETRIZATION_NUMBERS[parametrization], fan_in, temperature)
    stream = -1 if noise is None else noise
    bits, found = _Choice.apply(logits, *options, seed, step, stream, soft)  # type: ignore[no-untyped-call]
    return bits, found


class _Choice(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, *arguments: Any) -> tuple[Tensor, Tensor]:
        bits, soft, shares = ops.choose_tables(logits.contiguous(), *arguments)
        ctx.options = arguments[:3]
        ctx.save_for_backward(soft, shares)
        ctx.mark_non_differentiable(*((bits,) if soft.numel() else (bits, soft)))
        return bits, soft

    @staticmethod
    def backward(ctx: Any, _: Any, d_soft: Tensor) -> tuple[Tensor | None, ...]:
        return ops.table_gradients(d_soft, *ctx.saved_tensors, *ctx.options), *[None] * 7
