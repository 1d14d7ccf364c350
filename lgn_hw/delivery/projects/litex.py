"""A module for LiteX around the AXI wrapper: endpoints of streams and an AXI4-Lite bus."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.hdl.axi_lite import ADDRESS_BITS

if TYPE_CHECKING:
    from lgn_hw.delivery.design import CoreDesign

__all__ = ["files"]

CHECKED = (
    "Tried with LiteX 2024.12 and Migen 0.10 in Icarus Verilog: the testbench of this folder\n"
    "passed between its endpoints, and the bus of a SoC without a CPU read its registers. Never\n"
    "on a board."
)
STATIC = Path(__file__).parent.parent / "files" / "litex_module.py.txt"


def files(classifier: Classifier, design: "CoreDesign") -> dict[str, str]:
    """Return the module, litex/CORE.py: constants of this circuit before text that stays."""
    shape = design.shape
    head = f'''\
"""{design.top} as a module for LiteX.

{CHECKED}

    from {design.header.top} import Classifier

    self.classifier = Classifier(platform)        # in the SoC
    region = SoCRegion(origin=0x3000_0000, size=0x100, cached=False)
    self.bus.add_slave("classifier", self.classifier.bus, region)

Send a sample of {counted(shape["sample_bits"], "bit")} to `sink` in \
{counted(shape["sample_beats"], "beat")}, the lowest bits first, with `last` in the last one
and `keep` set; its result of {counted(shape["result_bits"], "bit")} comes from `source` in \
{counted(shape["result_beats"], "beat")}. README.md lists fields and
registers.
"""
'''
    constants = f'''\
TOP = "{design.top}"
SOURCES = {json.dumps(list(design.files))}
DATA_BITS = {design.data_bits}
ADDRESS_BITS = {ADDRESS_BITS}
'''
    text = STATIC.read_text(encoding="utf-8").replace("@CONSTANTS@\n", constants)
    return {f"litex/{design.header.top}.py": head + text}
