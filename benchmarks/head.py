"""Measure popcount and argmax against the naive form: a sum() and a chain of comparisons.

python benchmarks/head.py [build/digits/digits.lgn ...] [--votes 150] [--classes 10] [--json FILE]

First for votes that nothing is known of, then for trained classifiers: the naive form counts every
vote, ours what `lgn optimize --lut` leaves to be counted. All are combinational between two
registers and mapped by the same yosys script; the nodes of our netlists are counted as they were
written too.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine

from lgn_hw import Classifier, Netlist
from lgn_hw.blocks.argmax import argmax_netlist, class_width
from lgn_hw.blocks.circuit import Circuit
from lgn_hw.blocks.popcount import popcount_netlist, score_width
from lgn_hw.blocks.votes import Votes
from lgn_hw.hdl.verilog import logic_to_verilog
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.synth.estimate import estimate_area
from lgn_hw.synth.mapping import shrink_classifier


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


def blocks_of_votes(classes: int, votes: int, lut_size: int) -> dict[str, Netlist]:
    """Return popcount and argmax for votes that nothing is known of."""
    weight = np.repeat(np.eye(classes, dtype=np.int32), votes, axis=0)
    nets = np.arange(2, 2 + len(weight), dtype=np.int32)
    counted = Votes(nets, weight, np.zeros(classes, np.int64))
    return {
        "popcount": popcount_netlist(counted, lut_size),
        "argmax": argmax_netlist([votes] * classes, score_width([votes]), lut_size, scores=False),
    }


def blocks_of_classifier(trained: Classifier, lut_size: int) -> dict[str, Netlist]:
    """Return popcount and argmax of a classifier after `lgn optimize --lut`."""
    simple = optimize_classifier(trained)[0]
    smaller, _, status = shrink_classifier(simple, lut_size, of=trained)
    assert status == "equal", "what is not proven is not used"
    parts = Circuit.of(smaller, lut_size=lut_size, scores=False).parts
    return {name: parts[name] for name in ("popcount", "argmax")}


def measured(blocks: dict[str, Netlist]) -> dict[str, dict[str, int]]:
    """Return the blocks' LUTs as yosys maps them, and their nodes."""
    texts = {
        name: logic_to_verilog(netlist, levels_per_stage=0, name=name)
        for name, netlist in blocks.items()
    }
    return luts(texts) | {"nodes": {name: netlist.num_nodes for name, netlist in blocks.items()}}


def luts(blocks: dict[str, str]) -> dict[str, dict[str, int]]:
    """Map each block and return its LUT4 and its LUT6."""
    found: dict[str, dict[str, int]] = {"lut4": {}, "lut6": {}}
    for name, text in blocks.items():
        with tempfile.TemporaryDirectory() as folder:
            area = estimate_area(text, folder=Path(folder))
        found["lut4"][name], found["lut6"][name] = area.lut4["total"], area.lut6["total"]
    return found


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
        sizes = arguments.classes, arguments.votes
        if trained:
            sizes = trained.num_classes, max(trained.group_sizes)
        if sizes not in naive:
            naive[sizes] = luts(naive_verilog(*sizes))
        row: dict[str, Any] = {
            "name": path.stem if path else "votes",
            "classes": sizes[0],
            "votes": sizes[1],
            "naive": naive[sizes],
        }
        for size in (4, 6):
            blocks = (
                blocks_of_classifier(trained, size) if trained else blocks_of_votes(*sizes, size)
            )
            row[f"for_lut{size}"] = measured(blocks)
        rows.append(row)
        print(row, flush=True)
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        result = describe_machine() | {"rows": rows}
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
