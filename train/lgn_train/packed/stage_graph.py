"""A graph of stages, bits in and votes out, as one autograd function; on packed words or soft.

Layers append their stages to the graph, and only who asks for its bits or votes has it computed, in
one call of the kernels: no layer's bits are unpacked between two layers, and the kernels take a
block of samples through all stages while its bits and gradients are in the cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

import lgn_train.packed.kernels as kernels
import lgn_train.packed.ops as ops
import lgn_train.packed.soft_ops as soft_ops
from lgn_train.packed.words import WORD_BITS, pack, unpack
from lgn_train.wiring.wiring import Wiring

__all__ = ["NOTHING", "Stage", "StageGraph"]


NOTHING = torch.empty(0, dtype=torch.int32)


@dataclass(frozen=True, eq=False)
class Stage:
    """Nodes that read the rows of the stage before.

    wiring: of the nodes. bits: int64[tables], what the forward pass reads. soft: float32[tables,
    2**fan_in], what the gradient of the tables goes to, or empty where none is wanted; the stages
    of a soft graph read it forward, too, and have neither bits nor slopes. slopes: the tables whose
    slopes go to the inputs, or empty for the bits. positions: neighbouring nodes that share a
    table. kind: ops.TABLES or ops.OR_POOL. candidates: int32[nodes, fan_in, 16] that the wiring of
    this step was chosen from, or empty; shares: float32 like it, with what probability, which gets
    a gradient.
    """

    wiring: Wiring
    bits: Tensor = NOTHING
    soft: Tensor = NOTHING
    slopes: Tensor = NOTHING
    positions: int = 1
    kind: int = ops.TABLES
    candidates: Tensor = NOTHING
    shares: Tensor = NOTHING


@dataclass(frozen=True, eq=False)
class StageGraph:
    """Rows of bits and the stages above them, one behind the other, not computed before asked for.

    rows: int64[inputs, words]. batch: samples. source: float[batch, inputs] to which the rows'
    gradient goes, where there is one. half: gradients between stages are kept as
    bfloat16. soft: the stages compute numbers between 0 and 1, and rows may be float32[inputs,
    batch], too; `half` says nothing then.
    """

    rows: Tensor
    batch: int
    source: Tensor | None = None
    stages: tuple[Stage, ...] = ()
    half: bool = False
    soft: bool = False

    @classmethod
    def of(cls, x: Tensor) -> "StageGraph":
        """Pack float x[batch, inputs] of 0.0 and 1.0."""
        return cls(pack(x.detach().t() != 0), len(x), x if x.requires_grad else None)

    @classmethod
    def of_numbers(cls, x: Tensor) -> "StageGraph":
        """Start a soft graph with float x[batch, inputs] of numbers between 0 and 1."""
        rows = x.detach().t().float()
        return cls(rows, len(x), x if x.requires_grad else None, soft=True)

    @property
    def width(self) -> int:
        return self.stages[-1].wiring.nodes if self.stages else len(self.rows)

    @property
    def shown(self) -> str:
        return f"{len(self.stages)} stages"

    def settled(self) -> "StageGraph":
        return self

    def then(self, stage: Stage) -> "StageGraph":
        return replace(self, stages=(*self.stages, stage))

    def dense(self) -> Tensor:
        """Return the bits as float32[batch, width], with their gradient."""
        return self._execute(None).t()

    def votes(self, groups: int) -> Tensor:
        """Return float32[batch, groups], the ones in equal parts of the outputs."""
        return self._execute(groups).t()

    def _execute(self, groups: int | None) -> Tensor:
        """Return float32[groups or nodes, batch], with gradients for all that is learned.

        groups: None for the last stage's outputs themselves. A graph without stages gives what it
        reads.
        """
        if not self.stages:
            found = self._given()
            return found.view(groups, -1, self.batch).sum(dim=1) if groups else found
        # All that has gradients must be an argument of the autograd function; the graph itself is
        # only passed along.
        learned = [s.soft for s in self.stages] + [s.shares for s in self.stages]
        execution = _SoftExecution if self.soft else _Execution
        result = execution.apply(self, groups, self.source, *learned)  # type: ignore[no-untyped-call]
        assert isinstance(result, Tensor)
        return result

    def _given(self) -> Tensor:
        """Return the rows as float32[inputs, batch], with their gradient."""
        if self.rows.is_floating_point():
            return self.rows if self.source is None else self.source.t()
        if self.source is None:
            return unpack(self.rows, self.batch)
        given: Tensor = _Unpacked.apply(self.source.t(), self.rows)  # type: ignore[no-untyped-call]
        return given


class _Unpacked(torch.autograd.Function):
    """Rows of bits as numbers; their gradient goes to what stands for them."""

    @staticmethod
    def forward(ctx: Any, source: Tensor, rows: Tensor) -> Tensor:
        return unpack(rows, source.shape[1])

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None]:
        return upstream[0], None


class _Execution(torch.autograd.Function):
    """Float [groups or nodes, batch] of a graph; kept for the way back are the rows of bits."""

    @staticmethod
    def forward(
        ctx: Any, graph: StageGraph, groups: int | None, source: Tensor | None, *learned: Tensor
    ) -> Tensor:
        stages = graph.stages
        outs = ops.forward(
            graph.rows,
            [stage.bits for stage in stages],
            [stage.wiring.wires for stage in stages],
            [stage.positions for stage in stages],
            [stage.kind for stage in stages],
        )
        ctx.graph, ctx.outs = graph, outs
        if groups is None:
            return unpack(outs[-1], graph.batch)
        return ops.count(outs[-1], groups)[:, : graph.batch].float()

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the source and of each stage's soft tables and shares.

        upstream: one tensor, float32[groups or nodes, batch].
        """
        graph: StageGraph = ctx.graph
        given = upstream[0]
        # Kernels go through whole words: samples past the batch get gradient 0.
        top = given.new_zeros(len(given), WORD_BITS * graph.rows.shape[1], dtype=torch.float32)
        top[:, : graph.batch] = given
        stages = graph.stages
        d_rows, *found = ops.backward(
            top,
            graph.rows,
            ctx.outs,
            [stage.bits for stage in stages],
            [stage.slopes for stage in stages],
            [stage.wiring.wires for stage in stages],
            [stage.wiring.starts for stage in stages],
            _readers(graph, len(given)),
            [stage.candidates for stage in stages],
            [stage.positions for stage in stages],
            [stage.kind for stage in stages],
            graph.source is not None,
            graph.half,
        )
        d_source = d_rows[:, : graph.batch].t() if graph.source is not None else None
        needed = ctx.needs_input_grad[3:]
        shares, picks = found[: len(stages)], found[len(stages) :]
        d_softs = [_added(*pair) for pair in zip(shares, stages, strict=True)]
        d_learned = [d if n else None for d, n in zip(d_softs + picks, needed, strict=True)]
        return None, None, d_source, *d_learned


