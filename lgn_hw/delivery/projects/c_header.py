"""The C header of the AXI wrapper: registers, and how samples and results lie in packets."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lgn_hw.classifier import Classifier
from lgn_hw.delivery.projects.block_design import DMA_AT, REGISTERS_AT
from lgn_hw.hdl.wrappers import IDENTITY, REGISTERS
from lgn_hw.ports import fields_of

if TYPE_CHECKING:
    from lgn_hw.delivery.design import CoreDesign

__all__ = ["c_header"]

STATIC = Path(__file__).parent.parent / "files" / "pynq_packets.h.txt"
PER_LINE = 16


def c_header(classifier: Classifier, design: "CoreDesign") -> str:
    """Return the header: all names begin with the core's, constants in capitals.

    Nothing is allocated and nothing linked to; it is C99 and C++.
    """
    header, shape, fields = design.header, design.shape, fields_of(classifier)
    small = header.top
    constants = {
        "REGISTERS_AT": f"0x{REGISTERS_AT:08X}u",
        "DMA_AT": f"0x{DMA_AT:08X}u",
        **{f"REG_{name.upper()}": f"0x{address:02X}u" for name, address in REGISTERS.items()},
        "ID": f"0x{IDENTITY:08X}u",
        "FEATURES": str(len(fields)),
        "CLASSES": str(header.classes),
        "SAMPLE_BYTES": str(shape["sample_beats"] * design.data_bits // 8),
        "RESULT_BYTES": str(shape["result_beats"] * design.data_bits // 8),
        "CLASS_BITS": str(header.class_bits),
        "SCORE_BITS": str(header.score_bits),
        "SCORES": str(header.classes if header.scores else 0),
    }
    defines = "".join(f"#define {small.upper()}_{name} {is_}\n" for name, is_ in constants.items())
    words = [header.digest[8 * i : 8 * i + 8] for i in reversed(range(8))]
    text = STATIC.read_text(encoding="utf-8")
    for mark, value in {
        "@WIDTH@": _table(field.last - field.first + 1 for field in fields),
        "@LOW@": _table(field.low for field in fields),
        "@HIGH@": _table(field.high for field in fields),
        "@DIGEST@": ",\n  ".join(", ".join(f"0x{w}u" for w in words[i : i + 4]) for i in (0, 4)),
        "@core@": small,
        "@CORE@": small.upper(),
    }.items():
        text = text.replace(mark, value)
    return f"""\
/* {design.top}: registers and packets.
 * Compiled by gcc (C99, C++17, -Wall -Wextra -Werror), and its packets compared with the circuit's.
 * Never run on a board. The addresses are those of block_design.tcl.
 * Classifier {header.digest}
 */
#ifndef {small.upper()}_H
#define {small.upper()}_H

#include <stdint.h>
#include <string.h>

{defines}
{text}
#endif
"""


def _table(numbers: Iterable[int]) -> str:
    """Return the lines of an array's numbers."""
    texts = [str(number) for number in numbers]
    lines = [", ".join(texts[i : i + PER_LINE]) for i in range(0, len(texts), PER_LINE)]
    return ",\n  ".join(lines)
