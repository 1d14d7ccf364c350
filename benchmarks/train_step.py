"""Measure a training step: packed words against float layers and the machine's bandwidth.

python benchmarks/train_step.py [--json FILE]          the table of docs/benchmarks.md, minutes
python benchmarks/train_step.py --quick --json         the headline as one JSON object, a minute

A step is noise, forward pass, cross-entropy, backward pass and AdamW, of a network of equal layers
on 784 binary features with ten classes. Three formulations of the same network run in turn, each in
a process of its own:

packed   LogicDense on packed words, from integer codes.
layers   LogicDense's own float layers, which define the meaning: a truth table, interpolated.
mixture  A float a gate: the weighted sum of the 16 relaxed gates, the formulation of difflogic
         (2210.08277), Gumbel-ST; for more inputs the sum over all table entries.

The same is done for soft layers, on their kernels; there the mixture's weights are the softmax. And
the soft mixture of a convolution is measured on a batch, on kernels and in float layers.

Seconds are CPU time (user and system, all threads) of the median step; memory is what a step adds
to the process's peak. torchlogix's layer is measured beside them where that package imports.

Over 300 lines: the three formulations and their networks are compared in one process each.
"""

import argparse
import itertools
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import describe_machine
from torch import Tensor, nn
from torch.nn import functional as F

from lgn_hw.encoder import Thermometer
from lgn_hw.features import Features
from lgn_train import GroupSum, LogicConv2d, LogicDense, OrPool2d, ThermometerLayer, mode
from lgn_train.layers import LogicLayer

INPUTS, CLASSES = 784, 10
SHAPE = {"width": 8000, "depth": 4, "batch": 128, "fan_in": 2}
SWEEP = [
    SHAPE,
    SHAPE | {"batch": 512},
    SHAPE | {"batch": 2048},
    SHAPE | {"width": 2000},
    SHAPE | {"width": 32000},
    SHAPE | {"depth": 12},
    SHAPE | {"fan_in": 4},
    SHAPE | {"fan_in": 6},
]
SOFT_SWEEP = [shape | {"estimator": "soft"} for shape in (SHAPE, SHAPE | {"batch": 512})]
SOFT_FORMULATIONS = ("kernels", "layers", "mixture")
ON_KERNELS = ("packed", "kernels")
IMAGES = (64, 6, 32)  # samples, planes, and rows and columns of what the convolution reads
FORMULATIONS = ("packed", "layers", "mixture", "torchlogix")
SECONDS = 2.0  # of steps that are measured, about
QUICK_SECONDS = 1.0
LONG_STEP = 1.0  # seconds of a step that needs no second one to warm up
MAX_MIXTURE = 3e8  # floats that the mixture keeps, about; more does not fit into 24 GB


class Mixture(nn.Module):
    """A layer as the weighted sum over relaxed gates, one float an activation and gate."""

    def __init__(self, inputs: int, nodes: int, fan_in: int, seed: int, soft: bool) -> None:
        super().__init__()
        self.soft = soft
        like = LogicDense(inputs, nodes, fan_in, "raw" if fan_in == 2 else "light", seed=seed)
        self.logits = nn.Parameter(like.logits.detach().clone())
        self.fan_in = fan_in
        self.wiring = like.wiring

    def forward(self, x: Tensor) -> Tensor:
        pins = [x[:, self.wiring[:, pin]] for pin in range(self.fan_in)]
        if self.fan_in == 2:
            weights = (
                self.logits.softmax(dim=1)
                if self.soft
                else F.gumbel_softmax(self.logits, hard=True)
            )
            return mixture_of_gates(*pins, weights)
        noise = torch.rand_like(self.logits).logit(1e-6)
        soft = torch.sigmoid(self.logits + noise)
        table = (soft > 0.5).float() - soft.detach() + soft
        out = torch.zeros_like(pins[0])
        for entry in range(1 << self.fan_in):
            factors = [p if entry >> i & 1 else 1 - p for i, p in enumerate(pins)]
            out = out + table[:, entry] * torch.stack(factors).prod(dim=0)
        return out


def mixture_of_gates(a: Tensor, b: Tensor, weights: Tensor) -> Tensor:
    """Return the sum of the 16 relaxed gates of a and b, each times its weight."""
    out = torch.zeros_like(a)
    for gate in range(1, 16):
        t = [gate >> entry & 1 for entry in range(4)]
        # multilinear: t0 + (t1 - t0) a + (t2 - t0) b + (t3 - t2 - t1 + t0) a b
        terms = [(t[1] - t[0], a), (t[2] - t[0], b)]
        value: Any = t[0] + sum(k * x for k, x in terms if k)
        if k := t[3] - t[2] - t[1] + t[0]:
            value = value + k * (a * b)
        out = out + weights[:, gate] * value
    return out


