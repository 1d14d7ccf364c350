"""A convolution on packed words, with the pool or the votes behind it, as one autograd function."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

import lgn_train.packed.conv_ops as conv_ops
import lgn_train.packed.ops as ops
from lgn_train.packed.stage_graph import NOTHING, StageGraph
from lgn_train.packed.words import WORD_BITS

__all__ = ["ConvGraph"]


@dataclass(frozen=True, eq=False)
class ConvGraph:
    """A convolution of a graph's rows, not computed before it is asked for: a pool may follow.

    graph: rows of an image by channel, row and column, without stages. sizes: of conv_ops.
    positions: rows and columns of its output. leaves, candidates: int32, see conv_ops. bits, soft,
    slopes, shares: as of Stage, of all levels.
    """

    graph: StageGraph
    sizes: tuple[int, ...]
    positions: tuple[int, int]
    leaves: Tensor
    bits: Tensor
    soft: Tensor
    slopes: Tensor
    candidates: Tensor = NOTHING
    shares: Tensor = NOTHING

    @property
    def rows(self) -> Tensor:
        """What the convolution reads."""
        return self.graph.rows

    @property
    def batch(self) -> int:
        return self.graph.batch

    @property
    def shown(self) -> str:
        return "a convolution"

    @property
    def width(self) -> int:
        return self.sizes[3] * self.windows

    @property
    def windows(self) -> int:
        return self.positions[0] * self.positions[1]

    def pooled(self, size: int) -> "ConvGraph":
        """Return it with an OR pool behind it; it must have none yet."""
        rows, columns = self.positions
        return replace(
            self, sizes=(*self.sizes[:-1], size), positions=(rows // size, columns // size)
        )

    def settled(self) -> StageGraph:
        """Compute it: a graph of its outputs' rows, to which gradients come back."""
        # The rows are bits, which have no gradient; the carrier stands for them on the way back.
        carrier, rows = self._execute(0)
        return StageGraph(rows, self.batch, carrier.t() if carrier.requires_grad else None)

    def votes(self, groups: int) -> Tensor:
        """Return float32[batch, groups], the ones in equal parts of the outputs."""
        return self._execute(groups)[0].t()

    def _execute(self, groups: int) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = _ConvExecution.apply(  # type: ignore[no-untyped-call]
            self, groups, self.graph.source, self.soft, self.shares
        )
        return found


class _ConvExecution(torch.autograd.Function):
    """Votes float32[groups, batch], or without groups a float tensor of the outputs' shape that
    says nothing but carries their gradient; and the outputs' rows.
    """

    @staticmethod
    def forward(
        ctx: Any, conv: ConvGraph, groups: int, source: Tensor | None, soft: Tensor, shares: Tensor
    ) -> tuple[Tensor, Tensor]:
        graph = conv.graph
        rows = conv_ops.conv_forward(graph.rows, conv.leaves, conv.bits, conv.sizes, conv.windows)
        ctx.conv = conv
        ctx.mark_non_differentiable(rows)
        if groups:
            return ops.count(rows, groups)[:, : graph.batch].float(), rows
        # A tensor without memory of its own: autograd needs something of the outputs' shape to send
        # their gradient to, and the outputs themselves stay packed.
        return soft.new_zeros(1).expand(conv.width, graph.batch), rows

    @staticmethod
    def backward(ctx: Any, given: Tensor, _: Any) -> tuple[Tensor | None, ...]:
        """Return the gradients of the source, of the soft tables and of the candidates' shares.

        given: float[groups, batch] of votes, or that of all outputs; the rows have no gradient.
        """
        conv: ConvGraph = ctx.conv
        graph = conv.graph
        samples = WORD_BITS * graph.rows.shape[1]
        top = given
        # Kernels go through whole words: samples past the batch get gradient 0.
        if samples != graph.batch:
            top = given.new_zeros(len(given), samples)
            top[:, : graph.batch] = given
        d_rows, d_soft, d_shares = conv_ops.conv_backward(
            top.contiguous(),
            graph.rows,
            conv.leaves,
            conv.bits,
            conv.slopes,
            conv.candidates,
            conv.sizes,
            conv.windows,
            graph.source is not None,
        )
        d_source = d_rows[:, : graph.batch].t() if graph.source is not None else None
        wanted = ctx.needs_input_grad[3:]
        d_learned = [d if w else None for d, w in zip((d_soft, d_shares), wanted, strict=True)]
        return None, None, d_source, *d_learned