class _SoftExecution(torch.autograd.Function):
    """Float [groups or nodes, batch] of a soft graph. The outputs of its stages are kept for the
    backward pass, but for those of the last one where only its votes are wanted.

    learned: each stage's soft tables, and then each one's shares.
    """

    @staticmethod
    def forward(
        ctx: Any, graph: StageGraph, groups: int | None, source: Tensor | None, *learned: Tensor
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
        """Return the gradients of the source and of each stage's soft tables and shares.

        On CUDA the readers of each net are gathered, so that no two threads add to one place and
        sums have one order; the CPU's kernel needs no such list.
        """
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


def _readers(graph: StageGraph, groups: int) -> list[Tensor]:
    """Return the readers of each stage's inputs; for CUDA, where the wiring is fixed, as edges."""
    found: list[Tensor] = []
    on_cuda = kernels.kernels_for(graph.rows).on_cuda
    for stage in graph.stages:
        wiring, last = stage.wiring, stage is graph.stages[-1]
        edges = None
        # Edges are made once for a wiring that stays; one that is chosen anew in each step would
        # have them made in each.
        if on_cuda and stage.kind == ops.TABLES and not wiring.inverse:
            edges = wiring.edges(stage.positions, wiring.nodes // groups if last else 1)
        found.append(wiring.readers if edges is None else edges)
    return found


def _added(shares: Tensor, stage: Stage) -> Tensor:
    """Add the nodes' shares of the gradient of each table."""
    if stage.positions == 1:
        return shares
    return shares.view(-1, stage.positions, shares.shape[1]).sum(dim=1)


def _tables(learned: Sequence[Tensor]) -> list[Tensor]:
    """Return each stage's soft tables: half of what is learned, the other half being shares."""
    return [tables.detach().contiguous() for tables in learned[: len(learned) // 2]]


def _wired(graph: StageGraph) -> tuple[list[Tensor], list[int], list[int]]:
    """Return wires, positions and kinds of all stages, as the operators take them."""
    stages = graph.stages
    return (
        [stage.wiring.wires for stage in stages],
        [stage.positions for stage in stages],
        [stage.kind for stage in stages],
    )
