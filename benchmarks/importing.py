"""Measure `lgn import` of a random Verilog netlist with its proof, in CPU seconds.

python benchmarks/importing.py [--gates 100000]

Five layers of two-input gates on 784 inputs, with inverters before and behind half of them; every
net of a layer is read as often as any other, so that no gate can be left out.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from machine import describe_machine, measure

from lgn_hw.imports.assemble import assemble, bits_encoder, prove_import
from lgn_hw.imports.netlist_files import read_design
from lgn_hw.netlist.aig import to_netlist

INPUTS, LAYERS, CLASSES = 784, 5, 10


def random_verilog(gates: int) -> str:
    """Return a module with one assignment for each gate."""
    rng, width = np.random.default_rng(0), gates // LAYERS
    lines = [f"module net(input [{INPUTS - 1}:0] x, output [{width - 1}:0] out);"]
    below = [f"x[{i}]" for i in range(INPUTS)]
    for layer in range(LAYERS):
        rounds = -(-2 * width // len(below))
        picks = np.concatenate([rng.permutation(len(below)) for _ in range(rounds)])
        kinds, inverse = rng.integers(0, 3, width), rng.integers(0, 2, (width, 3))
        made = [f"l{layer}_{i}" for i in range(width)]
        for name, pins, kind, flips in zip(
            made, picks[: 2 * width].reshape(width, 2), kinds, inverse, strict=True
        ):
            a, b = (below[pin] for pin in pins)
            none, first, second = ("~" * flip for flip in flips.tolist())
            lines.append(f"  wire {name} = {none}({first}{a} {'&|^'[kind]} {second}{b});")
        below = made
    lines += [f"  assign out[{i}] = {name};" for i, name in enumerate(below)]
    return "\n".join([*lines, "endmodule", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gates", type=int, default=100_000)
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/importing.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.v"
        path.write_text(random_verilog(arguments.gates), encoding="utf-8")
        design, reading = measure(lambda: read_design(path))
        size = path.stat().st_size
    given = design.between(None)
    encoder, names = bits_encoder(design.input_names), [str(c) for c in range(CLASSES)]
    made, making = measure(lambda: assemble(to_netlist(given), encoder, names, 1.0, "net.v"))
    _, proof = measure(lambda: prove_import(made, given, timeout_s=3600))
    figures = {
        "gates": arguments.gates,
        "verilog_mb": round(size / 1e6, 1),
        "nodes": made.netlist.num_nodes,
        "read": reading,
        "assemble": making,
        "prove": proof,
    }
    print(json.dumps(figures, indent=2))
    arguments.json.write_text(json.dumps(figures | describe_machine(), indent=2) + "\n")


if __name__ == "__main__":
    main()
