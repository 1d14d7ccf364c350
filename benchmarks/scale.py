"""Measure how emission, passes, evaluation and proof grow with the size of a netlist.

python benchmarks/scale.py --nodes 100000 [--samples 10000] [--prove] [--json] [--record]

Random layered netlists of two-input nodes, as in benchmarks/netlist.py. Seconds are CPU time, of
this process and its children; each step runs in a process of its own, so that its peak memory is
its own.
"""

import argparse
import json
import multiprocessing
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine, measure, record
from netlist import random_classifier

from lgn_hw import Classifier, evaluate
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.passes.optimize import optimize, optimize_classifier


def measured(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Run something once; return its result, CPU seconds and the peak memory in MB."""
    result, figures = measure(work)
    return result, {"s": round(figures["seconds"], 2), "mb": figures["peak_mb"]}


def step_verilog(path: Path, samples: int) -> dict[str, Any]:
    from lgn_hw.hdl.verilog import to_verilog

    classifier = Classifier.load(path)
    text, figures = measured(lambda: to_verilog(classifier, CoreOptions(registers=1)))
    return figures | {"text_mb": round(len(text) / 1e6, 1)}


def step_verilog_lut6(path: Path, samples: int, head: str = "counters") -> dict[str, Any]:
    from lgn_hw.hdl.verilog import to_verilog

    classifier = Classifier.load(path)
    options = CoreOptions(registers=1, lut_size=6, head=head)
    work = partial(to_verilog, classifier, options)
    return measured(work)[1]


def step_passes(path: Path, samples: int) -> dict[str, Any]:
    netlist = Classifier.load(path).netlist
    (_, steps), figures = measured(lambda: optimize(netlist))
    return figures | {"nodes": steps[-1].nodes}


def step_evaluate(path: Path, samples: int) -> dict[str, Any]:
    netlist = Classifier.load(path).netlist
    bits = np.random.default_rng(1).random((samples, netlist.num_inputs)) < 0.5
    return measured(lambda: evaluate(netlist, bits))[1]


def step_prove(path: Path, samples: int) -> dict[str, Any]:
    """Prove the optimised classifier equal to the one that it was made from."""
    from lgn_hw.prove.equivalence import prove_classifiers

    classifier = Classifier.load(path)
    smaller = optimize_classifier(classifier)[0]
    proof, figures = measured(lambda: prove_classifiers(classifier, smaller, timeout_s=300))
    return figures | {"status": proof.status}


def step_prove_core(
    path: Path, samples: int, lut_size: int | None = None, head: str = ""
) -> dict[str, Any]:
    """Prove a core's Verilog; emission is not counted."""
    from lgn_hw.circuit.header import read_core_header
    from lgn_hw.hdl.verilog import to_verilog
    from lgn_hw.prove.equivalence import prove_verilog

    classifier = Classifier.load(path)
    text = to_verilog(classifier, CoreOptions(lut_size=lut_size, head=head))
    header = read_core_header(text)
    proof, figures = measured(lambda: prove_verilog(classifier, text, header, timeout_s=300))
    return figures | {"status": proof.status}


STEPS = {
    "verilog": step_verilog,
    "verilog_lut6": step_verilog_lut6,
    "verilog_xilinx": partial(step_verilog_lut6, head="chains"),
    "passes": step_passes,
    "evaluate": step_evaluate,
}
PROOFS = {
    "prove": step_prove,
    "prove_core": step_prove_core,
    "prove_core_lut6": partial(step_prove_core, lut_size=6),
    "prove_core_xilinx": partial(step_prove_core, lut_size=6, head="chains"),
}
RECORD = Path("docs/benchmarks/scale.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--prove", action="store_true", help="also prove passes and cores")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    parser.add_argument("--record", action="store_true", help=f"also write it to {RECORD}")
    arguments = parser.parse_args()
    steps = STEPS | (PROOFS if arguments.prove else {})
    result: dict[str, Any] = {"nodes": arguments.nodes, "samples": arguments.samples}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.lgn"
        random_classifier(arguments.nodes).save(path)
        for name, step in steps.items():
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                figures = pool.apply(step, (path, arguments.samples))
            result |= {f"{name}_{key}": value for key, value in figures.items()}
            if not arguments.json:
                print(name, figures, flush=True)
    if arguments.json:
        print(json.dumps(describe_machine() | result, indent=2))
    if arguments.record:
        record(RECORD, result, ("nodes",))


if __name__ == "__main__":
    main()
