"""Compare classifiers' LUTs as trained and as optimised, by vendors' flows of yosys.

python benchmarks/area.py build/digits/digits.lgn [MORE.lgn ...] [--ice40 FILE.lgn] [--json FILE]

As trained is what `lgn verilog` gives without options: adders for carry chains. Optimised is
`lgn optimize --lut` and `lgn verilog --lut`, with the nodes of the whole circuit counted as they
were written too. Every core is flattened and mapped: for LUT6 by `synth_xilinx -abc9` (carry chains
allowed) and by `lgn synth`, for LUT4 by `synth_ice40`. Nothing is placed: the stage is `synth`.
Rows are written as they are done.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from machine import describe_machine

from lgn_hw import Classifier
from lgn_hw.blocks.circuit import Circuit
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.synth.estimate import estimate_area
from lgn_hw.synth.mapping import shrink_classifier
from lgn_hw.synth.yosys import run_yosys

FLOWS = {
    6: "synth_xilinx -abc9 -flatten -top classifier_core -noiopad -noclkbuf -nosrl",
    4: "synth_ice40 -top classifier_core",
}
# How the cells of each kind begin; yosys has its own as well as the vendors'.
KINDS = {"lut": ("LUT", "SB_LUT"), "carry": ("CARRY", "SB_CARRY"), "ff": ("FD", "SB_DFF")}


def cells(verilog: str, lut_size: int = 6) -> dict[str, int]:
    """Return how many LUTs, carry cells and flip-flops a core takes in a vendor's flow."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "core.v").write_text(verilog)
        script = f"read_verilog core.v\n{FLOWS[lut_size]}\ntee -q -o stat.json stat -json\n"
        run_yosys(script, folder=folder, log=folder / "yosys.log")
        found = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    return {
        name: sum(n for kind, n in found.items() if kind.startswith(prefixes))
        for name, prefixes in KINDS.items()
    }


def estimated(verilog: str) -> dict[str, int]:
    """Return the LUT6 of each part by `lgn synth`."""
    with tempfile.TemporaryDirectory() as folder:
        return dict(estimate_area(verilog, folder=Path(folder)).lut6)


def measure_classifier(path: Path, lut_size: int) -> dict[str, Any]:
    """Return the figures of one classifier for LUTs of a size."""
    trained = Classifier.load(path)
    smaller, steps, status = shrink_classifier(
        optimize_classifier(trained)[0], lut_size, of=trained
    )
    circuit = Circuit.of(smaller, lut_size=lut_size, scores=False)
    nodes = {part: netlist.num_nodes for part, netlist in circuit.parts.items()}
    text = to_verilog(smaller, lut_size=lut_size)
    row: dict[str, Any] = {
        "classifier": path.stem,
        "gates": trained.netlist.num_nodes,
        "lut_size": lut_size,
        "proof": status,
        "steps": [step.name for step in steps],
        "trained": cells(to_verilog(trained), lut_size),
        "nodes": nodes | {"total": sum(nodes.values())},
        "optimized": cells(text, lut_size),
    }
    if lut_size == 6:
        row["estimate"] = estimated(text)
    else:
        row["optimized_adders"] = cells(to_verilog(smaller), lut_size)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("classifiers", type=Path, nargs="+")
    parser.add_argument("--ice40", type=Path, nargs="*", default=[], help="these for LUT4 too")
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/area.json"))
    arguments = parser.parse_args()
    rows = []
    runs = [(path, 6) for path in arguments.classifiers] + [(path, 4) for path in arguments.ice40]
    for path, lut_size in runs:
        rows.append(measure_classifier(path, lut_size))
        print(rows[-1], flush=True)
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        result = describe_machine() | {"rows": rows}
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
