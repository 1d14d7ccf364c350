"""Measure accuracy against area of trained classifiers, with all that a circuit takes.

python benchmarks/pareto.py build/mnist-wired-450/mnist-wired-450.lgn ... [--minutes 15]
python benchmarks/pareto.py build/seed{0,1,2}/small.lgn --name small   # seeds of one design: a row
python benchmarks/pareto.py build/seed{0,1,2}/gates.lgn --name small-gates --liberty cells.lib

LUT6 and LUT4 are the whole core, encoder, gates, popcount and argmax, optimised for LUTs of that
size and mapped by yosys for no vendor (stage `estimate`); for a Xilinx part, with carry chains, by
`synth_xilinx -abc9` (stage `synth`). Each optimised classifier and its Verilog are proven equal to
the trained one. Fmax is nextpnr's on two parts (stage `pnr`), carry chains
included, where the core fits and is routed in time. With a Liberty library, gate equivalents are
those of the circuit without registers made for gates (stage `estimate`). A name that ends in -gates
is a design after `lgn shrink --lut gates`. Writes docs/benchmarks/pareto.json and
pareto.svg; several runs add to one file.
"""

import argparse
import json
import math
import multiprocessing
import os
import signal
import tempfile
from dataclasses import replace
from pathlib import Path
from queue import Empty
from statistics import fmean, stdev
from typing import Any

import matplotlib as mpl
from area import cells
from machine import describe_machine
from matplotlib.figure import Figure

from lgn_hw import Classifier
from lgn_hw.circuit.header import read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import CheckFailed, ToolError
from lgn_hw.export.combinational import combinational_file
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.prove.equivalence import prove_verilog
from lgn_hw.synth.cells import area_in_cells
from lgn_hw.synth.estimate import estimate_area
from lgn_hw.synth.mapping import shrink_classifier
from lgn_hw.synth.targets import TARGETS
from lgn_hw.timing.parts import find_part
from lgn_hw.timing.search import place_core

FOR_GATES = "-gates"  # how names of designs end that were made small for gates
FOLDER = Path(__file__).parent.parent / "docs" / "benchmarks"
PARTS = ("ecp5-25k", "hx8k-ct256")
LEVELS_PER_STAGE = 2
COUNTS = ("xilinx_luts", "carry4", "lut6", "lut4", "ff")
# Published for MNIST, LUT6 of the logic alone: accuracy in percent, LUTs.
PUBLISHED = {
    "DWN": [(97.1, 692), (97.9, 1413), (98.3, 4082)],
    "TreeLUT": [(97.0, 4478)],
    "NeuraLUT": [(96.0, 54798)],
}


def row_of(
    name: str, paths: list[Path], minutes: float, liberty: Path | None = None
) -> dict[str, Any]:
    """Return a design's figures, the means over the seeds that it was trained with.

    Accuracies are those of the test part, as training recorded them. What is not a number (digest,
    parts, placement) is that of the first seed; accuracy_sd is the standard deviation of the seeds
    as a sample, None where there is one. gate_equivalents: None without a Liberty library.
    """
    measured = [measure(path) for path in paths]
    shares = [row["accuracy"] for row in measured]
    means = {key: round(fmean(row[key] for row in measured)) for key in COUNTS}
    row = (
        {"name": name}
        | measured[0]
        | means
        | {
            "accuracy": round(fmean(shares), 6),
            "accuracy_sd": round(stdev(shares), 6) if len(shares) > 1 else None,
            "seeds": len(shares),
        }
    )
    if liberty is not None:
        row["gate_equivalents"] = round(fmean(in_cells(path, liberty) for path in paths))
    return row | {part: placed(paths[0], part, minutes) for part in PARTS if minutes}


def measure(path: Path) -> dict[str, Any]:
    """Return the figures of one classifier."""
    trained = Classifier.load(path)
    small = optimize_classifier(trained)[0]
    found = areas(trained, small)
    parts = {key: found.pop(key) for key in ("lut6", "lut4", "ff")}
    return {
        "digest": trained.digest,
        "accuracy": trained.provenance["accuracy"],
        "xilinx_luts": found["xilinx"]["lut"],
        "carry4": found["xilinx"]["carry"],
        **{key: counts["total"] for key, counts in parts.items()},
        "gate_equivalents": None,
        **found,
        "parts": parts,
        "nodes": trained.netlist.num_nodes,
        "fan_in": int(trained.netlist.arity.max()),
        "nodes_optimised": small.netlist.num_nodes,
    }


def areas(trained: Classifier, small: Classifier) -> dict[str, Any]:
    """Return LUTs and flip-flops by part, each circuit made for its own LUT; proves both."""
    found: dict[str, Any] = {}
    for target in ("6", "4", "xilinx"):
        options = replace(TARGETS[target], registers=LEVELS_PER_STAGE)
        shrunk, _, proof = shrink_classifier(small, options, of=trained)
        assert proof == "equal", "what is not proven is not used"
        text = to_verilog(shrunk, options)
        header = read_core_header(text)
        prove_verilog(shrunk, text, header).check()
        if options.carries:
            found["xilinx"] = cells(text) | {"latency_cycles": header.latency}
            continue
        with tempfile.TemporaryDirectory() as folder:
            area = estimate_area(text, folder=Path(folder))
        found[f"lut{options.lut_size}"] = dict(area.lut6 if target == "6" else area.lut4)
        if target == "6":
            found |= {"ff": dict(area.ff), "latency_cycles": header.latency}
    return found


