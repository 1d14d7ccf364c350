"""The kernels of soft runs as PyTorch operators: rows of bits or numbers in, rows of numbers out.

Numbers lie in blocks of samples, float32[blocks, rows, block]; the last block is filled up with
samples whose gradients must be 0. A block is 16 samples on the CPU and all of them on CUDA.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

import lgn_train.packed.kernels as kernels
from lgn_train.packed.bindings import (
    CANDIDATES,
    TABLES,
    SoftRunStruct,
    StageStruct,
    address,
    operator,
    shapes_of,
)
from lgn_train.packed.threads import kernel_threads
from lgn_train.packed.words import WORD_BITS, words_for

__all__ = ["in_blocks", "out_of_blocks", "soft_backward", "soft_forward"]

CPU_BLOCK = 16  # SOFT_BLOCK of csrc/stage.h
MAX_SLOTS = 8  # parts of a batch whose sums are added up on their own: as many threads can work


def block_for(like: Tensor, batch: int) -> int:
    """Return the samples of a block on the device of a tensor."""
    return WORD_BITS * words_for(batch) if kernels.kernels_for(like).on_cuda else CPU_BLOCK


def in_blocks(x: Tensor) -> Tensor:
    """Return float32[blocks, rows, block] of x[rows, batch]."""
    rows, batch = x.shape
    block = block_for(x, batch)
    blocks = -(-batch // block)
    whole = x.new_zeros(rows, blocks * block, dtype=torch.float32)
    whole[:, :batch] = x
    return whole.view(rows, blocks, block).transpose(0, 1).contiguous()


def out_of_blocks(x: Tensor, batch: int) -> Tensor:
    """Return float32[rows, batch] of x[blocks, rows, block]."""
    return x.transpose(0, 1).reshape(x.shape[1], -1)[:, :batch]


@operator
def soft_forward(
    x: Tensor, tables: Sequence[Tensor], wirings: Sequence[Tensor], positions: Sequence[int],
    kinds: Sequence[int], batch: int, groups: int, keep: bool,
) -> list[Tensor]:  # fmt: skip
    """Return the sums of `groups` equal parts of the last stage's outputs, or where groups is 0
    these outputs; then, where `keep`, the outputs of the stages below; all in blocks.

    x: int64[inputs, words], bits, or float32[blocks, inputs, block]. tables: float32[nodes /
    positions, 2**fan_in] of each stage. wirings, positions, kinds: as of ops.forward.
    """
    sizes, blocks, block = _sizes(x, wirings, batch)
    values = _values(x, wirings, blocks, block, keep)
    out = x.new_empty(blocks, groups or len(wirings[-1]), block, dtype=torch.float32)
    stages = _stages(sizes, tables, wirings, positions, kinds)
    for stage, kept in zip(stages, values, strict=False):
        stage.values = address(kept)
    if not groups:
        stages[-1].values = address(out)
    group = len(wirings[-1]) // (groups or len(wirings[-1]))
    run, _workspace = _run(x, stages, sizes, batch, group, votes=bool(groups))
    kernels.call("lgn_soft_forward", x, ctypes.byref(run), out if groups else None)
    return [out, *values]


@shapes_of("soft_forward")
def _(
    x: Tensor, tables: Sequence[Tensor], wirings: Sequence[Tensor], positions: Sequence[int],
    kinds: Sequence[int], batch: int, groups: int, keep: bool,
) -> list[Tensor]:  # fmt: skip
    _, blocks, block = _sizes(x, wirings, batch)
    out = x.new_empty(blocks, groups or len(wirings[-1]), block, dtype=torch.float32)
    return [out, *_values(x, wirings, blocks, block, keep)]


@operator
def soft_backward(
    top: Tensor, x: Tensor, values: Sequence[Tensor], tables: Sequence[Tensor],
    wirings: Sequence[Tensor], starts: Sequence[Tensor], readers: Sequence[Tensor],
    candidates: Sequence[Tensor], positions: Sequence[int], kinds: Sequence[int], batch: int,
    input_gradient: bool,
) -> list[Tensor]:  # fmt: skip
    """Return the gradient of x in blocks (empty unless input_gradient), then that of each stage's
    tables, float32[nodes / positions, 2**fan_in], and then that of each pin's choice in each stage,
    float32[nodes, fan_in, 16] or empty.

    top: the gradient of what soft_forward returned first. values: what it kept. starts, readers:
    the inverse of each wiring, which only CUDA reads. candidates: as of ops.backward.
    """
    sizes, blocks, _block = _sizes(x, wirings, batch)
    slots = 1 if kernels.kernels_for(x).on_cuda else _slots(blocks)
    stages = _stages(sizes, tables, wirings, positions, kinds)
    sums, picks = _sums(top, tables, kinds, slots), _picks(top, candidates, slots)
    for i, stage in enumerate(stages):
        if i < len(values):
            stage.values = address(values[i])
        if starts[i].numel():
            stage.starts, stage.readers = address(starts[i]), address(readers[i])
        if sums[i].numel():
            stage.sums = address(sums[i])
        if candidates[i].numel():
            stage.candidates, stage.picks = address(candidates[i]), address(picks[i])
    d_x = top.new_empty(blocks if input_gradient else 0, sizes[0], top.shape[2])
    run, _workspace = _run(x, stages, sizes, batch, sizes[-1] // top.shape[1], slots)
    kernels.call("lgn_soft_backward", x, ctypes.byref(run), top, d_x if input_gradient else None)
    return [d_x, *(s[0] for s in sums), *(p[0] for p in picks)]


@shapes_of("soft_backward")
def _(
    top: Tensor, x: Tensor, values: Sequence[Tensor], tables: Sequence[Tensor],
    wirings: Sequence[Tensor], starts: Sequence[Tensor], readers: Sequence[Tensor],
    candidates: Sequence[Tensor], positions: Sequence[int], kinds: Sequence[int], batch: int,
    input_gradient: bool,
) -> list[Tensor]:  # fmt: skip
    sizes, blocks, _block = _sizes(x, wirings, batch)
    d_x = top.new_empty(blocks if input_gradient else 0, sizes[0], top.shape[2])
    sums, picks = _sums(top, tables, kinds, 1), _picks(top, candidates, 1)
    return [d_x, *(s[0] for s in sums), *(p[0] for p in picks)]


def _sizes(x: Tensor, wirings: Sequence[Tensor], batch: int) -> tuple[list[int], int, int]:
    """Return the rows that each stage reads and those of the last one, the blocks, and a block's
    samples.
    """
    inputs = x.shape[1] if x.is_floating_point() else x.shape[0]
    block = block_for(x, batch)
    return [inputs, *map(len, wirings)], -(-batch // block), block


def _values(
    x: Tensor, wirings: Sequence[Tensor], blocks: int, block: int, keep: bool
) -> list[Tensor]:
    """Return empty rows for the outputs of all stages but the last, where the backward pass needs
    them.
    """
    kept = wirings[:-1] if keep else ()
    return [x.new_empty(blocks, len(w), block, dtype=torch.float32) for w in kept]


def _sums(top: Tensor, tables: Sequence[Tensor], kinds: Sequence[int], slots: int) -> list[Tensor]:
    """Return an empty gradient of each stage's tables, once for each slot; the first one receives
    the sum of all, which does not depend on the threads.
    """
    return [
        top.new_empty(slots, *(table.shape if kind == TABLES else (0,)))
        for table, kind in zip(tables, kinds, strict=True)
    ]


def _picks(top: Tensor, candidates: Sequence[Tensor], slots: int) -> list[Tensor]:
    """Return an empty gradient of each pin's choice, once for each slot."""
    assert all(not c.numel() or c.shape[2] == CANDIDATES for c in candidates)
    return [top.new_empty(slots, *c.shape) for c in candidates]


