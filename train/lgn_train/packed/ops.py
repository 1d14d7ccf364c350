"""The kernels as PyTorch operators, `torch.ops.lgn.*`, on the CPU and on CUDA.

Rows are int64[nets, words]: a net for the whole batch, sample s in bit s % 64 of word s // 64.
Gradients of rows are float32[nets, 64 * words], 0 past the batch.
"""

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor

import lgn_train.packed.kernels as kernels
from lgn_train.packed.bindings import (
    CANDIDATES,
    OR_POOL,
    TABLES,
    StageStruct,
    TableOptions,
    address,
    operator,
    shapes_of,
)

__all__ = [
    "CANDIDATES",
    "OR_POOL",
    "PARAMETRIZATION_NUMBERS",
    "TABLES",
    "backward",
    "choose_tables",
    "confidence",
    "count",
    "encode",
    "forward",
    "invert",
    "table_gradients",
]

PARAMETRIZATION_NUMBERS = {"raw": 0, "light": 1, "walsh": 2}
GATES = 16
CPU_BLOCK = 128  # samples that the C++ kernels go back through together


@operator
def choose_tables(
    logits: Tensor,
    parametrization: int,
    fan_in: int,
    temperature: float,
    seed: Tensor,
    step: Tensor,
    noise: int,
    soft: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the tables of a step: bits int64[nodes], soft float32[nodes, 2**fan_in], and the
    gates' probabilities float32[nodes, 16] of `raw` (else empty); both empty where soft is False.

    noise: the stream it is drawn from, or -1 for none. seed, step: int64 scalars on the device of
    the logits, read when the kernel runs.
    """
    nodes = len(logits)
    options = _options(logits, parametrization, fan_in, temperature)
    options.noisy, options.stream = noise >= 0, max(noise, 0)
    options.seed, options.step = address(seed), address(step)
    found, shares = _empty_tables(logits, parametrization, fan_in, soft)
    bits = logits.new_empty(nodes, dtype=torch.int64)
    kernels.call(
        "lgn_choose_tables", logits, ctypes.byref(options), logits, found if soft else None,
        shares if shares.numel() else None, bits,
    )  # fmt: skip
    return bits, found, shares


@shapes_of("choose_tables")
def _(
    logits: Tensor, parametrization: int, fan_in: int, temperature: float, seed: Tensor,
    step: Tensor, noise: int, soft: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    bits = logits.new_empty(len(logits), dtype=torch.int64)
    return bits, *_empty_tables(logits, parametrization, fan_in, soft)


@operator
def confidence(logits: Tensor, parametrization: int, fan_in: int, temperature: float) -> Tensor:
    """Return the mean over all choices of the likeliest one's probability, float32, a scalar: of a
    gate among 16, or of each entry of a table between 0 and 1. On the CPU only.
    """
    found = logits.new_empty(())
    options = _options(logits, parametrization, fan_in, temperature)
    kernels.call("lgn_confidence", logits, ctypes.byref(options), logits.contiguous(), found)
    return found


@shapes_of("confidence")
def _(logits: Tensor, parametrization: int, fan_in: int, temperature: float) -> Tensor:
    return logits.new_empty(())


@operator
def table_gradients(
    d_soft: Tensor, soft: Tensor, shares: Tensor, parametrization: int, fan_in: int,
    temperature: float,
) -> Tensor:  # fmt: skip
    """Return the gradient of the logits, float32[nodes, n], of that of the soft tables."""
    like = shares if shares.numel() else soft
    d_logits = torch.empty_like(like)
    options = _options(d_logits, parametrization, fan_in, temperature)
    kernels.call(
        "lgn_table_gradients", soft, ctypes.byref(options), shares, soft, d_soft.contiguous(),
        d_logits,
    )  # fmt: skip
    return d_logits


@shapes_of("table_gradients")
def _(
    d_soft: Tensor, soft: Tensor, shares: Tensor, parametrization: int, fan_in: int,
    temperature: float,
) -> Tensor:  # fmt: skip
    return torch.empty_like(shares if shares.numel() else soft)


@operator
def forward(
    x: Tensor, tables: Sequence[Tensor], wirings: Sequence[Tensor], positions: Sequence[int],
    kinds: Sequence[int],
) -> list[Tensor]:  # fmt: skip
    """Return the rows of each stage's outputs, for rows x of the first stage's inputs.

    tables: int64 bits of each stage. wirings: int32[nodes, fan_in], -1 for constant 0.
    positions: neighbouring nodes that share a table. kinds: TABLES or OR_POOL.
    """
    outs = [x.new_empty(len(wiring), x.shape[1]) for wiring in wirings]
    stages = (StageStruct * len(outs))()
    for stage, table, wiring, out, places, kind in zip(
        stages, tables, wirings, outs, positions, kinds, strict=True
    ):
        stage.kind = kind
        stage.nodes, stage.fan_in = wiring.shape
        stage.positions = places
        stage.wiring, stage.tables, stage.out = address(wiring), address(table), address(out)
    kernels.call("lgn_forward", x, stages, len(outs), x, x.shape[1])
    return outs


@shapes_of("forward")
def _(
    x: Tensor, tables: Sequence[Tensor], wirings: Sequence[Tensor], positions: Sequence[int],
    kinds: Sequence[int],
) -> list[Tensor]:  # fmt: skip
    return [x.new_empty(len(wiring), x.shape[1]) for wiring in wirings]


@operator
def backward(
    top: Tensor, x: Tensor, outs: Sequence[Tensor], tables: Sequence[Tensor],
    slopes: Sequence[Tensor], wirings: Sequence[Tensor], starts: Sequence[Tensor],
    readers: Sequence[Tensor], candidates: Sequence[Tensor], positions: Sequence[int],
    kinds: Sequence[int], input_gradient: bool, half: bool,
) -> list[Tensor]:  # fmt: skip
    """Return the gradient of the rows x (empty unless input_gradient), then the share of each
    node of each stage in the gradient of its soft table, float32[nodes, 2**fan_in], and then the
    gradient of each pin's choice in each stage, float32[nodes, fan_in, 16] or empty.

    top: float32[groups, 64 * words], the gradient of the last stage's outputs, one row for each
    nodes / groups neighbouring ones. outs: what forward() returned. slopes: float32 tables whose
    slopes go to the inputs, or empty for the bits. starts, readers: the inverse of each wiring;
    in place of readers CUDA takes int32[pins, 4], Wiring.edges().
    candidates: int32[nodes, fan_in, 16] that the pins of a stage chose from, -1 for none, or empty.
    half: keep gradients between stages as bfloat16.
    """
    sums, picks = _sums(top, wirings, kinds), [top.new_empty(c.shape) for c in candidates]
    rows, stages = x, (StageStruct * len(outs))()
    for i, stage in enumerate(stages):
        stage.kind = kinds[i]
        stage.nodes, stage.fan_in = wirings[i].shape
        stage.inputs, stage.positions = len(rows), positions[i]
        stage.wiring, stage.starts = address(wirings[i]), address(starts[i])
        if readers[i].ndim == 2:
            stage.edges = address(readers[i])
        else:
            stage.readers = address(readers[i])
        stage.tables = address(tables[i])
        stage.slopes = address(slopes[i]) if slopes[i].numel() else None
        stage.out, stage.sums = address(outs[i]), address(sums[i]) if sums[i].numel() else None
        if candidates[i].numel():
            stage.candidates, stage.picks = address(candidates[i]), address(picks[i])
        rows = outs[i]
    d_x = top.new_empty(len(x) if input_gradient else 0, top.shape[1])
    widest = max((len(wiring) for wiring in wirings[:-1]), default=0)
    samples = top.shape[1] if kernels.kernels_for(x).on_cuda else CPU_BLOCK
    workspace = top.new_empty(2, widest, samples, dtype=torch.bfloat16 if half else torch.float32)
    kernels.call(
        "lgn_backward", x, stages, len(outs), x, x.shape[1], top, len(rows) // len(top),
        d_x if input_gradient else None, workspace, int(half),
    )  # fmt: skip
    return [d_x, *sums, *picks]


@shapes_of("backward")
def _(
    top: Tensor, x: Tensor, outs: Sequence[Tensor], tables: Sequence[Tensor],
    slopes: Sequence[Tensor], wirings: Sequence[Tensor], starts: Sequence[Tensor],
    readers: Sequence[Tensor], candidates: Sequence[Tensor], positions: Sequence[int],
    kinds: Sequence[int], input_gradient: bool, half: bool,
) -> list[Tensor]:  # fmt: skip
    sums, picks = _sums(top, wirings, kinds), [top.new_empty(c.shape) for c in candidates]
    return [top.new_empty(len(x) if input_gradient else 0, top.shape[1]), *sums, *picks]


@operator
def invert(wiring: Tensor, inputs: int) -> tuple[Tensor, Tensor]:
    """Return int32[inputs + 1] starts and int32[pins] readers: what Wiring derives, for a wiring
    int32[nodes, fan_in] that is another one in each step.
    """
    if kernels.kernels_for(wiring).on_cuda:
        return _sorted_inverse(wiring, inputs)
    starts, readers = wiring.new_empty(inputs + 1), wiring.new_empty(wiring.numel())
    kernels.call("lgn_invert", wiring, wiring, *wiring.shape, inputs, starts, readers)
    return starts, readers


@shapes_of("invert")
def _(wiring: Tensor, inputs: int) -> tuple[Tensor, Tensor]:
    return wiring.new_empty(inputs + 1), wiring.new_empty(wiring.numel())


@operator
def count(rows: Tensor, groups: int) -> Tensor:
    """Return int32[groups, 64 * words], the ones in each of `groups` equal parts of the rows."""
    counts = rows.new_empty(groups, 64 * rows.shape[1], dtype=torch.int32)
    kernels.call("lgn_count", rows, rows, len(rows), rows.shape[1], len(rows) // groups, counts)
    return counts


@shapes_of("count")
def _(rows: Tensor, groups: int) -> Tensor:
    return rows.new_empty(groups, 64 * rows.shape[1], dtype=torch.int32)


@operator
def encode(codes: Tensor, feature: Tensor, threshold: Tensor) -> Tensor:
    """Return rows[bits, words]: codes[feature[b]] > threshold[b], for codes[features, n], uint8
    or int32, n a multiple of 64.
    """
    words = codes.shape[1] // 64
    rows = codes.new_empty(len(feature), words, dtype=torch.int64)
    kernels.call(
        "lgn_encode",
        codes,
        codes,
        codes.element_size(),
        feature,
        threshold,
        len(feature),
        words,
        rows,
    )
    return rows


@shapes_of("encode")
def _(codes: Tensor, feature: Tensor, threshold: Tensor) -> Tensor:
    return codes.new_empty(len(feature), codes.shape[1] // 64, dtype=torch.int64)


def _sorted_inverse(wiring: Tensor, inputs: int) -> tuple[Tensor, Tensor]:
    """Invert by a stable sort, without a word to the host; starts[0] counts the pins at -1."""
    source, order = torch.sort(wiring.t().reshape(-1), stable=True)
    numbers = torch.arange(inputs + 1, device=wiring.device, dtype=wiring.dtype)
    starts = torch.searchsorted(source, numbers, out_int32=True)
    return starts, ((order % len(wiring)) << 3 | order // len(wiring)).int()


def _sums(top: Tensor, wirings: Sequence[Tensor], kinds: Sequence[int]) -> list[Tensor]:
    entries = [1 << wiring.shape[1] if kind == TABLES else 0
               for wiring, kind in zip(wirings, kinds, strict=True)]  # fmt: skip
    return [
        top.new_empty(len(wiring), count) for wiring, count in zip(wirings, entries, strict=True)
    ]


def _options(logits: Tensor, parametrization: int, fan_in: int, temperature: float) -> TableOptions:
    return TableOptions(
        parametrization=parametrization,
        count=logits.shape[1],
        entries=1 << fan_in,
        nodes=len(logits),
        temperature=temperature,
    )


def _empty_tables(
    logits: Tensor, parametrization: int, fan_in: int, soft: bool
) -> tuple[Tensor, Tensor]:
    nodes = len(logits) if soft else 0
    raw = parametrization == PARAMETRIZATION_NUMBERS["raw"]
    return logits.new_empty(nodes, 1 << fan_in), logits.new_empty(nodes if raw else 0, GATES)
