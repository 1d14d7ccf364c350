"""Measure streaming cores: complete boards, their clock, and the unrolled netlist beside them.

python benchmarks/convolutions.py build/mnist-conv/mnist-conv.lgn ... --board icebreaker

Each classifier is built for the board with its UART (`lgn build`, kept results are used again) and
proven (`lgn prove`). Its unrolled netlist, without encoder and counting, is mapped to LUT4 by ABC.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from machine import describe_machine, measure

from lgn_boards.boards import find_board
from lgn_boards.build import BuildOptions, build
from lgn_hw import Classifier
from lgn_hw.delivery.design_proof import prove_design
from lgn_hw.formats import aiger, blif
from lgn_hw.hdl.streaming import StreamingOptions
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_hw.netlist.aig import to_aig
from lgn_hw.passes.optimize import optimize
from lgn_hw.prove.cec import DESIGN, SCRIPT
from lgn_hw.tools.yosys import run_yosys

MAP = "backup\nread_aiger before.aig\nstrash\nif -K 4 -a\nwrite_blif after.blif\nrestore\n"
BLOCK_RAMS = ("ICESTORM_RAM", "DP16KD")
LUTS = ("ICESTORM_LC", "TRELLIS_COMB")


def unrolled_luts(classifier: Classifier) -> int:
    """Map the classifier's gates, every kernel at every position, to LUT4."""
    netlist, _ = optimize(classifier.netlist)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "given.v").write_text(DESIGN)
        (folder / "check.abc").write_text(MAP)
        (folder / "before.aig").write_bytes(aiger.dumps(to_aig(netlist)))
        run_yosys(SCRIPT, folder=folder, log=folder / "yosys.log")
        return blif.loads((folder / "after.blif").read_text(), "ABC's BLIF").num_nodes


def design(path: Path, board_name: str, folder: Path, seeds: int) -> dict[str, Any]:
    """Return the row of one classifier on one board."""
    classifier, board = Classifier.load(path), find_board(board_name)
    options = BuildOptions(seeds=seeds, jobs=1, stream=True)
    built = build(classifier, board, folder / f"{path.stem}-{board_name}", options, print)
    text = streaming_verilog(classifier, StreamingOptions(board.levels_per_stage))
    proof, cost = measure(lambda: prove_design(classifier, text, timeout_s=1200).status)
    recipe = classifier.provenance.get("recipe", {})
    used = {kind: cells["used"] for kind, cells in built["utilization"].items()}
    return {
        "name": f"{path.stem}-{board_name}",
        "data": recipe.get("data", {}).get("source"),
        "accuracy": classifier.provenance.get("accuracy"),
        "seeds": 1,
        "part": board_name,
        "luts": next((used[kind] for kind in LUTS if kind in used), built["luts_synth"]),
        "luts_synth": built["luts_synth"],
        "block_rams": next((used[kind] for kind in BLOCK_RAMS if kind in used), None),
        "fmax_mhz": built["fmax_mhz"],
        "clock_mhz": built["clock_mhz"],
        "frames_per_s": round(built["frames_per_s"], 1),
        "latency_us": round(built["latency_us"], 2),
        "unrolled_luts": unrolled_luts(classifier),
        "nodes": classifier.netlist.num_nodes,
        "proof": proof,
        "proof_seconds": cost["seconds"],
        "digest": classifier.digest,
        "bitstream_sha256": built.get("bitstream_sha256"),
    }


def main() -> None:
    """Measure each classifier, and put it in the place of its earlier row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("classifiers", nargs="+", type=Path)
    parser.add_argument("--board", default="icebreaker")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/convolutions"))
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/convolutions.json"))
    given = parser.parse_args()
    designs = json.loads(given.json.read_text())["designs"] if given.json.exists() else []
    for path in given.classifiers:
        row = design(path, given.board, given.folder, given.seeds)
        designs = [kept for kept in designs if kept["name"] != row["name"]] + [row]
        found = {**describe_machine(), "designs": sorted(designs, key=lambda each: each["name"])}
        given.json.write_text(json.dumps(found, indent=2) + "\n")
        print(json.dumps(row, indent=2))


if __name__ == "__main__":
    main()
