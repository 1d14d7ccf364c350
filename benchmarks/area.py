"""Compare a classifier's LUT6 as it was trained and optimised, by yosys' Xilinx flow with ABC9.

python benchmarks/area.py build/digits/digits.lgn [--json FILE]

Every variant is flattened, mapped by `synth_xilinx -abc9` and counted in LUTs of all sizes and in
carry cells. Nothing is placed: the stage is `synth`.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from machine import describe_machine

from lgn_hw import Classifier
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.synth.mapping import map_classifier
from lgn_hw.synth.yosys import run_yosys

SCRIPT = """read_verilog core.v
synth_xilinx -abc9 -flatten -top classifier_core -noiopad -noclkbuf -nosrl
tee -q -o stat.json stat -json
"""


def cells(verilog: str) -> dict[str, int]:
    """Return how many LUTs, carry cells and flip-flops a core takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "core.v").write_text(verilog)
        run_yosys(SCRIPT, folder=folder, log=folder / "yosys.log")
        found = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    kinds = {"lut": "LUT", "carry": "CARRY", "mux": "MUXF", "ff": "FD"}
    return {
        name: sum(n for kind, n in found.items() if kind.startswith(prefix))
        for name, prefix in kinds.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("classifier", type=Path)
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/area.json"))
    arguments = parser.parse_args()
    trained = Classifier.load(arguments.classifier)
    mapped, step, _ = map_classifier(optimize_classifier(trained)[0], 6)
    variants = {
        "as trained, adders": to_verilog(trained),
        "as trained, counters": to_verilog(trained, lut_size=6),
        f"optimised, {step.name}, counters": to_verilog(mapped, lut_size=6),
    }
    result: dict[str, Any] = describe_machine() | {"classifier": arguments.classifier.stem}
    result["variants"] = {}
    for name, text in variants.items():
        result["variants"][name] = cells(text)
        print(name, result["variants"][name], flush=True)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
