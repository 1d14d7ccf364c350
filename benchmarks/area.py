"""Compare classifiers' LUTs as trained and as optimised, by vendors' flows of yosys.

python benchmarks/area.py build/digits/digits.lgn [MORE.lgn ...] [--ice40 FILE.lgn] [--json FILE]

As trained is what `lgn verilog` gives without options: plain adders. Optimised is `lgn optimize
--lut` and `lgn verilog --lut`, for LUT6 with and without carry chains (`--lut 6`, `--lut xilinx`);
the LUTs of the whole circuit are counted as they were written, too. Every core is mapped by
`synth_xilinx -abc9` or, for LUT4, by `synth_ice40`, with and without -flatten, and the smaller
result counts, of the trained core, too. Nothing is placed: the stage is `synth`. Rows are written
as they are done.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from machine import write_rows

from lgn_hw import Classifier
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.synth.estimate import estimate_area
from lgn_hw.synth.mapping import shrink_classifier
from lgn_hw.synth.targets import TARGETS
from lgn_hw.tools.yosys import run_yosys

FLOWS = {
    6: "synth_xilinx -abc9 -top classifier_core -noiopad -noclkbuf -nosrl",
    4: "synth_ice40 -top classifier_core",
}
FLATTEN = {6: ("", " -flatten"), 4: ("", " -noflatten")}
# How the cells of each kind begin; yosys has its own as well as the vendors'.
KINDS = {"lut": ("LUT", "SB_LUT"), "carry": ("CARRY", "SB_CARRY"), "ff": ("FD", "SB_DFF")}


def cells(verilog: str, lut_size: int = 6) -> dict[str, int]:
    """Return how many LUTs, carry cells and flip-flops a core takes in a vendor's flow."""
    found = [mapped(verilog, FLOWS[lut_size] + option) for option in FLATTEN[lut_size]]
    return min(found, key=lambda figures: figures["lut"])


def mapped(verilog: str, flow: str) -> dict[str, int]:
    """Return the cells of a flow of yosys."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "core.v").write_text(verilog, encoding="utf-8")
        script = f"read_verilog core.v\n{flow}\ntee -q -o stat.json stat -json\n"
        run_yosys(script, folder=folder, log=folder / "yosys.log")
        found = json.loads((folder / "stat.json").read_text(encoding="utf-8"))["design"][
            "num_cells_by_type"
        ]
    return {
        name: sum(n for kind, n in found.items() if kind.startswith(prefixes))
        for name, prefixes in KINDS.items()
    }


def estimated(verilog: str) -> dict[str, int]:
    """Return the LUT6 of each part by `lgn synth`."""
    with tempfile.TemporaryDirectory() as folder:
        return dict(estimate_area(verilog, folder=Path(folder)).lut6)


def measure_classifier(path: Path, targets: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the figures of one classifier for LUTs of each target."""
    trained = Classifier.load(path)
    simple = optimize_classifier(trained)[0]
    whole: dict[int, dict[str, int]] = {}
    for target in targets:
        options, size = TARGETS[target], TARGETS[target].lut_size
        if size not in whole:
            whole[size] = cells(to_verilog(trained), size)
        smaller, steps, status = shrink_classifier(simple, options, of=trained)
        circuit = Circuit.of(smaller, options)
        text = to_verilog(smaller, options)
        row: dict[str, Any] = {
            "classifier": path.stem,
            "gates": trained.netlist.num_nodes,
            "target": target,
            "proof": status,
            "steps": [step.name for step in steps],
            "trained": whole[size],
            "nodes": circuit.luts | {"total": sum(circuit.luts.values())},
            "optimized": cells(text, size),
        }
        if target == "6":
            row["estimate"] = estimated(text)
        if size == 4:
            row["optimized_adders"] = cells(to_verilog(smaller), size)
        yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("classifiers", type=Path, nargs="+")
    parser.add_argument("--ice40", type=Path, nargs="*", default=[], help="these for LUT4 too")
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/area.json"))
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    runs: list[tuple[Path, tuple[str, ...]]] = [
        (path, ("6", "xilinx")) for path in arguments.classifiers
    ]
    runs += [(path, ("ice40",)) for path in arguments.ice40]
    for row in (row for run in runs for row in measure_classifier(*run)):
        rows.append(row)
        print(row, flush=True)
        write_rows(arguments.json, rows)


if __name__ == "__main__":
    main()
