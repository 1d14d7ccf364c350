"""Measure accuracy against area of trained classifiers, with all that a circuit takes.

python benchmarks/pareto.py build/mnist-wired-450/mnist-wired-450.lgn ... [--no-place]

Each classifier is optimised and proven equal. LUT6 and LUT4 are the whole core, encoder, gates,
popcount and argmax, mapped by yosys for no vendor (stage `estimate`); the core for LUT6 is proven
too. Fmax is nextpnr's on two parts (stage `pnr`), carry chains included, where the core fits.
Writes docs/benchmarks/pareto.json and pareto.svg; several runs add to one file.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl
from machine import describe_machine
from matplotlib.figure import Figure

from lgn_hw import Classifier
from lgn_hw.errors import CheckFailed
from lgn_hw.hdl.header import read_core_header
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.synth.equivalence import prove_classifiers, prove_verilog
from lgn_hw.synth.estimate import estimate_area
from lgn_hw.timing.parts import find_part
from lgn_hw.timing.search import place_core

FOLDER = Path(__file__).parent.parent / "docs" / "benchmarks"
PARTS = ("ecp5-25k", "hx8k-ct256")
LEVELS_PER_STAGE = 2
# Published for MNIST, LUT6 of the logic alone: accuracy in percent, LUTs.
PUBLISHED = {
    "DWN": [(97.1, 692), (97.9, 1413), (98.3, 4082)],
    "TreeLUT": [(97.0, 4478)],
    "NeuraLUT": [(96.0, 54798)],
}


def measure(path: Path, place: bool) -> dict[str, Any]:
    """Return a design's figures; accuracy is that of the test part, as training recorded it."""
    trained = Classifier.load(path)
    small = optimize_classifier(trained)[0]
    prove_classifiers(trained, small).check()
    row = {
        "design": path.stem,
        "digest": trained.digest,
        "accuracy": trained.provenance["accuracy"],
        "nodes": trained.netlist.num_nodes,
        "fan_in": int(trained.netlist.arity.max()),
        "nodes_optimised": small.netlist.num_nodes,
    }
    row |= areas(small)
    return row | {part: placed(small, part) for part in PARTS if place}


def areas(classifier: Classifier) -> dict[str, Any]:
    """Return LUTs and flip-flops by part, each head for its own LUT; proves the one for LUT6."""
    found: dict[str, Any] = {}
    for size in (6, 4):
        text = to_verilog(classifier, levels_per_stage=LEVELS_PER_STAGE, lut_size=size)
        header = read_core_header(text)
        if size == 6:
            prove_verilog(classifier, text, header).check()
            found["latency_cycles"] = header.latency
        with tempfile.TemporaryDirectory() as folder:
            area = estimate_area(text, folder=Path(folder))
        found[f"lut{size}"] = dict(area.lut6 if size == 6 else area.lut4)
        found.setdefault("ff", dict(area.ff))
    return found


def placed(classifier: Classifier, part: str) -> dict[str, Any]:
    """Return cells, frequency and latency after place and route, or why it does not fit."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            core = place_core(classifier, find_part(part), LEVELS_PER_STAGE, Path(folder))
        except CheckFailed as problem:
            return {"fits": False, "reason": str(problem)}
    figures = core.to_json()
    names = ("fmax_mhz", "latency_cycles", "latency_ns", "tool")
    cells = core.report.utilization[find_part(part).cell].used
    return {"fits": True, "cells": cells} | {name: figures[name] for name in names}


def draw(rows: list[dict[str, Any]]) -> Figure:
    """Plot test accuracy against LUT6; published figures count the logic alone."""
    with mpl.rc_context({"font.size": 9, "svg.hashsalt": "lgn-hw", "svg.fonttype": "path"}):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for (name, points), marker in zip(PUBLISHED.items(), "s^v", strict=True):
            accuracy, luts = zip(*points, strict=True)
            axes.plot(luts, accuracy, marker, color="#999999", label=f"{name}, logic alone")
        luts = [row["lut6"]["total"] for row in rows]
        shares = [100 * row["accuracy"] for row in rows]
        axes.plot(luts, shares, "o-", color="#0072B2", label="here, everything included")
        for row, x, y in zip(rows, luts, shares, strict=True):
            axes.annotate(
                f"{row['nodes']:,} nodes", (x, y), (6, -11), textcoords="offset points", fontsize=8
            )
        axes.set_xscale("log")
        axes.set_xlabel("LUT6")
        axes.set_ylabel("MNIST test accuracy, %")
        axes.grid(color="#E6E6E6")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="lower right")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("classifiers", type=Path, nargs="+")
    parser.add_argument("--no-place", action="store_true", help="leave place and route out")
    parser.add_argument("--json", type=Path, default=FOLDER / "pareto.json")
    arguments = parser.parse_args()
    before = json.loads(arguments.json.read_text())["rows"] if arguments.json.exists() else []
    rows = {row["design"]: row for row in before}
    for path in arguments.classifiers:
        rows[path.stem] = measure(path, not arguments.no_place)
        print(json.dumps(rows[path.stem]), flush=True)
    ordered = sorted(rows.values(), key=lambda row: row["lut6"]["total"])
    result = describe_machine() | {"published": PUBLISHED, "rows": ordered}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    with mpl.rc_context({"svg.hashsalt": "lgn-hw", "svg.fonttype": "path"}):
        draw(ordered).savefig(
            arguments.json.with_suffix(".svg"), metadata={"Date": None, "Creator": None}
        )


if __name__ == "__main__":
    main()
