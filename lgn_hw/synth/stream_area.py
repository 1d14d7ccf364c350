"""Estimate what a streaming core costs by stage: LUT4, flip-flops, carries and block RAM."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lgn_hw.errors import ToolError
from lgn_hw.files.atomic import write_text
from lgn_hw.tools.yosys import run_yosys, yosys_version

__all__ = ["StreamArea", "area_in_time"]

SCRIPT = """read_verilog core.v
synth_ice40 -top {top} -noflatten
tee -q -o cells.json stat -json
"""
KINDS = {"SB_LUT4": "lut4", "SB_CARRY": "carry", "SB_RAM40_4K": "block_rams"}
CONTROL = "control"  # what joins the stages


@dataclass(frozen=True)
class StreamArea:
    """Count what each stage takes on an iCE40; every figure is of stage `estimate`.

    parts: for each stage of the core, `control` and `total` its lut4, ff, carry and block_rams, of
    4 kbit each. The stages are mapped one by one; across their borders a few LUTs are saved.
    seconds: how long yosys took.
    """

    parts: dict[str, dict[str, int]]
    tool: str
    seconds: float
    stage: str = "estimate"

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self)


def area_in_time(verilog: str, top: str, *, folder: Path) -> StreamArea:
    """Map a streaming core's Verilog to an iCE40, stage by stage, and count.

    folder: receives the Verilog, the script, the log and yosys' own figures. Raises ToolError with
    yosys' last error lines.
    """
    start = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "core.v", verilog)
    figures = folder / "cells.json"
    figures.unlink(missing_ok=True)  # of an earlier run, which must not be taken for this one's
    run_yosys(SCRIPT.format(top=top), folder=folder, log=folder / "yosys.log")
    if not figures.exists():
        raise ToolError(f"yosys ended without an error and without {figures}")
    parts: dict[str, dict[str, int]] = {}
    for module, stats in json.loads(figures.read_text(encoding="utf-8"))["modules"].items():
        names = module.removeprefix("\\").split(".")
        part = names[1] if len(names) > 1 else CONTROL
        counted = parts.setdefault(part, dict.fromkeys(("lut4", "ff", "carry", "block_rams"), 0))
        for kind, count in stats["num_cells_by_type"].items():
            name = "ff" if kind.startswith("SB_DFF") else KINDS.get(kind)
            if name is not None:
                counted[name] += count
    total = {
        name: sum(part[name] for part in parts.values()) for name in next(iter(parts.values()))
    }
    tool = " ".join(yosys_version().split()[:2])
    return StreamArea(parts | {"total": total}, tool, round(time.perf_counter() - start, 2))
