"""Measure streaming cores: complete boards, their proof, and the unrolled netlist beside them.

python benchmarks/convolutions.py build/mnist-conv-icebreaker/mnist-conv-icebreaker.lgn \
    --board icebreaker --baud 500000
python benchmarks/convolutions.py          # draws the picture again

Each classifier is built for the board with its UART (`lgn build`) and proven (`lgn prove`), and its
core is synthesised by stage. With --others its accuracy is the mean of it and those. The optimised
netlist, every kernel at every position, without encoder and counting, is mapped to the board's LUT4
by ABC. Writes docs/benchmarks/convolutions.json after every step, and convolutions.svg beside it; a
further run of the same classifier does what lacks.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import matplotlib as mpl
from machine import describe_machine, measure
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lgn_boards.board import Board
from lgn_boards.boards import find_board
from lgn_boards.build import BuildOptions, build
from lgn_hw import Classifier
from lgn_hw.convolution import Convolution
from lgn_hw.delivery.design_proof import prove_design
from lgn_hw.formats import aiger, blif
from lgn_hw.hdl.streaming import StreamingOptions
from lgn_hw.hdl.streaming.verilog import STREAM_NAME, streaming_verilog
from lgn_hw.netlist.aig import to_aig
from lgn_hw.passes.optimize import optimize
from lgn_hw.prove.cec import DESIGN, SCRIPT
from lgn_hw.synth.stream_area import area_in_time
from lgn_hw.tools.yosys import run_yosys

MAP = "backup\nread_aiger before.aig\nstrash\nif -K 4 -a\nwrite_blif after.blif\nrestore\n"
BLOCK_RAMS = ("ICESTORM_RAM", "DP16KD")
LUTS = ("ICESTORM_LC", "TRELLIS_COMB")
PROOF_S = 1200
# Published: accuracy in percent, and the LUT6 or gates of the logic.
PUBLISHED: dict[str, dict[str, list[tuple[float, int]]]] = {
    "mnist": {
        "DWN, LUT6, with encoder": [(97.76, 3464)],
        "TreeLUT, LUT6": [(97.0, 4478)],
        "NeuraLUT, LUT6": [(96.0, 54798)],
        "LILogic Net, gates": [(98.45, 8000), (98.95, 32000)],
    },
    "cifar10": {
        "LogicTreeNet S, gates": [(60.38, 400_000)],
        "CoverageDLGN, gates": [(52.36, 48_000), (61.02, 1_280_000)],
        "BitLogic, LUT4": [(58.06, 128_000)],
        "LILogic Net, gates": [(60.98, 256_000)],
    },
}
TITLES = {"mnist": "MNIST", "cifar10": "CIFAR-10"}


@dataclass(frozen=True)
class Design:
    """A classifier on a board, and where it is built; others: those of other seeds."""

    path: Path
    board: Board
    options: BuildOptions
    folder: Path
    others: tuple[Path, ...] = ()

    @property
    def classifier(self) -> Classifier:
        return Classifier.load(self.path)

    @property
    def form(self) -> Convolution:
        form = self.classifier.convolution
        assert form is not None, "plan_for asks for the form"
        return form

    def built(self) -> dict[str, Any]:
        """Build the board; take the cells, clock and rates from it."""
        folder = self.folder / f"{self.path.stem}-{self.board.name}"
        built = build(self.classifier, self.board, folder, self.options, print)
        used = {kind: cells["used"] for kind, cells in built["utilization"].items()}
        return {
            "luts": next((used[kind] for kind in LUTS if kind in used), built["luts_synth"]),
            "luts_synth": built["luts_synth"],
            "block_rams": next((used[kind] for kind in BLOCK_RAMS if kind in used), None),
            "fmax_mhz": built["fmax_mhz"],
            "clock_mhz": built["clock_mhz"],
            "frames_per_s": round(built["frames_per_s"], 1),
            "latency_us": round(built["latency_us"], 2),
            "bitstream_sha256": built.get("bitstream_sha256"),
        }

    def verilog(self) -> str:
        return streaming_verilog(self.classifier, StreamingOptions(self.board.levels_per_stage))

    def unrolled(self) -> dict[str, Any]:
        """Map the gates, every kernel at every position, to LUT4."""
        return {"unrolled_luts": mapped(self.classifier)}

    def stages(self) -> dict[str, Any]:
        """Return the LUT4 of the core by stage."""
        with tempfile.TemporaryDirectory() as folder:
            area = area_in_time(self.verilog(), STREAM_NAME, folder=Path(folder)).to_json()
        return {"stage_lut4": {name: part["lut4"] for name, part in area["parts"].items()}}

    def proven(self) -> dict[str, Any]:
        """Prove the core's Verilog."""
        text = self.verilog()
        proof, cost = measure(lambda: prove_design(self.classifier, text, timeout_s=PROOF_S).status)
        return {"proof": proof, "proof_seconds": cost["seconds"]}

    def named(self) -> dict[str, Any]:
        classifier = self.classifier
        recipe = classifier.provenance.get("recipe", {})
        trained = [classifier, *map(Classifier.load, self.others)]
        found = [each.provenance["accuracy"] for each in trained]
        return {
            "name": f"{self.path.stem}-{self.board.name}",
            "digest": classifier.digest,
            "data": recipe.get("data", {}).get("source"),
            "accuracy": round(fmean(found), 6),
            "accuracy_sd": round(stdev(found), 6) if len(found) > 1 else None,
            "seeds": len(found),
            "part": self.board.name,
            "nodes": classifier.netlist.num_nodes,
        }

    def steps(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Return what is to be done, by a key of what it gives."""
        return {
            "luts": self.built,
            "unrolled_luts": self.unrolled,
            "stage_lut4": self.stages,
            "proof": self.proven,
        }


def mapped(classifier: Classifier) -> int:
    """Return the LUT4 that ABC maps the optimised netlist to."""
    netlist, _ = optimize(classifier.netlist)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "given.v").write_text(DESIGN)
        (folder / "check.abc").write_text(MAP)
        (folder / "before.aig").write_bytes(aiger.dumps(to_aig(netlist)))
        run_yosys(SCRIPT, folder=folder, log=folder / "yosys.log")
        return blif.loads((folder / "after.blif").read_text(), "ABC's BLIF").num_nodes


class Rows:
    """The designs of a JSON file, kept after every step."""

    def __init__(self, file: Path) -> None:
        self.file = file
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"designs": []}
        self.rows = {row["name"]: row for row in known["designs"]}

    def run(self, design: Design) -> None:
        """Do what lacks of a design; of another classifier of that name nothing is kept."""
        named = design.named()
        row = self.rows.get(named["name"], {})
        row = row if row.get("digest") == named["digest"] else {}
        if row.get("seeds", 1) <= named["seeds"]:  # what other seeds gave is kept
            row |= named
        self.rows[named["name"]] = row
        for key, step in design.steps().items():
            if row.get(key) is None:
                print(f"{named['name']}: {key}", flush=True)
                row |= step()
            self.write()

    def write(self) -> None:
        designs = [self.rows[name] for name in sorted(self.rows)]
        found = describe_machine() | {"published": PUBLISHED, "designs": designs}
        self.file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def draw(designs: list[dict[str, Any]]) -> Figure:
    """Plot test accuracy against LUTs, a panel for each data set with designs: in time, unrolled,
    and as published.
    """
    found = [row for row in designs if row["accuracy"]]
    names = [name for name in PUBLISHED if any(row["data"] == name for row in found)]
    figure = Figure(figsize=(7.2, 4.4 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), 1, squeeze=False)[:, 0]
    for axes, name in zip(panels, names, strict=True):
        draw_panel(axes, name, [row for row in found if row["data"] == name])
    return figure


def draw_panel(axes: Axes, name: str, rows: list[dict[str, Any]]) -> None:
    """Draw the designs of a data set, and what is published of it."""
    for (title, points), marker in zip(PUBLISHED[name].items(), "s^vP", strict=True):
        shares, luts = zip(*points, strict=True)
        axes.plot(luts, shares, marker, color="#999999", label=title)
    for key, marker, color, label in (
        ("unrolled_luts", "D", "#D55E00", "unrolled, LUT4 of the gates alone"),
        ("luts", "o", "#0072B2", "streaming, LUT4 of the whole board"),
    ):
        found = [(row[key], 100 * row["accuracy"]) for row in rows if row.get(key)]
        if found:
            axes.plot(*zip(*found, strict=True), marker, color=color, label=label)
    for row in rows:
        if row.get("luts") and row.get("unrolled_luts"):
            ends = [row["luts"], row["unrolled_luts"]]
            axes.plot(ends, [100 * row["accuracy"]] * 2, ":", color="#0072B2", linewidth=1)
        if row.get("luts"):
            place = (row["luts"], 100 * row["accuracy"])
            axes.annotate(row["part"], place, (0, 7), textcoords="offset points", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("LUTs or gates")
    axes.set_ylabel(f"{TITLES[name]} test accuracy, %")
    axes.grid(color="#E6E6E6")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)


def main() -> None:
    """Measure each classifier, and draw all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("classifiers", nargs="*", type=Path)
    parser.add_argument("--board", default="icebreaker")
    parser.add_argument("--baud", type=int)
    parser.add_argument("--others", type=Path, nargs="+", default=[], help="of other seeds")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/convolutions"))
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/convolutions.json"))
    given = parser.parse_args()
    options = BuildOptions(baud=given.baud, seeds=given.seeds, jobs=1, stream=True)
    rows = Rows(given.json)
    for path in given.classifiers:
        board, others = find_board(given.board), tuple(given.others)
        rows.run(Design(path, board, options, given.folder, others))
    with mpl.rc_context({"font.size": 9, "svg.hashsalt": "lgn-hw", "svg.fonttype": "path"}):
        draw(list(rows.rows.values())).savefig(
            given.json.with_suffix(".svg"), metadata={"Date": None, "Creator": None}
        )


if __name__ == "__main__":
    main()
