"""A module for LiteX around the AXI wrapper: endpoints of streams and an AXI4-Lite bus."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lgn_hw.classifier import Classifier
from lgn_hw.hdl.axi_lite import ADDRESS_BITS

if TYPE_CHECKING:
    from lgn_hw.delivery.design import CoreDesign

__all__ = ["files"]

CHECKED = (
    "Tried with LiteX 2024.12 and Migen 0.10: its Verilog passed the testbench of this folder in"
    " Icarus\nVerilog. Never seen in a SoC or by a vendor's tool."
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
    self.bus.add_slave("classifier", self.classifier.bus, SoCRegion(size=0x100, cached=False))

Send a sample of {shape["sample_bits"]} bits to `sink` in {shape["sample_beats"]} beats, the lowest\
 bits first, with `last` in the last one
and `keep` set; its result of {shape["result_bits"]} bits comes from `source` in\
 {shape["result_beats"]}. README.md lists fields and registers.
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