def _slots(blocks: int) -> int:
    """Return in how many parts the blocks are summed apart: MAX_SLOTS at most, none empty."""
    share = max(1, -(-blocks // MAX_SLOTS))
    return max(1, -(-blocks // share))


def _stages(
    sizes: Sequence[int],
    tables: Sequence[Tensor],
    wirings: Sequence[Tensor],
    positions: Sequence[int],
    kinds: Sequence[int],
) -> Any:
    """Return the structures of all stages, without what only one direction needs."""
    stages = (StageStruct * len(wirings))()
    for i, stage in enumerate(stages):
        stage.kind, stage.inputs, stage.positions = kinds[i], sizes[i], positions[i]
        stage.nodes, stage.fan_in = wirings[i].shape
        stage.wiring = address(wirings[i])
        stage.slopes = address(tables[i]) if kinds[i] == TABLES else None
    return stages


def _run(
    x: Tensor,
    stages: Any,
    sizes: Sequence[int],
    batch: int,
    group: int,
    slots: int = 1,
    votes: bool = False,
) -> tuple[SoftRunStruct, Tensor]:
    """Return the struct, and the workspace that it points to."""
    block = block_for(x, batch)
    packed = not x.is_floating_point()
    rows = 2 * max(sizes[1:-1], default=0) + (sizes[0] if packed else 0)
    on_cuda = kernels.kernels_for(x).on_cuda
    rows += sizes[-1] if on_cuda and votes else 0  # of which CUDA adds up the votes
    threads = 1 if on_cuda else kernel_threads()
    workspace = x.new_empty(threads, rows, block, dtype=torch.float32)
    run = SoftRunStruct(
        stages=ctypes.addressof(stages),
        count=len(stages),
        bits=address(x) if packed else None,
        words=x.shape[1] if packed else block // WORD_BITS,
        x=None if packed else address(x),
        blocks=-(-batch // block),
        group=group,
        slots=slots,
        workspace=address(workspace),
        workspace_rows=rows,
    )
    return run, workspace
