"""Measure whole circuits in standard cells: gate equivalents by part, for each head.

python benchmarks/asic.py build/mnist-wired-450/mnist-wired-450.lgn ... --liberty cells.lib

Raw features to class without registers, made for LUT4, for LUT6 and for gates, and the pipelined
core for gates. Every one is mapped by `lgn synth --liberty`; the combinational ones are proven.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from machine import measure, write_rows

from lgn_hw import Classifier
from lgn_hw.export.combinational import (
    combinational_file,
    prove_combinational,
    with_mapped_parts,
)
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.synth.cells import area_in_cells
from lgn_hw.synth.targets import options_for

HEADS = {"4": 4, "6": 6, "gates": 2}


def combinational(classifier: Classifier, lut_size: int, liberty: Path) -> dict[str, Any]:
    """Map the circuit without registers, and prove what was mapped."""
    data = combinational_file(classifier, "verilog-comb", lut_size=lut_size)
    with tempfile.TemporaryDirectory() as folder:
        (area, modules), cost = measure(
            lambda: area_in_cells(data.decode(), liberty, folder=Path(folder))
        )
    proof = prove_combinational(classifier, with_mapped_parts(data, modules), "verilog-comb")
    return {**area.to_json(), "proof": proof.status, "cpu_seconds": cost["seconds"]}


def pipelined(classifier: Classifier, liberty: Path) -> dict[str, Any]:
    """Map the core with registers after every sixteenth level of gates."""
    text = to_verilog(classifier, options_for("gates"))
    with tempfile.TemporaryDirectory() as folder:
        area, _ = area_in_cells(text, liberty, folder=Path(folder))
    return area.to_json()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("classifiers", nargs="+", type=Path)
    parser.add_argument("--liberty", type=Path, required=True)
    parser.add_argument("--note", default="", help="Where the library is from.")
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/asic.json"))
    arguments = parser.parse_args()
    rows = []
    for path in arguments.classifiers:
        classifier = Classifier.load(path)
        row: dict[str, Any] = {
            "name": path.stem,
            "nodes": classifier.netlist.num_nodes,
            "accuracy": classifier.provenance.get("accuracy"),
            "votes": classifier.netlist.num_outputs,
        }
        for name, lut_size in HEADS.items():
            row[name] = combinational(classifier, lut_size, arguments.liberty)
            print(path.stem, name, row[name]["gate_equivalents"], row[name]["proof"], flush=True)
        row["pipelined"] = pipelined(classifier, arguments.liberty)
        print(path.stem, "pipelined", row["pipelined"]["gate_equivalents"], flush=True)
        rows.append(row)
        write_rows(arguments.json, rows, note=arguments.note)


if __name__ == "__main__":
    main()
