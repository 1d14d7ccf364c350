"""Measure popcount and argmax against the naive form: a sum() and a chain of comparisons.

python benchmarks/head.py [--votes 150] [--classes 10] [--json FILE]

Both are combinational between two registers and mapped by the same yosys script.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine

from lgn_hw.blocks.argmax import argmax_netlist, class_width
from lgn_hw.blocks.popcount import popcount_netlist, score_width
from lgn_hw.blocks.votes import Votes
from lgn_hw.hdl.verilog import logic_to_verilog
from lgn_hw.synth.estimate import estimate_area


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


def compressed_verilog(classes: int, votes: int, lut_size: int) -> dict[str, str]:
    """Return the blocks of lgn_hw, for LUTs of a size."""
    weight = np.repeat(np.eye(classes, dtype=np.int32), votes, axis=0)
    nets = np.arange(2, 2 + len(weight), dtype=np.int32)
    counted = Votes(nets, weight, np.zeros(classes, np.int64))
    width = score_width([votes])
    blocks = {
        "popcount": popcount_netlist(counted, lut_size),
        "argmax": argmax_netlist([votes] * classes, width, lut_size, scores=False),
    }
    return {
        name: logic_to_verilog(netlist, levels_per_stage=0, name=name)
        for name, netlist in blocks.items()
    }


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
    parser.add_argument("--votes", type=int, default=150)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/head.json"))
    arguments = parser.parse_args()
    sizes = arguments.classes, arguments.votes
    forms = {"naive": luts(naive_verilog(*sizes))}
    for lut_size in (4, 6):
        forms[f"for LUT{lut_size}"] = luts(compressed_verilog(*sizes, lut_size))
    for name, figures in forms.items():
        print(name, figures, flush=True)
    result: dict[str, Any] = describe_machine() | vars(arguments) | {"forms": forms}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2, default=str) + "\n")


if __name__ == "__main__":
    main()
