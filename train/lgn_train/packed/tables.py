"""The tables of a step, and the way of their gradient back to the logits."""

from typing import Any

import torch
from torch import Tensor

import lgn_train.packed.ops as ops

__all__ = ["choose_inputs", "choose_tables", "table_words"]


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


def choose_inputs(
    logits: Tensor, temperature: float, seed: Tensor, step: Tensor, *, noise: int | None
) -> tuple[Tensor, Tensor]:
    """Return which of 16 candidates each pin reads, int64[...], and with what probability each
    would be, float32[..., 16], with its gradient; for logits[..., 16], -inf for no candidate.

    It is the choice of a gate among 16 (`raw`), with other noise.
    """
    rows = logits.reshape(-1, ops.CANDIDATES)
    stream = -1 if noise is None else noise
    index, shares = _Pick.apply(rows, temperature, seed, step, stream)  # type: ignore[no-untyped-call]
    return index.view(logits.shape[:-1]), shares.view(logits.shape)


def table_words(tables: Tensor) -> Tensor:
    """Return int64[nodes] of tables[nodes, 2**fan_in] of 0.0 and 1.0: entry 0 in bit 0."""
    entries = torch.arange(tables.shape[1], device=tables.device)
    return (tables.detach().long() << entries).sum(dim=1)


class _Pick(torch.autograd.Function):
    """Choose one of 16 candidates per row; the gradient of the probabilities goes to the logits."""

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, temperature: float, seed: Tensor, step: Tensor, noise: int
    ) -> tuple[Tensor, Tensor]:
        """Return index int[rows] and shares float[rows, 16]; only the shares have a gradient."""
        raw = ops.PARAMETRIZATION_NUMBERS["raw"]
        index, _, shares = ops.choose_tables(
            logits.contiguous(), raw, 2, temperature, seed, step, noise, True
        )
        ctx.temperature = temperature
        ctx.save_for_backward(shares)
        ctx.mark_non_differentiable(index)
        return index, shares

    @staticmethod
    def backward(ctx: Any, _: Any, d_shares: Tensor) -> tuple[Tensor | None, ...]:
        (shares,) = ctx.saved_tensors
        weighed = shares * d_shares
        # The Jacobian of a softmax: p_i (g_i - sum_j p_j g_j).
        d_logits = weighed - shares * weighed.sum(dim=1, keepdim=True)
        return d_logits / ctx.temperature, None, None, None, None


class _Choice(torch.autograd.Function):
    """Choose a table per row; the gradient of the soft table goes to the logits, past the choice of
    bits (a straight-through estimator).
    """

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