def in_cells(path: Path, liberty: Path) -> float:
    """Return the gate equivalents of a classifier's circuit without registers."""
    gates = TARGETS["gates"].lut_size
    text = combinational_file(Classifier.load(path), "verilog-comb", lut_size=gates).decode()
    with tempfile.TemporaryDirectory() as folder:
        area, _ = area_in_cells(text, liberty, folder=Path(folder))
    return area.gate_equivalents["total"]


def placed(path: Path, part: str, minutes: float) -> dict[str, Any]:
    """Return cells, frequency and latency after place and route, or why there are none."""
    queue: multiprocessing.Queue[dict[str, Any]] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_place, args=(path, part, queue))
    process.start()
    try:
        return queue.get(timeout=60 * minutes)
    except Empty:
        os.killpg(process.pid or 0, signal.SIGKILL)  # nextpnr too
        return {"reason": f"not routed in {minutes:g} minutes"}
    finally:
        process.join()


def _place(path: Path, part: str, queue: "multiprocessing.Queue[dict[str, Any]]") -> None:
    os.setsid()
    small, chosen = optimize_classifier(Classifier.load(path))[0], find_part(part)
    with tempfile.TemporaryDirectory() as folder:
        try:
            core = place_core(small, chosen, CoreOptions(LEVELS_PER_STAGE), Path(folder))
        except (CheckFailed, ToolError) as problem:
            queue.put({"reason": "does not fit" if isinstance(problem, CheckFailed) else "failed"})
            return
    figures = core.to_json()
    names = ("fmax_mhz", "latency_cycles", "latency_ns", "tool")
    cells = core.report.utilization[chosen.cell].used
    queue.put({"cells": cells} | {name: figures[name] for name in names})


def designs(paths: list[Path], name: str | None) -> dict[str, list[Path]]:
    """Return the classifiers of each design: one each, or all of them seeds of a named one."""
    return {path.stem: [path] for path in paths} if name is None else {name: paths}


def draw(rows: list[dict[str, Any]]) -> Figure:
    """Plot test accuracy against LUT6; published figures count the logic alone."""
    with mpl.rc_context({"font.size": 9, "svg.hashsalt": "lgn-hw", "svg.fonttype": "path"}):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for (name, points), marker in zip(PUBLISHED.items(), "s^v", strict=True):
            axes.plot(
                *zip(*[(luts, share) for share, luts in points], strict=True),
                marker,
                color="#999999",
                label=f"{name}, logic alone",
            )
        shares = [100 * row["accuracy"] for row in rows]
        luts = [row["lut6"] for row in rows]
        axes.plot(luts, shares, "o-", color="#0072B2", label="here, everything included")
        nexts = zip([*luts[1:], math.inf], [*shares[1:], math.inf], strict=True)
        for row, x, y, (luts_after, following) in zip(rows, luts, shares, nexts, strict=True):
            # Where the line falls or lies flat, the next name is right of the point, so left of it.
            falls = following < y or (luts_after < 1.5 * x and following < y + 0.2)
            axes.annotate(
                f"{row['nodes']:,} nodes",
                (x, y),
                (0, 7) if falls else (6, -11),
                textcoords="offset points",
                ha="right" if falls else "left",
                fontsize=8,
            )
        axes.plot(
            *zip(
                *[(r["xilinx_luts"], 100 * r["accuracy"]) for r in rows if r["xilinx_luts"]],
                strict=True,
            ),
            "D-",
            color="#D55E00",
            markersize=4,
            label="with carry chains",
        )
        axes.set_xscale("log")
        axes.margins(y=0.08)
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
    parser.add_argument("--name", help="of the one design whose seeds all of them are")
    parser.add_argument("--minutes", type=float, default=15, help="for each placement; 0: none")
    parser.add_argument("--liberty", type=Path, help="for gate equivalents")
    parser.add_argument("--json", type=Path, default=FOLDER / "pareto.json")
    arguments = parser.parse_args()
    known = (
        json.loads(arguments.json.read_text(encoding="utf-8"))["rows"]
        if arguments.json.exists()
        else []
    )
    rows = {row["name"]: row for row in known}
    for name, paths in designs(arguments.classifiers, arguments.name).items():
        before = rows.get(name, {}).get("gate_equivalents")
        rows[name] = row_of(name, paths, arguments.minutes, arguments.liberty)
        rows[name]["gate_equivalents"] = rows[name]["gate_equivalents"] or before
        print(json.dumps(rows[name]), flush=True)
    ordered = sorted(rows.values(), key=lambda row: row["lut6"])
    result = describe_machine() | {"published": PUBLISHED, "rows": ordered}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    with mpl.rc_context({"svg.hashsalt": "lgn-hw", "svg.fonttype": "path"}):
        draw([row for row in ordered if not row["name"].endswith(FOR_GATES)]).savefig(
            arguments.json.with_suffix(".svg"), metadata={"Date": None, "Creator": None}
        )


if __name__ == "__main__":
    main()
