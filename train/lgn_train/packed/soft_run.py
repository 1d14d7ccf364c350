"""A run of soft stages as one autograd function: bits or numbers in, numbers or votes out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

import lgn_train.packed.kernels as kernels
import lgn_train.packed.soft_ops as soft_ops

if TYPE_CHECKING:
    from lgn_train.packed.run import Run

__all__ = ["SoftExecution"]

NOTHING = torch.empty(0, dtype=torch.int32)


class SoftExecution(torch.autograd.Function):
    """Float [groups or nodes, batch] of a soft run; kept for the way back are the stages' outputs,
    but for those of the last one where only its votes are wanted.

    learned: each stage's soft tables, and then each one's shares.
    """

    @staticmethod
    def forward(
        ctx: Any, run: "Run", groups: int | None, source: Tensor | None, *learned: Tensor
    ) -> Tensor:
        x = soft_ops.in_blocks(run.rows) if run.rows.is_floating_point() else run.rows
        out, *values = soft_ops.soft_forward(
            x, _tables(learned), *_wired(run), run.batch, groups or 0, any(ctx.needs_input_grad)
        )
        ctx.run = run
        ctx.save_for_backward(x, *learned)
        ctx.values = values
        return soft_ops.out_of_blocks(out, run.batch)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        run: Run = ctx.run
        x, *learned = ctx.saved_tensors
        stages, wirings = run.stages, [stage.wiring for stage in run.stages]
        on_cuda = kernels.kernels_for(x).on_cuda
        inverses = [(w.starts, w.readers) if on_cuda else (NOTHING, NOTHING) for w in wirings]
        wires, positions, kinds = _wired(run)
        d_x, *found = soft_ops.soft_backward(
            soft_ops.in_blocks(upstream[0]),
            x,
            ctx.values,
            _tables(learned),
            wires,
            [starts for starts, _ in inverses],
            [readers for _, readers in inverses],
            [stage.candidates for stage in stages],
            positions,
            kinds,
            run.batch,
            run.source is not None,
        )
        d_source = None
        if run.source is not None:
            d_source = soft_ops.out_of_blocks(d_x, run.batch).t()
        needed = ctx.needs_input_grad[3:]
        d_learned = [d if n else None for d, n in zip(found, needed, strict=True)]
        return None, None, d_source, *d_learned


def _tables(learned: Sequence[Tensor]) -> list[Tensor]:
    return [tables.detach().contiguous() for tables in learned[: len(learned) // 2]]


def _wired(run: "Run") -> tuple[list[Tensor], list[int], list[int]]:
    stages = run.stages
    return (
        [stage.wiring.wires for stage in stages],
        [stage.positions for stage in stages],
        [stage.kind for stage in stages],
    )
