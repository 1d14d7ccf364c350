"""Read Verilog as gates, registers and memories that can be played with symbols."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from lgn_hw.prove.ripples import RIPPLES
from lgn_hw.tools.yosys import run_yosys

__all__ = ["read_design"]

# Memories stay memories, with reads that see a write from the next cycle on. What has no value is
# anything, and so are registers before a reset. Cells with constant pins go, which tables are full
# of; equal ones are not merged, as two registers may differ until they are first written.
READ = """read_verilog core.v
hierarchy -check -top {top}
proc -noopt
flatten -noscopeinfo
opt_clean
memory_collect
setundef -undriven -anyseq
setundef -anyseq
setattr -unset init w:*
opt_clean
techmap -map ripples.v
techmap
simplemap
setundef -anyseq
dfflegalize -cell $_DFF_P_ x
opt_expr
opt_clean
aigmap
opt_expr
opt_clean
write_json core.json
"""


def read_design(verilog: str, top: str, timeout_s: float | None = None) -> dict[str, Any]:
    """Return a design's module, as yosys writes it: ANDs, inverters, registers and memories.

    Raises ToolNotFound, ToolError or ToolTimeout as run_yosys does.
    """
    folder = Path(tempfile.mkdtemp(prefix="lgn-prove-"))
    (folder / "core.v").write_text(verilog, encoding="utf-8")
    (folder / "ripples.v").write_text(RIPPLES, encoding="utf-8")
    script = READ.format(top=top)
    run_yosys(script, folder=folder, log=folder / "yosys.log", timeout_s=timeout_s)
    module: dict[str, Any] = json.loads((folder / "core.json").read_text(encoding="utf-8"))[
        "modules"
    ][top]
    shutil.rmtree(folder)
    return module
