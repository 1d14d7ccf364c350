"""Measure the simulation of random classifiers in cocotb: CPU seconds to compile and to run.

python benchmarks/simulate.py [--nodes 1000 10000 100000] [--simulator icarus verilator]

Classifiers as in benchmarks/netlist.py, one register per level, all stream cases, no negative
control. The more nodes, the fewer samples Icarus is given. A run replaces the one of the same nodes
and simulator in the JSON file. Seconds are CPU time, of this process and its children.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from machine import cpu_seconds, record
from netlist import random_classifier

from lgn_hw import ToolNotFound
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.hdl.verilog import to_verilog
from lgn_sim.runner import SIMULATORS
from lgn_sim.simulate import simulate

VECTORS = 1000
ICARUS_WORK = 200_000  # nodes times vectors


def run(nodes: int, simulator: str) -> dict[str, Any]:
    """Simulate one classifier and return the figures of the benchmark's table."""
    classifier = random_classifier(nodes)
    verilog = to_verilog(classifier, CoreOptions(registers=1, scores=True))
    vectors = VECTORS if simulator == "verilator" else min(VECTORS, ICARUS_WORK // nodes)
    began = []  # compiling, running
    with tempfile.TemporaryDirectory() as folder:
        result = simulate(
            classifier,
            output_dir=Path(folder),
            verilog=verilog,
            simulator=simulator,
            vectors=vectors,
            negative_control=False,
            progress=lambda what: began.append(cpu_seconds()),
        )
    end = cpu_seconds()
    result.check()
    return {
        "nodes": nodes,
        "simulator": simulator,
        "vectors": result.vectors,
        "mismatches": result.mismatches,
        "build_s": round(began[1] - began[0], 1),
        "run_s": round(end - began[1], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--simulator", nargs="+", choices=SIMULATORS, default=SIMULATORS)
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/simulate.json"))
    arguments = parser.parse_args()
    for nodes in arguments.nodes:
        for simulator in arguments.simulator:
            try:
                figures = run(nodes, simulator)
            except ToolNotFound as problem:
                print(f"{simulator} left out: {problem}", flush=True)
                continue
            print(figures, flush=True)
            record(arguments.json, figures, ("nodes", "simulator"))


if __name__ == "__main__":
    main()