def build(formulation: str, shape: dict[str, Any]) -> nn.Module:
    """Return a network; raises ImportError where a peer's package is missing."""
    widths = [INPUTS] + [shape["width"]] * shape["depth"]
    fan_in = shape["fan_in"]
    pairs = list(itertools.pairwise(widths))
    spec = Thermometer(
        Features.integers([0] * INPUTS, [1] * INPUTS), np.arange(INPUTS), np.zeros(INPUTS, int)
    )
    parametrization = "raw" if fan_in == 2 else "light"
    estimator = shape.get("estimator", "gumbel_st")
    if formulation == "mixture":
        soft = estimator == "soft"
        layers: list[nn.Module] = [Mixture(a, b, fan_in, i, soft) for i, (a, b) in enumerate(pairs)]
    elif formulation == "torchlogix":
        from torchlogix.layers import LogicDense as Peer

        options = {"forward_sampling": "gumbel_hard"}
        layers = [
            Peer(a, b, parametrization=parametrization, lut_rank=fan_in,
                 parametrization_kwargs=options) for a, b in pairs
        ]  # fmt: skip
    else:
        layers = [
            LogicDense(a, b, fan_in, parametrization, estimator, seed=i)
            for i, (a, b) in enumerate(pairs)
        ]
    return nn.Sequential(ThermometerLayer(spec), *layers, GroupSum(CLASSES, tau=20.0))


def step_of(formulation: str, shape: dict[str, Any]) -> Callable[[], None]:
    if formulation not in ON_KERNELS:
        LogicLayer.why_not_kernels = lambda layer: ["measured as float"]  # type: ignore[method-assign]
    model = build(formulation, shape).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 2, (shape["batch"], INPUTS), generator=generator)
    labels = torch.randint(0, CLASSES, (shape["batch"],), generator=generator)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(codes), labels).backward()
        optimizer.step()

    return step


