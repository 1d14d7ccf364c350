"""Measure popcount and argmax against the naive form: a sum() and a chain of comparisons.

python benchmarks/head.py [build/digits/digits.lgn ...] [--votes 150] [--classes 10] [--json FILE]

First for votes that nothing is known of, then for trained classifiers: the naive form counts every
vote, ours what `lgn optimize --lut` leaves to be counted. All are combinational between two
registers. Naive and ours are mapped by the same yosys script, for no vendor and, with carry chains,
by `synth_xilinx -abc9`; our LUTs are counted as they were written, too.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from area import mapped as cells
from machine import write_rows

from lgn_hw import Classifier, Netlist
from lgn_hw.circuit.argmax import argmax_netlist, class_width
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads import HEADS
from lgn_hw.circuit.heads.head import score_width
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.circuit.votes import Votes
from lgn_hw.hdl.block import Block
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.popcount import popcount_block
from lgn_hw.hdl.verilog_backend import block_module
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.synth.estimate import estimate_area
from lgn_hw.synth.mapping import shrink_classifier
from lgn_hw.synth.targets import TARGETS

MADE_FOR = ("4", "6", "xilinx")


def naive_verilog(classes: int, votes: int) -> dict[str, str]:
    """Return what one writes by hand: for each class a sum, then one comparison after another."""
    width, index = score_width([votes]), class_width(classes)
    scores = [f"s[{c * width} +: {width}]" for c in range(classes)]
    sums = [
        f"  o[{c * width} +: {width}] <= "
        + " + ".join(f"v[{c * votes + i}]" for i in range(votes))
        + ";"
        for c in range(classes)
    ]
    chain = [
        f"    if ({scores[c]} > best) begin best = {scores[c]}; class = {c}; end"
        for c in range(1, classes)
    ]
    return {
        "popcount": "\n".join(
            [
                f"module popcount(input clk, input [{classes * votes - 1}:0] v,"
                f" output reg [{classes * width - 1}:0] o);",
                "always @(posedge clk) begin",
                *sums,
                "end",
                "endmodule",
            ]
        ),
        "argmax": "\n".join(
            [
                f"module argmax(input clk, input [{classes * width - 1}:0] s,"
                f" output reg [{index - 1}:0] o);",
                f"reg [{width - 1}:0] best; reg [{index - 1}:0] class;",
                "always @(posedge clk) begin",
                f"    best = {scores[0]}; class = 0;",
                *chain,
                "    o <= class;",
                "end",
                "endmodule",
            ]
        ),
    }


def of_votes(
    classes: int, votes: int, options: CoreOptions
) -> tuple[dict[str, Block], dict[str, int]]:
    """Return popcount and argmax for votes that nothing is known of, and their LUTs."""
    weight = np.repeat(np.eye(classes, dtype=np.int32), votes, axis=0)
    nets = np.arange(2, 2 + len(weight), dtype=np.int32)
    counted = Votes(nets, weight, np.zeros(classes, np.int64))
    width = score_width([votes])
    argmax = argmax_netlist([votes] * classes, width, options.lut_size, scores=False)
    head = HEADS[options.head](counted, options.lut_size)
    found = head.popcount().num_nodes if head.luts is None else head.luts
    return blocks(popcount_block(head, 0), argmax), sizes(found, argmax)


def of_classifier(
    trained: Classifier, options: CoreOptions
) -> tuple[dict[str, Block], dict[str, int]]:
    """Return popcount and argmax of a classifier after `lgn optimize --lut`, and their LUTs."""
    simple = optimize_classifier(trained)[0]
    smaller, _, status = shrink_classifier(simple, options, of=trained)
    assert status == "equal", "what is not proven is not used"
    circuit = Circuit.of(smaller, options)
    argmax = circuit.parts["argmax"]
    return blocks(popcount_block(circuit.head, 0), argmax), sizes(circuit.luts["popcount"], argmax)


def blocks(popcount: Block, argmax: Netlist) -> dict[str, Block]:
    return {"popcount": popcount, "argmax": Logic(argmax, 0)}


def sizes(popcount: int, argmax: Netlist) -> dict[str, int]:
    return {"popcount": popcount, "argmax": argmax.num_nodes}


def mapped(texts: dict[str, str], target: str) -> dict[str, int]:
    """Map each block for a target and return its LUTs."""
    return {name: mapped_block(name, text, target) for name, text in texts.items()}


def mapped_block(name: str, text: str, target: str) -> int:
    if TARGETS[target].carries:
        return cells(text, f"synth_xilinx -abc9 -top {name} -noiopad -noclkbuf -nosrl")["lut"]
    with tempfile.TemporaryDirectory() as folder:
        area = estimate_area(text, folder=Path(folder))
    return (area.lut4 if target == "4" else area.lut6)["total"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("classifiers", type=Path, nargs="*")
    parser.add_argument("--votes", type=int, default=150)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/head.json"))
    arguments = parser.parse_args()
    naive: dict[tuple[int, int], dict[str, dict[str, int]]] = {}
    rows: list[dict[str, Any]] = []
    for path in (None, *arguments.classifiers):
        trained = Classifier.load(path) if path else None
        size = arguments.classes, arguments.votes
        if trained:
            size = trained.num_classes, max(trained.group_sizes)
        if size not in naive:
            texts = naive_verilog(*size)
            naive[size] = {target: mapped(texts, target) for target in MADE_FOR}
        row: dict[str, Any] = {
            "name": path.stem if path else "votes",
            "classes": size[0],
            "votes": size[1],
            "naive": naive[size],
        }
        for target in MADE_FOR:
            luts = TARGETS[target]
            made, nodes = of_classifier(trained, luts) if trained else of_votes(*size, luts)
            texts = {name: block_module(block, name) for name, block in made.items()}
            row[f"for_{target}"] = {"mapped": mapped(texts, target), "nodes": nodes}
        rows.append(row)
        print(row, flush=True)
        write_rows(arguments.json, rows)


if __name__ == "__main__":
    main()
