"""Measure training steps of convolutional networks: kernels at all positions, or node by node.

    python benchmarks/train_conv.py [RECIPE ...] [--json FILE]

Random images of the recipe's size, one thread; CPU time of the median step, and samples per CPU
second. "nodes" is the form that CUDA and soft layers run: a node for each position of a kernel.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import describe_machine
from torch import Tensor
from torch.nn import functional as F

from lgn_hw.features import Features
from lgn_train import LogicConv2d, Recipe, fit_thermometer
from lgn_train.model import build_model

RECIPES = ["cifar10-conv-s", "mnist-conv"]
SHAPES = {"mnist": (1, 28, 28), "cifar10": (3, 32, 32)}
FORMS = ("nodes", "positions")
STEPS = 7


def node_by_node(layer: LogicConv2d, x: Tensor) -> Tensor:
    """Run a convolution as stages of nodes, each position with nodes of its own."""
    size = layer.output_size(x.shape[2], x.shape[3])
    values = layer.evaluate(x.flatten(1), layer._wirings_for(x), size[0] * size[1])
    return values.view(len(x), layer.out_channels, *size)


def measure(recipe: Recipe, form: str) -> float:
    """Return the CPU milliseconds of a step."""
    shape = SHAPES[recipe.data.source]
    pixels = int(np.prod(shape))
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (recipe.train.batch_size, pixels)).astype(np.uint8)
    features = Features.integers([0] * pixels, [255] * pixels)
    encoder = fit_thermometer(features, codes, recipe.encoder.levels)
    model = build_model(recipe, encoder, 10, shape).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
    x, y = torch.from_numpy(codes), torch.from_numpy(rng.integers(0, 10, len(codes)))
    own = LogicConv2d.forward
    if form == "nodes":
        LogicConv2d.forward = node_by_node  # type: ignore[method-assign]
    times = []
    try:
        for _ in range(STEPS + 2):
            start = time.process_time()
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            times.append(time.process_time() - start)
    finally:
        LogicConv2d.forward = own  # type: ignore[method-assign]
    return 1e3 * sorted(times[2:])[STEPS // 2]


def row_of(path: Path) -> dict[str, Any]:
    recipe = Recipe.load(path)
    row: dict[str, Any] = {"recipe": path.stem, "batch": recipe.train.batch_size}
    for form in FORMS:
        cpu_ms = measure(recipe, form)
        per_second = round(1e3 * recipe.train.batch_size / cpu_ms)
        row[form] = {"cpu_ms": round(cpu_ms, 2), "samples_per_cpu_second": per_second}
    row["ratio"] = round(row["nodes"]["cpu_ms"] / row["positions"]["cpu_ms"], 1)
    print(f"  {row}", file=sys.stderr, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", default=RECIPES)
    parser.add_argument("--json", default="docs/benchmarks/train_conv.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row_of(Path("train/recipes") / f"{name}.toml") for name in arguments.recipes]
    result = describe_machine() | {"rows": rows}
    Path(arguments.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