def measure(formulation: str, shape: dict[str, Any], seconds: float) -> dict[str, float] | None:
    """Return CPU and wall milliseconds of the median step, and MB that a step adds at its peak."""
    torch.set_num_threads(1)  # CPU time, without what a second thread waits
    try:
        step = step_of(formulation, shape)
    except (ImportError, SyntaxError) as problem:
        print(f"  {formulation} left out: {problem}", file=sys.stderr)
        return None
    before = resident("VmRSS")
    if _timed(step) < LONG_STEP:
        step()
    added = resident("VmHWM") - before
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(times) < 3:
        cpu, wall = time.process_time(), time.monotonic()
        step()
        times.append((time.process_time() - cpu, time.monotonic() - wall))
    cpu, wall = (sorted(column)[len(times) // 2] for column in zip(*times, strict=True))
    return {"cpu_ms": round(cpu * 1e3, 2), "wall_ms": round(wall * 1e3, 2), "mb": round(added, 1)}


def measure_images(formulation: str) -> float:
    """Return the CPU milliseconds in which a convolution's soft mixture is measured on a batch."""
    torch.set_num_threads(1)
    if formulation not in ON_KERNELS:
        LogicLayer.why_not_kernels = lambda layer: ["measured as float"]  # type: ignore[method-assign]
    samples, planes, size = IMAGES
    model = nn.Sequential(
        LogicConv2d(planes, 64, 3, padding=1, seed=1), OrPool2d(2), nn.Flatten(), GroupSum(8)
    )
    x = torch.randint(0, 2, (samples, planes, size, size), generator=torch.Generator()).float()
    times = []
    with mode(model, "soft"), torch.no_grad():
        for _ in range(4):
            start = time.process_time()
            model(x)
            times.append(time.process_time() - start)
    return round(1e3 * sorted(times[1:])[1], 1)  # the first one makes the wiring


def resident(key: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    raise KeyError(key)


def bandwidth() -> float:
    """Return GB a second that one thread copies, reads and writes counted."""
    a = np.zeros(1 << 26, np.uint8)
    b = np.ones_like(a)
    best = min(_timed(lambda: np.copyto(b, a)) for _ in range(5))
    return round(2 * a.nbytes / best / 1e9, 1)


def floor_ms(shape: dict[str, int], gb_per_second: float) -> float:
    """Return the milliseconds in which the bytes of a packed step cross the memory bus.

    A bit an activation is written once and read by each reader and by the way back; gradients are
    float32 below the last layer, written once and read by each reader; AdamW reads four and
    writes three floats a logit, and a logit's gradient is written and read.
    """
    nodes, fan_in = shape["width"] * shape["depth"], shape["fan_in"]
    samples = -(-shape["batch"] // 64) * 64
    logits = 16 if fan_in == 2 else 1 << fan_in
    bits = nodes * samples / 8 * (1 + 2 * fan_in)
    gradients = shape["width"] * (shape["depth"] - 1) * samples * 4 * (1 + fan_in)
    return round((bits + gradients + nodes * logits * 4 * 9) / gb_per_second / 1e6, 2)


def in_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what work returns in a new process, forked from one that has only imported torch."""
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        return pool.apply(work, arguments)


def row_of(shape: dict[str, Any], seconds: float, formulations: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = dict(shape)
    kept = shape["width"] * shape["depth"] * shape["batch"] * shape["fan_in"] << shape["fan_in"]
    for formulation in formulations:
        if formulation == "mixture" and kept > MAX_MIXTURE:
            continue
        row[formulation] = in_process(measure, formulation, shape, seconds)
        print(f"  {shape} {formulation}: {row[formulation]}", file=sys.stderr, flush=True)
    return row


def headline(b128: dict[str, Any], b512: dict[str, Any]) -> dict[str, float]:
    """Return the figures of --quick: the mixture over packed, and packed alone."""
    return {
        "cpu_ms_b128": b128["packed"]["cpu_ms"],
        "cpu_ratio_b128": _ratio(b128, "mixture", "cpu_ms"),
        "cpu_ratio_b512": _ratio(b512, "mixture", "cpu_ms"),
        "memory_ratio_b512": _ratio(b512, "mixture", "mb"),
        "cpu_ratio_layers_b128": _ratio(b128, "layers", "cpu_ms"),
        "cpu_ratio_layers_b512": _ratio(b512, "layers", "cpu_ms"),
        "memory_ratio_layers_b512": _ratio(b512, "layers", "mb"),
    }


def soft_headline(b128: dict[str, Any]) -> dict[str, float]:
    """Return the figures of a soft step, and the float layers' and the mixture's over them."""
    return {
        "soft_ms_b128": b128["kernels"]["cpu_ms"],
        "soft_ratio_layers_b128": _ratio(b128, "layers", "cpu_ms", "kernels"),
        "soft_ratio_mixture_b128": _ratio(b128, "mixture", "cpu_ms", "kernels"),
        "soft_memory_ratio_layers_b128": _ratio(b128, "layers", "mb", "kernels"),
    }


def _ratio(row: dict[str, Any], formulation: str, key: str, ours: str = "packed") -> float:
    return round(row[formulation][key] / row[ours][key], 1)


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the headline only")
    parser.add_argument("--json", nargs="?", const="-", default="docs/benchmarks/train_step.json",
                        help="a file, or nothing to print it")  # fmt: skip
    arguments = parser.parse_args()
    if arguments.quick:
        formulations = ("packed", "layers", "mixture")
        rows = [row_of(shape, QUICK_SECONDS, formulations) for shape in SWEEP[:2]]
        soft = row_of(SOFT_SWEEP[0], QUICK_SECONDS, SOFT_FORMULATIONS)
        result: dict[str, Any] = headline(*rows) | soft_headline(soft)
    else:
        speed = in_process(bandwidth)
        rows = [row_of(shape, SECONDS, FORMULATIONS) for shape in SWEEP]
        for row in rows:
            row["floor_ms"] = floor_ms(row, speed)
        soft_rows = [row_of(shape, SECONDS, SOFT_FORMULATIONS) for shape in SOFT_SWEEP]
        images = {name: in_process(measure_images, name) for name in ("kernels", "layers")}
        result = describe_machine() | headline(*rows[:2]) | soft_headline(soft_rows[0])
        result |= {"gb_per_second": speed, "rows": rows, "soft_rows": soft_rows}
        result |= {"images_mixture_ms": images}
    text = json.dumps(result, indent=None if arguments.quick else 2)
    if arguments.quick or arguments.json == "-":
        print(text)
    else:
        Path(arguments.json).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
