"""A graph of soft stages as one autograd function: bits or numbers in, numbers or votes out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

import lgn_train.packed.kernels as kernels
import lgn_train.packed.soft_ops as soft_ops

if TYPE_CHECKING:
    from lgn_train.packed.stage_graph import StageGraph

__all__ = ["SoftExecution"]

NOTHING = torch.empty(0, dtype=torch.int32)


class SoftExecution(torch.autograd.Function):
    """Float [groups or nodes, batch] of a soft graph. The outputs of its stages are kept for the
    backward pass, but for those of the last one where only its votes are wanted.

    learned: each stage's soft tables, and then each one's shares.
    """

    @staticmethod
    def forward(
        ctx: Any, graph: "StageGraph", groups: int | None, source: Tensor | None, *learned: Tensor
    ) -> Tensor:
        x = soft_ops.in_blocks(graph.rows) if graph.rows.is_floating_point() else graph.rows
        out, *values = soft_ops.soft_forward(
            x, _tables(learned), *_wired(graph), graph.batch, groups or 0, any(ctx.needs_input_grad)
        )
        ctx.graph = graph
        ctx.save_for_backward(x, *learned)
        ctx.values = values
        return soft_ops.out_of_blocks(out, graph.batch)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        graph: StageGraph = ctx.graph
        x, *learned = ctx.saved_tensors
        stages, wirings = graph.stages, [stage.wiring for stage in graph.stages]
        on_cuda = kernels.kernels_for(x).on_cuda
        inverses = [(w.starts, w.readers) if on_cuda else (NOTHING, NOTHING) for w in wirings]
        wires, positions, kinds = _wired(graph)
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
            graph.batch,
            graph.source is not None,
        )
        d_source = None
        if graph.source is not None:
            d_source = soft_ops.out_of_blocks(d_x, graph.batch).t()
        needed = ctx.needs_input_grad[3:]
        d_learned = [d if n else None for d, n in zip(found, needed, strict=True)]
        return None, None, d_source, *d_learned


def _tables(learned: Sequence[Tensor]) -> list[Tensor]:
    """Return each stage's soft tables: half of what is learned, the other half being shares."""
    return [tables.detach().contiguous() for tables in learned[: len(learned) // 2]]


def _wired(graph: "StageGraph") -> tuple[list[Tensor], list[int], list[int]]:
    """Return wires, positions and kinds of all stages, as the operators take them."""
    stages = graph.stages
    return (
        [stage.wiring.wires for stage in stages],
        [stage.positions for stage in stages],
        [stage.kind for stage in stages],
    )
