"""Estimate what a core costs: LUTs and flip-flops by part, mapped by yosys for no vendor.

Counting needs no vendor's tool: yosys maps to LUTs of a size, and both 4 and 6 are always counted,
from one coarse netlist, so that two families can be compared. The figures are estimates: what a
vendor's tool packs, and what placing adds, is said where it is known (docs/hardware.md).
"""

import json
import re
import time
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from lgn_hw.errors import UsageError
from lgn_hw.files.atomic import write_text
from lgn_hw.tools.primitives import PRIMITIVES
from lgn_hw.tools.yosys import run_yosys, yosys_version

__all__ = ["CIRCUIT_PARTS", "Area", "estimate_area", "part_of", "summed", "top_module"]

CIRCUIT_PARTS = ("encoder", "logic", "popcount", "argmax", "control")
LUT_SIZES = (4, 6)
N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Area:
    """Count what each part of a core takes; every figure is of stage `estimate`.

    lut4, lut6, ff: cells by part (see CIRCUIT_PARTS; `control` is what joins them) and in `total`.
    carry4: the carry chains beside the LUT6 of a core that is made for them, four bits each; 0
    where all adders are of LUTs. The parts are mapped one by one, so that the total is their sum; a
    vendor's tool that maps across their borders finds a few less. seconds: how long yosys took.
    """

    lut4: Mapping[str, int]
    lut6: Mapping[str, int]
    ff: Mapping[str, int]
    carry4: Mapping[str, int]
    tool: str
    seconds: float
    stage: str = "estimate"

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self)


def estimate_area(verilog: str, *, folder: Path, carries: bool = False) -> Area:
    """Map a core's Verilog (see hdl.verilog.to_verilog) to 4- and to 6-input LUTs and count.

    folder: receives the Verilog, the scripts, the logs, yosys' own figures, and the mapped netlists
    lut4.v and lut6.v under the core's own header, so that they can be proven. carries: beside LUT6,
    adders are carry chains, as they are in Xilinx parts. Raises ToolError with yosys' last error
    lines, UsageError where the text holds no module.
    """
    start = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    top = top_module(verilog)
    write_text(folder / "core.v", verilog)
    write_text(folder / "primitives.v", PRIMITIVES)
    run_yosys(
        _script(top, carries),
        folder=folder,
        log=folder / "yosys.log",
        outputs=[f"lut{size}.{kind}" for size in LUT_SIZES for kind in ("json", "v")],
    )
    # The mapped netlist is proven by the same command as the core, which reads what it is from this
    # header.
    comment = "".join(re.findall(r"^//.*\n", verilog, re.MULTILINE))
    for size in LUT_SIZES:
        mapped = folder / f"lut{size}.v"
        write_text(mapped, comment + mapped.read_text(encoding="utf-8"))
    # Flip-flops are counted once: mapping to LUTs does not change them.
    lut4, lut6 = (_cells_by_part(folder / f"lut{size}.json") for size in LUT_SIZES)
    return Area(
        lut4=summed({part: cells.get("$lut", 0) for part, cells in lut4.items()}),
        lut6=summed({part: cells.get("$lut", 0) for part, cells in lut6.items()}),
        ff=summed({part: _flip_flops(cells) for part, cells in lut4.items()}),
        carry4=summed({part: cells.get("CARRY4", 0) for part, cells in lut6.items()}),
        tool=" ".join(yosys_version().split()[:2]),
        seconds=round(time.perf_counter() - start, 2),
    )


def top_module(verilog: str) -> str:
    """Return the last module: yosys and Verilog writers put the top after what it instantiates.

    Raises UsageError where there is none, or more than one. Found by looking for instances in the
    text: that takes no yosys, and holds for what this project and yosys write.
    """
    modules = re.findall(r"^\s*module\s+(\\\S+|\w+)", verilog, re.MULTILINE)
    instantiated = {name for name in modules if re.search(_instance_of(name), verilog, re.M)}
    tops = [name for name in modules if name not in instantiated]
    if len(tops) != 1:
        raise UsageError(f"A core must have one top module, not {tops}")
    return str(tops[0]).removeprefix("\\")


def _instance_of(module: str) -> str:
    """Return the pattern of an instance of a module."""
    return rf"^\s*{re.escape(module)}\s+(\\\S+|\w+)\s*\("


def _script(top: str, carries: bool) -> str:
    """Map the same coarse netlist twice. Parts keep their borders, so that they can be counted."""
    # arith_map.v turns each sum into CARRY4; what stands in front of it stays logic, and becomes
    # LUTs.
    chains = ["read_verilog -lib primitives.v", "techmap -map +/xilinx/arith_map.v -D LUT_SIZE=6"]
    adders = {6: chains} if carries else {}
    lines = ["read_verilog core.v", f"synth -top {top} -run begin:fine", "design -save coarse"]
    for size in LUT_SIZES:
        lines += [
            "design -load coarse",
            *adders.get(size, []),
            f"synth -top {top} -lut {size} -run fine:check",
            f"tee -q -o lut{size}.json stat -json",
            f"write_verilog -noattr lut{size}.v",
        ]
    return "\n".join(lines) + "\n"


def _cells_by_part(file: Path) -> dict[str, dict[str, int]]:
    """Count cells by kind in yosys' figures; modules of no part belong to `control`."""
    cells: dict[str, dict[str, int]] = {part: {} for part in CIRCUIT_PARTS}
    modules = json.loads(file.read_text(encoding="utf-8"))["modules"]
    for module, stats in modules.items():
        target = cells[part_of(module, modules)]
        for kind, count in stats["num_cells_by_type"].items():
            target[kind] = target.get(kind, 0) + count
    return cells


def part_of(module: str, modules: Container[str]) -> str:
    """Return the part that a module of a core or a combinational circuit is, else `control`.

    A part is named like the module around it, which is one of the modules: a core that is itself
    called my_logic is no part.

    modules: names of all modules. A module is a part by its name's end, behind a dot (a core) or an
    underscore (a combinational circuit).
    """
    for part in CIRCUIT_PARTS[:-1]:
        if module.endswith((f".{part}", f"_{part}")) and module[: -len(part) - 1] in modules:
            return part
    return "control"


def _flip_flops(cells: Mapping[str, int]) -> int:
    """Count the flip-flops of all kinds."""
    return sum(count for kind, count in cells.items() if kind.startswith("$_") and "DFF" in kind)


def summed(by_part: dict[str, N]) -> dict[str, N]:
    """Add the total of all parts."""
    return {**by_part, "total": sum(by_part.values())}
