"""Measure the simulation of trained classifiers in cocotb, on each simulator that is installed.

python benchmarks/simulate.py build/digits/digits.lgn [MORE.lgn ...] [--vectors 1000]
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from machine import describe_machine, measure

from lgn_hw import Classifier, ToolNotFound
from lgn_sim.simulate import simulate


def run(path: Path, simulator: str, vectors: int) -> dict[str, Any]:
    """Simulate one classifier and return the figures of the benchmark's table."""
    classifier = Classifier.load(path)
    with tempfile.TemporaryDirectory() as folder:
        result, figures = measure(
            lambda: simulate(
                classifier,
                output_dir=Path(folder),
                simulator=simulator,
                vectors=vectors,
                negative_control=False,
            )
        )
    return {
        "classifier": path.stem,
        "nodes": classifier.netlist.num_nodes,
        "simulator": simulator,
        "vectors": result.vectors,
        "mismatches": result.mismatches,
        "seconds": figures["seconds"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("classifiers", type=Path, nargs="+")
    parser.add_argument("--vectors", type=int, default=1000)
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/simulate.json"))
    arguments = parser.parse_args()
    runs = []
    for path in arguments.classifiers:
        for simulator in ("icarus", "verilator"):
            try:
                runs.append(run(path, simulator, arguments.vectors))
            except ToolNotFound as problem:
                print(f"{simulator} left out: {problem}", flush=True)
                continue
            print(runs[-1], flush=True)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(describe_machine() | {"runs": runs}, indent=2) + "\n")


if __name__ == "__main__":
    main()
