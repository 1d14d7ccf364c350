"""Random calls of every kernel, compared between the CUDA source and the C++ kernels."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from cuda_emulator.source import CudaSource
from torch import Tensor

from lgn_train.packed import kernels, ops, soft_ops
from lgn_train.packed.words import pack
from lgn_train.wiring import Wiring

__all__ = ["Case", "all_cases", "compare"]

FLOAT, SOFT, HALF = 2e-6, 1e-5, 0.02  # of the largest number: sums have other orders
COUNTS = {"light": (4, 8, 16, 32, 64), "walsh": (4, 8, 16, 32, 64), "raw": (16,)}


@dataclass(frozen=True)
class Case:
    """One call or a chain of them: a function that returns named tensors.

    exact: names of what must be equal bit for bit. tolerance: of the others, relative to the
    largest number.
    """

    name: str
    run: Callable[[], dict[str, Tensor]]
    exact: frozenset[str] = frozenset()
    tolerance: float = FLOAT


def compare(case: Case, source: CudaSource, orders: bool = False) -> list[str]:
    """Return how the CUDA source differs from the C++ kernels in a case, nothing where it does not.

    orders: run the threads in other orders too, which must change nothing.
    """
    theirs, runs = case.run(), []
    with source.running():
        for order in range(3 if orders else 1):
            source.library.emu_set_order(order)
            runs.append(case.run())
        source.library.emu_set_order(0)
    found = [
        f"{case.name}: {name} differs in another order of the threads"
        for other in runs[1:]
        for name, value in other.items()
        if not torch.equal(value, runs[0][name])
    ]
    for name, wanted in theirs.items():
        exact = name in case.exact or not wanted.is_floating_point()
        tolerance = (
            0.0 if exact or not wanted.numel() else case.tolerance * float(wanted.abs().max())
        )
        if not torch.allclose(runs[0][name], wanted, rtol=0, atol=tolerance):  # false for NaN too
            found.append(f"{case.name}: {name} differs from C++")
    return found


def all_cases(networks: int, seed: int = 0) -> Iterator[Case]:
    """Yield every kernel in every form that is compiled, then random networks."""
    for (reading, summing), half in itertools.product(
        itertools.product(range(4), repeat=2), (False, True)
    ):
        yield network_case(f"stages {reading} on {summing}", (summing, reading), half, seed)
    for fan_in in range(1, 7):
        yield network_case(f"fan-in {fan_in}", (fan_in, fan_in), False, seed)
    for words, half in itertools.product((1, 2, 3, 9), (False, True)):
        yield network_case(f"edges {words}", (2, 2, 2), half, seed + words, words)
    for number in range(networks):
        yield network_case(f"network {number}", None, bool(number % 2), seed + 1 + number)
    for name, counts in COUNTS.items():
        for count, noisy, soft in itertools.product(counts, (False, True), (False, True)):
            yield tables_case(name, count, noisy, soft, seed)
    for fan_in, bits in itertools.product(range(2, 7), (False, True)):
        yield soft_case((fan_in, 0, fan_in), bits, seed + fan_in)
    for number in range(networks // 2):
        yield soft_case(None, bool(number % 2), seed + 1 + number)
    for group, words in ((1, 1), (5, 3), (129, 2), (300, 1)):
        yield count_case(group, words, seed)
    for dtype, words in itertools.product((torch.uint8, torch.int32), (1, 3)):
        yield encode_case(dtype, words, seed)


def tables_case(name: str, count: int, noisy: bool, soft: bool, seed: int) -> Case:
    """Choose tables, and bring a gradient back. A node may have ties, and places of no use."""
    random = torch.Generator().manual_seed(seed + count)
    nodes = int(torch.randint(1, 70, (), generator=random))
    logits = torch.randn(nodes, count, generator=random) * 3
    logits[::3] = logits[::3].round()
    if name == "raw":
        logits[::4, 5:] = -1e9
    fan_in = 2 if name == "raw" else count.bit_length() - 1
    number, step = ops.PARAMETRIZATION_NUMBERS[name], torch.tensor(2**33 + 5)
    along = torch.randn(nodes, 1 << fan_in, generator=random)

    def run() -> dict[str, Tensor]:
        key = torch.tensor(2**61 + seed)
        stream = 3 if noisy else -1
        bits, found, shares = ops.choose_tables(
            logits, number, fan_in, 0.7, key, step, stream, soft
        )
        if not soft:
            return {"bits": bits}
        d_logits = ops.table_gradients(along, found, shares, number, fan_in, 0.7)
        return {"bits": bits, "soft": found, "shares": shares, "d_logits": d_logits}

    return Case(f"tables {name} {count} noisy {noisy} soft {soft}", run)


def soft_case(forms: tuple[int, ...] | None, bits: bool, seed: int) -> Case:
    """A chain of soft stages, forward and backward, from bits or from numbers."""
    random = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high, (), generator=random))

    forms = forms or tuple((0, 2, 2, 3, 4, 5, 6)[draw(0, 7)] for _ in range(draw(1, 4)))
    batch, inputs = draw(1, 200), draw(1, 30)
    x = torch.rand(inputs, batch, generator=random)
    stages, width = [], inputs
    for fan_in in forms:
        stages.append(_stage(fan_in, width, random))
        width = stages[-1].wiring.nodes
    tables = [torch.rand(len(s.tables), 1 << s.wiring.fan_in, generator=random) for s in stages]
    groups = draw(0, 2) * (3 if width % 3 == 0 else width)
    top = torch.randn(groups or width, batch, generator=random)

    def run() -> dict[str, Tensor]:
        given = pack(x > 0.5) if bits else soft_ops.in_blocks(x)
        wires, starts = [s.wiring.wires for s in stages], [s.wiring.starts for s in stages]
        positions, kinds = [s.positions for s in stages], [s.kind for s in stages]
        out, *values = soft_ops.soft_forward(
            given, tables, wires, positions, kinds, batch, groups, True
        )
        d_x, *found = soft_ops.soft_backward(
            soft_ops.in_blocks(top), given, values, tables, wires, starts,
            [s.wiring.readers for s in stages], [s.candidates for s in stages], positions, kinds,
            batch, True,
        )  # fmt: skip
        rows = {"out": out, "d_x": d_x} | {f"value {i}": v for i, v in enumerate(values)}
        named = {name: soft_ops.out_of_blocks(value, batch) for name, value in rows.items()}
        return named | {f"gradient {i}": value for i, value in enumerate(found)}

    values = frozenset(f"value {i}" for i in range(len(forms)))
    text = ", ".join(str(s.wiring.fan_in) if s.kind == ops.TABLES else "pool" for s in stages)
    return Case(f"soft [{text}] batch {batch} groups {groups} bits {bits}", run, values, SOFT)


def count_case(group: int, words: int, seed: int) -> Case:
    random = torch.Generator().manual_seed(seed + group)
    rows = torch.randint(-(2**63), 2**63 - 1, (3 * group, words), generator=random)
    return Case(f"count {group} x {words}", lambda: {"counts": ops.count(rows, 3)})


def encode_case(dtype: torch.dtype, words: int, seed: int) -> Case:
    random = torch.Generator().manual_seed(seed)
    low, high = (0, 256) if dtype == torch.uint8 else (-(2**31), 2**31 - 1)
    codes = torch.randint(low, high, (5, 64 * words), generator=random).to(dtype)
    feature = torch.randint(0, 5, (11,), generator=random, dtype=torch.int32)
    threshold = torch.randint(max(low, -9), min(high, 260), (11,), generator=random).int()
    return Case(f"encode {dtype}", lambda: {"rows": ops.encode(codes, feature, threshold)})


@dataclass(frozen=True)
class StageCase:
    kind: int
    positions: int
    wiring: Wiring
    tables: Tensor
    slopes: Tensor
    candidates: Tensor
    edged: bool


def network_case(
    name: str, forms: tuple[int, ...] | None, half: bool, seed: int, words: int = 3
) -> Case:
    """A chain of stages, forward and backward.

    forms: of each stage its fan-in, 0 for an OR pool; None draws them, and their number.
    """
    random = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high, (), generator=random))

    words = draw(1, 10) if forms is None else words
    if forms is None:
        forms = tuple(draw(0, 7) for _ in range(draw(1, 5)))
    inputs = draw(1, 40)
    x = torch.randint(-(2**63), 2**63 - 1, (inputs, words), generator=random)
    stages, width = [], inputs
    for fan_in in forms:
        stages.append(_stage(fan_in, width, random))
        width = stages[-1].wiring.nodes
    group = [g for g in range(1, width + 1) if width % g == 0][draw(0, 2) if width > 1 else 0]
    top = torch.randn(width // group, 64 * words, generator=random)
    graded = bool(draw(0, 2))

    def run() -> dict[str, Tensor]:
        return _through(stages, x, top, graded, half)

    exact = frozenset({"d_x"})
    text = ", ".join(f"{s.wiring.fan_in if s.kind == ops.TABLES else 'pool'}" for s in stages)
    return Case(f"{name} [{text}] words {words}", run, exact, HALF if half else FLOAT)


def _stage(fan_in: int, inputs: int, random: torch.Generator) -> StageCase:
    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high, (), generator=random))

    kind, positions = (ops.TABLES, draw(1, 5)) if fan_in else (ops.OR_POOL, 1)
    pins = fan_in or draw(1, 9)
    nodes = positions * draw(1, 14)
    wires = torch.randint(-draw(0, 2), inputs, (nodes, pins), generator=random)
    places = nodes // positions
    tables = torch.randint(-(2**63), 2**63 - 1, (places,), generator=random)
    if pins < 6:
        tables &= (1 << (1 << pins)) - 1
    nothing = torch.empty(0)
    slopes = torch.rand(places, 1 << pins, generator=random) if fan_in and draw(0, 2) else nothing
    chooses = fan_in and not draw(0, 3)
    candidates = nothing.int()
    if chooses:
        size = (nodes, pins, ops.CANDIDATES)
        candidates = torch.randint(-1, inputs, size, generator=random, dtype=torch.int32)
    edged = kind == ops.TABLES and bool(draw(0, 4))
    return StageCase(kind, positions, Wiring(wires, inputs), tables, slopes, candidates, edged)


def _through(
    stages: list[StageCase], x: Tensor, top: Tensor, graded: bool, half: bool
) -> dict[str, Tensor]:
    on_cuda = kernels.kernels_for(x).on_cuda
    tables, wires = [s.tables for s in stages], [s.wiring.wires for s in stages]
    positions, kinds = [s.positions for s in stages], [s.kind for s in stages]
    outs = ops.forward(x, tables, wires, positions, kinds)
    readers = []
    for s in stages:
        group = len(outs[-1]) // len(top) if s is stages[-1] else 1
        edges = s.wiring.edges(s.positions, group) if on_cuda and s.edged else None
        readers.append(s.wiring.readers if edges is None else edges)
    d_x, *found = ops.backward(
        top, x, outs, tables, [s.slopes for s in stages], wires,
        [s.wiring.starts for s in stages], readers, [s.candidates for s in stages],
        positions, kinds, graded, half,
    )  # fmt: skip
    named = {f"out {i}": out for i, out in enumerate(outs)} | {"d_x": d_x}
    for kind, part in (("sums", found[: len(stages)]), ("picks", found[len(stages) :])):
        named |= {f"{kind} {i}": value for i, value in enumerate(part)}
    return named
