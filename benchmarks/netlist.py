"""Measure a random classifier of two-input nodes: save, load, evaluate, emit Verilog.

python benchmarks/netlist.py [--nodes 100000] [--samples 10000] [--json FILE]

The layers are `nodes / 5` wide, with 3136 encoder bits below and ten classes above. Each step
runs in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine, measure

from lgn_hw import Classifier, Netlist, Thermometer, evaluate
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.features import Features

INPUTS, LAYERS, CLASSES = 3136, 5, 10


def random_classifier(nodes: int, seed: int = 0) -> Classifier:
    """Return a layered classifier in which every node reads two nets of the layer below."""
    rng = np.random.default_rng(seed)
    width = nodes // LAYERS
    fanin = np.zeros((LAYERS * width, 6), np.int32)
    low, high = 2, 2 + INPUTS
    for layer in range(LAYERS):
        rows = slice(layer * width, (layer + 1) * width)
        fanin[rows, :2] = rng.integers(low, high, (width, 2))
        low, high = high, high + width
    table = rng.integers(0, 16, LAYERS * width, np.uint64)
    netlist = Netlist(INPUTS, fanin, table, np.arange(low, high))
    features = Features.integers([0] * (INPUTS // 4), [255] * (INPUTS // 4))
    encoder = Thermometer(
        features, np.arange(INPUTS) // 4, np.tile([51, 102, 153, 204], INPUTS // 4)
    )
    names = [str(c) for c in range(CLASSES)]
    return Classifier(encoder, netlist, np.arange(width) * CLASSES // width, 1.0, names)


def step_load(path: Path, samples: int) -> dict[str, float]:
    return measure(lambda: Classifier.load(path))[1]


def step_evaluate(path: Path, samples: int) -> dict[str, float]:
    netlist = Classifier.load(path).netlist
    bits = np.random.default_rng(1).random((samples, netlist.num_inputs)) < 0.5
    return measure(lambda: evaluate(netlist, bits))[1]


def step_verilog_logic(path: Path, samples: int) -> dict[str, float]:
    from lgn_hw.hdl.verilog import logic_to_verilog

    netlist = Classifier.load(path).netlist
    text, figures = measure(lambda: logic_to_verilog(netlist, registers=1))
    return figures | {"text_mb": round(len(text) / 1e6, 1)}


def step_verilog_core(path: Path, samples: int) -> dict[str, float]:
    from lgn_hw.hdl.verilog import to_verilog

    classifier = Classifier.load(path)
    text, figures = measure(lambda: to_verilog(classifier, CoreOptions(registers=1)))
    return figures | {"text_mb": round(len(text) / 1e6, 1)}


STEPS: dict[str, tuple[str, Callable[[Path, int], dict[str, float]]]] = {
    "load": ("load the `.lgn` file", step_load),
    "evaluate": ("evaluate {samples:,} samples", step_evaluate),
    "verilog_logic": ("Verilog of the gates alone", step_verilog_logic),
    "verilog_core": ("Verilog of the whole core", step_verilog_core),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/netlist.json"))
    arguments = parser.parse_args()
    result: dict[str, Any] = describe_machine() | {
        "nodes": arguments.nodes,
        "samples": arguments.samples,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.lgn"
        random_classifier(arguments.nodes).save(path)
        result["file_mb"] = round(path.stat().st_size / 1e6, 1)
        for name, (title, step) in STEPS.items():
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                result[name] = pool.apply(step, (path, arguments.samples))
            shown = ", ".join(f"{key} {value}" for key, value in result[name].items())
            print(f"{title.format(samples=arguments.samples)}: {shown}", flush=True)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
