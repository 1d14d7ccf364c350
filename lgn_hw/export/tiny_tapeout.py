"""A classifier as a Tiny Tapeout project: sources, tests, settings for LibreLane, all text."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.export.combinational import NAME, combinational_file, prove_combinational
from lgn_hw.export.seal import sealed
from lgn_hw.export.tiny_tapeout_text import (
    flow_settings,
    info_page,
    info_yaml,
    makefile,
    project_settings,
    testbench,
    wrapper,
)
from lgn_hw.files.atomic import write_bytes
from lgn_hw.files.owned_folder import own_folder
from lgn_hw.passes.dead import inputs_read
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S
from lgn_hw.prove.equivalence import Proof
from lgn_hw.prove.watch import Watch

__all__ = ["TILES", "TinyTapeout", "tiny_tapeout", "write_tiny_tapeout"]

TILES = {"1x1": 1, "1x2": 2, "2x2": 4, "3x2": 6, "4x2": 8, "6x2": 12, "8x2": 16}
# Square micrometres in sky130: of a tile, and of a NAND; how much of a tile cells may take.
TILE, NAND2, FILLED = 167 * 108, 3.7536, 0.6
# Gate equivalents, as measured on trained classifiers (docs/asic.md): of a gate as it is written,
# and of a bit of the sample that is held, with its enable and its share of the decoder.
PER_GATE, PER_BIT = 0.75, 10
CLASS_BITS = 8  # of the port
TEST = Path(__file__).parent / "files" / "tiny_tapeout_test.txt"


@dataclass(frozen=True)
class TinyTapeout:
    """Hold a project's files by path, and what it takes.

    bits: of a sample, that the circuit reads and the chip holds. gates: of two inputs, in the
    circuit. tiles: one of TILES.
    """

    files: dict[str, bytes]
    bits: int
    gates: int
    tiles: str


def tiny_tapeout(
    classifier: Classifier,
    codes: NDArray[Any],
    *,
    name: str = "classifier",
    tiles: str | None = None,
    clock_mhz: float = 10,
) -> TinyTapeout:
    """Return the project of a classifier; its module is tt_um_NAME.

    codes: int64[samples, features], the vectors of its test. tiles: as few as it is thought to need
    where not given. Raises UsageError on a name or tiles that cannot be, where there are more than
    256 classes, and where no number of tiles would do.

    A chip has 8 input pins, so a sample goes in byte by byte and is held; only bits that the
    circuit reads get a register. clock_mhz: what the constraints ask for.
    """
    _check(classifier, name, tiles)
    circuit = Circuit.of(classifier, CoreOptions(lut_size=2))
    # Of the sample's bits those that a comparison looks at: each one kept costs a flip-flop with an
    # enable.
    read = inputs_read(circuit.parts["encoder"])
    gates = sum(part.num_nodes for part in circuit.parts.values())
    tiles = tiles or _tiles(gates, len(read))
    module, bytes_each = f"tt_um_{name}", max(1, -(-classifier.features.sample_width // 8))
    source = combinational_file(classifier, "verilog-comb", lut_size=2, name=f"{name}_circuit")
    text = wrapper(classifier, name, read, circuit.class_bits, bytes_each)
    files = {
        "info.yaml": info_yaml(classifier, name, tiles, clock_mhz).encode(),
        "docs/info.md": info_page(classifier, len(read), gates, bytes_each).encode(),
        "src/project.v": sealed(text.encode(), "// "),
        "src/classifier.v": source,
        "src/config.json": project_settings(clock_mhz).encode(),
        "config.json": flow_settings(module, clock_mhz).encode(),
        "test/Makefile": makefile().encode(),
        "test/tb.v": testbench(module).encode(),
        "test/test.py": TEST.read_bytes(),
        "test/requirements.txt": b"cocotb>=2.0,<3\npytest>=8\n",
        "test/vectors.json": _vectors(classifier, codes, bytes_each).encode(),
    }
    return TinyTapeout(files, len(read), gates, tiles)


def write_tiny_tapeout(
    classifier: Classifier,
    folder: Path,
    project: TinyTapeout,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> tuple[list[Path], Proof, list[str]]:
    """Write a project once its circuit is proven; return paths, proof, and what the user must know.

    Files that somebody has edited are kept as NAME.orig. Raises CheckFailed where the circuit is
    not proven, and writes nothing.
    """
    source = project.files["src/classifier.v"]
    proof = prove_combinational(
        classifier, source, "verilog-comb", timeout_s=timeout_s, watch=watch
    )
    proof.check()
    with own_folder(folder, "tinytapeout") as owned, owned.work() as work:
        for path, data in project.files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            write_bytes(work / path, data)
    return [folder / path for path in project.files], proof, owned.notices()


def _check(classifier: Classifier, name: str, tiles: str | None) -> None:
    """Raise UsageError on what cannot be."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"A module name must be letters, digits and _, and begin with no digit, not {name!r}"
        )
    if tiles is not None and tiles not in TILES:
        raise UsageError(f"The tiles must be one of {', '.join(TILES)}, not {tiles!r}")
    if classifier.num_classes > 1 << CLASS_BITS:
        raise UsageError(
            f"uo_out has {CLASS_BITS} bits, for 256 classes at most, not {classifier.num_classes}"
        )


def _tiles(gates: int, bits: int) -> str:
    """Return the fewest tiles that a circuit is thought to need.

    gates: of two inputs. bits: that are held. An estimate by cell area, with 60 % of a tile filled:
    where routing is hard, more are needed, and the flow says so.
    """
    needed = (PER_GATE * gates + PER_BIT * bits) * NAND2 / FILLED / TILE
    for tiles, count in TILES.items():
        if needed <= count:
            return tiles
    raise UsageError(
        f"The circuit needs about {math.ceil(needed)} tiles, and there are 16 at most; take a"
        " smaller net or fewer features, or say --tiles 8x2 to try"
    )


def _vectors(classifier: Classifier, codes: Sequence[Any] | NDArray[Any], size: int) -> str:
    """Return the samples as bytes in hexadecimal, in the order in which they go in.

    codes: int64[samples, features]. size: bytes of a sample; the lowest byte goes in first.
    """
    packed = [sample.to_bytes(size, "little").hex() for sample in classifier.features.pack(codes)]
    classes = classifier.predict(codes).tolist()
    return json.dumps({"samples": packed, "classes": classes}, indent=1) + "\n"
