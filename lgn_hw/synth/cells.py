"""Map a circuit to standard cells of a Liberty file by yosys, and count their area by part."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lgn_hw.errors import FileFormatError, ToolError, UsageError
from lgn_hw.files.atomic import write_text
from lgn_hw.synth.estimate import CIRCUIT_PARTS, part_of, summed, top_module
from lgn_hw.synth.liberty import Adder, Library, read_liberty
from lgn_hw.tools.yosys import run_yosys, yosys_version

__all__ = ["CellArea", "area_in_cells"]

# For area: sweeping, restructuring with choices, then mapping by area flow and exact area.
ABC = "strash; ifraig; scorr; dc2; dc2; dc2; strash; dch -f; amap -m -F 20 -A 20\n"
# The full adder of circuit.heads.gates, gate by gate, and what is left of it without a third bit.
PATTERN = """module lgn_full_adder(input a, b, c, output s, y);
  wire x = a ^ b;
  wire g = a & b;
  wire t = x & c;
  assign s = x ^ c;
  assign y = g | t;
endmodule
module lgn_half_adder(input a, b, output s, y);
  assign s = a ^ b;
  assign y = a & b;
endmodule
"""


@dataclass(frozen=True)
class CellArea:
    """Say what each part of a circuit takes in a library's cells, before placement.

    area: in the library's own unit (square micrometres mostly); gate_equivalents: area over nand2,
    the area of its smallest NAND of two inputs; cells, flip_flops: how many, both by part (see
    estimate.CIRCUIT_PARTS) and in `total`. adders: the cells that were used as full and half
    adders.
    """

    library: str
    nand2: float
    area: Mapping[str, float]
    gate_equivalents: Mapping[str, float]
    cells: Mapping[str, int]
    flip_flops: Mapping[str, int]
    adders: tuple[str, ...]
    tool: str
    seconds: float
    stage: str = "estimate"

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self)


def area_in_cells(
    verilog: str, liberty: Path, *, folder: Path, dont_use: tuple[str, ...] = ()
) -> tuple[CellArea, str]:
    """Map a circuit's Verilog to cells; return their area, and the mapped modules as Verilog.

    verilog: a core (see hdl.verilog), or a combinational circuit (see export.combinational); its
    modules are the parts. dont_use: as of read_liberty. folder: receives scripts, logs, figures and
    mapped.v. The text that is returned has the cells' functions in it, so that it can be proven and
    simulated as it is. Raises FileFormatError and UsageError where the library cannot do it,
    ToolError where yosys fails.
    """
    start = time.perf_counter()
    library, top = read_liberty(liberty, dont_use), top_module(verilog)
    if "posedge" in verilog and not any(cell.storage for cell in library.cells.values()):
        raise UsageError(
            f"The library {library.name} has no flip-flop that may be used; give one that has, or"
            " --combinational"
        )
    folder.mkdir(parents=True, exist_ok=True)
    adders = _adders(library)
    left_out = [cell for cell in dont_use for cell in ("-dont_use", cell)]
    write_text(folder / "circuit.v", verilog)
    write_text(folder / "adders.v", PATTERN)
    write_text(folder / "adder_cells.v", "".join(_instance(adder) for adder in adders))
    write_text(folder / "area.abc", ABC)
    # Under a name of our own: a path of the user's may have what yosys' scripts take for syntax.
    write_text(folder / "cells.lib", liberty.read_text(encoding="utf-8", errors="replace"))
    found = ("stat.json", "mapped.v")
    script = _script(top, adders, left_out)
    try:
        run_yosys(script, folder=folder, log=folder / "yosys.log", outputs=found)
    except ToolError as problem:
        if "liberty file" in str(problem):
            raise FileFormatError(f"{liberty} cannot be read: {problem}") from None
        raise
    (folder / "cells.lib").unlink()
    counts = _cells_by_part(folder / found[0])
    _check_mapped(counts, library)
    area = {
        part: round(sum(library.cells[kind].area * n for kind, n in cells.items()), 4)
        for part, cells in counts.items()
    }
    stored = {
        part: sum(n for kind, n in cells.items() if library.cells[kind].storage)
        for part, cells in counts.items()
    }
    areas = summed(area)
    # A library may have adders that extract finds no place for; only what was used is named.
    used = {kind for cells in counts.values() for kind in cells}
    return CellArea(
        library=library.name,
        nand2=library.nand2,
        area=areas,
        gate_equivalents={part: round(a / library.nand2, 1) for part, a in areas.items()},
        cells=summed({part: sum(cells.values()) for part, cells in counts.items()}),
        flip_flops=summed(stored),
        adders=tuple(adder.cell for adder in adders if adder.cell in used),
        tool=" ".join(yosys_version().split()[:2]),
        seconds=round(time.perf_counter() - start, 2),
    ), (folder / found[1]).read_text(encoding="utf-8")


def _adders(library: Library) -> list[Adder]:
    """Return the adders that are worth it; a half adder only where a full one is not two of it.

    A library whose full adder is dearer than its gates gets neither: ABC maps the gates better than
    extract could.
    """
    found = [adder for adder in (library.full_adder, library.half_adder) if adder is not None]
    worth = [adder for adder in found if _pays(adder, library)]
    return worth if library.full_adder in worth else []


def _pays(adder: Adder, library: Library) -> bool:
    """Say whether a cell is smaller than the XORs and what else it would take.

    An adder of n inputs takes the place of n - 1 XORs and about as many NANDs. A library without
    XOR is charged four NANDs for it.
    """
    tables = {t: a for a, t in _gates(library)}
    xor = min(tables.get(0b0110, 4 * library.nand2), tables.get(0b1001, 4 * library.nand2))
    return adder.area <= (len(adder.inputs) - 1) * (xor + library.nand2)


def _gates(library: Library) -> list[tuple[float, int]]:
    """Return area and table of the cells of two inputs and one output, the smallest last."""
    found = []
    for cell in library.cells.values():
        tables = cell.tables() if len(cell.inputs) == 2 and len(cell.outputs) == 1 else None
        found += [(cell.area, table) for table in (tables or {}).values()]
    return sorted(found, reverse=True)


def _instance(adder: Adder) -> str:
    """Return the module that puts a cell in the place of a pattern of PATTERN."""
    name = "lgn_full_adder" if len(adder.inputs) == 3 else "lgn_half_adder"
    pins = [f".{pin}({of})" for pin, of in zip(adder.inputs, "abc", strict=False)]
    pins += [f".{adder.sum}(s)", f".{adder.carry}(y)"]
    ports = ", ".join("abc"[: len(adder.inputs)])
    return (
        f"module {name}(input {ports}, output s, y);\n"
        f"  \\{adder.cell} adder({', '.join(pins)});\nendmodule\n"
    )


def _script(top: str, adders: list[Adder], left_out: list[str]) -> str:
    """Parts keep their borders, so that they can be counted.

    top: the module. adders: cells for which patterns are searched, in the popcount only: elsewhere
    there are none, and the search takes long. left_out: options that name the cells not to use.
    """
    sizes = {len(adder.inputs) for adder in adders}
    lines = ["read_verilog adders.v", "proc", "simplemap", "opt_clean"]
    lines += [
        f"delete lgn_{name}_adder" for name, n in (("full", 3), ("half", 2)) if n not in sizes
    ]
    lines += [
        "design -stash adders",
        "read_liberty -lib cells.lib",
        "read_verilog circuit.v",
        f"synth -top {top} -run begin:fine",
        "techmap",
        "opt -fast",
        f"dfflibmap -liberty cells.lib {' '.join(left_out)}",
        "opt -fast",
    ]
    if adders:
        lines += ["select *popcount", "extract -map %adders", "select -clear"]
        lines += ["techmap -map adder_cells.v"]
    lines += [
        f"abc -liberty cells.lib -script area.abc {' '.join(left_out)}",
        "clean",
        "hierarchy -check",
        "tee -q -o stat.json stat -json",
        # Once more with the cells' functions in the place of black boxes.
        "write_rtlil mapped.il",
        "design -reset",
        "read_liberty -ignore_miss_func -ignore_miss_dir -ignore_miss_data_latch cells.lib",
        "read_rtlil -nooverwrite mapped.il",
        f"hierarchy -top {top}",
        "write_verilog -noattr mapped.v",
    ]
    return "\n".join(lines) + "\n"


def _cells_by_part(file: Path) -> dict[str, dict[str, int]]:
    """Count cells by kind; modules of no part belong to `control`, instances of parts to none."""
    modules = json.loads(file.read_text(encoding="utf-8"))["modules"]
    counts: dict[str, dict[str, int]] = {part: {} for part in CIRCUIT_PARTS}
    for module, stats in modules.items():
        target = counts[part_of(module, modules)]
        for kind, count in stats["num_cells_by_type"].items():
            if f"\\{kind}" not in modules:
                target[kind] = target.get(kind, 0) + count
    return counts


def _check_mapped(counts: Mapping[str, Mapping[str, int]], library: Library) -> None:
    """Raise UsageError where cells are not of the library.

    A cell that is left of yosys' own kinds has no area in the library, and would be counted as
    nothing.
    """
    kinds = {kind for cells in counts.values() for kind in cells}
    foreign = sorted(kinds - library.cells.keys())
    if foreign:
        raise UsageError(f"The library {library.name} has no cells for {', '.join(foreign)}")
