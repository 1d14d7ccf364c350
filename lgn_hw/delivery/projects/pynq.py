"""An overlay for a Zynq: a block design with AXI DMA, its driver for PYNQ, and a C header."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgn_hw.classifier import Classifier
from lgn_hw.delivery.projects.block_design import block_design
from lgn_hw.delivery.projects.c_header import c_header
from lgn_hw.hdl.wrappers import IDENTITY, REGISTERS
from lgn_hw.ports import fields_of

if TYPE_CHECKING:
    from lgn_hw.delivery.design import CoreDesign

__all__ = ["DMA_BITS", "files"]

CHECKED = (
    "Its packing was compared with the circuit's, and it ran against a model of PYNQ. It was never"
    " run on\na board."
)
DMA_BITS = (8, 16, 32, 64, 128, 256, 512, 1024)  # the widths of a stream that AXI DMA has
STATIC = Path(__file__).parent.parent / "files" / "pynq_driver.py.txt"


def files(classifier: Classifier, design: "CoreDesign") -> dict[str, str]:
    """Return block design, driver and header in the folder pynq/."""
    return {
        "pynq/block_design.tcl": block_design(design),
        f"pynq/{design.header.top}.py": _driver(classifier, design),
        f"pynq/{design.header.top}.h": c_header(classifier, design),
    }


def _driver(classifier: Classifier, design: "CoreDesign") -> str:
    """Return the driver: constants of this circuit before text that stays."""
    header, shape, fields = design.header, design.shape, fields_of(classifier)
    constants: dict[str, Any] = {
        "DIGEST": header.digest,
        "SAMPLE_BYTES": shape["sample_beats"] * design.data_bits // 8,
        "RESULT_BYTES": shape["result_beats"] * design.data_bits // 8,
        "CLASS_BITS": header.class_bits,
        "SCORE_BITS": header.score_bits,
        "SCORES": header.classes if header.scores else 0,
        "CLASSES": list(classifier.classes),
        "FEATURES": [field.name for field in fields],
        "WIDTH": [field.last - field.first + 1 for field in fields],
        "LOW": [field.low for field in fields],
        "HIGH": [field.high for field in fields],
        "OFFSET": [field.offset for field in fields],
        "SCALE": [field.scale for field in fields],
    }
    head = f'''\
"""{design.top} on a Zynq with PYNQ, in the overlay of block_design.tcl.

{CHECKED}

    from {header.top} import Classifier

    classifier = Classifier("overlay.bit")
    print(classifier.predict([[...]]))      # raw values, one per feature
"""

'''
    values = "".join(f"{name} = {value!r}\n" for name, value in constants.items())
    values = f"ID = 0x{IDENTITY:08X}  # the letters LGN1\n{values}"
    addresses = "".join(f"    {name!r}: 0x{at:02X},\n" for name, at in REGISTERS.items())
    return head + values + f"REGISTERS = {{\n{addresses}}}\n" + STATIC.read_text(encoding="utf-8")
