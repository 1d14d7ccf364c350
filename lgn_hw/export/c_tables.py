"""A program's tables as C arrays, and read back from the C, so that what is written is proven.

The narrowest types are chosen because flash is what small microcontrollers lack.
"""

import re
import zlib

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import FileFormatError
from lgn_hw.features import Features
from lgn_hw.inference.program import THREE, Program

__all__ = ["checksum", "code_type", "feature_type", "read_tables", "table_text", "tables_of"]

LINE = 96  # columns of a row of numbers
# Arrays, in the order in which the checksum takes them.
NAMES = {
    "RUN_FUNCTION": "function",
    "RUN_COUNT": "count",
    "CODE": "code",
    "BIT_FEATURE": "feature",
    "BIT_THRESHOLD": "threshold",
    "VOTE": "votes",
    "VOTE_FIRST": "first",
    "VOTE_INVERTED": "inverted",
    "VOTE_CONSTANT": "constant",
}
UNSIGNED = ((1 << 8, "uint8_t"), (1 << 16, "uint16_t"), (1 << 32, "uint32_t"))
INTEGERS = ("uint8_t", "int8_t", "uint16_t", "int16_t", "uint32_t", "int32_t", "int64_t")
BYTES = {"uint8_t": 1, "int8_t": 1, "uint16_t": 2, "int16_t": 2, "uint32_t": 4, "int32_t": 4}


def feature_type(features: Features) -> str:
    """Return the narrowest C type that holds every code of every feature."""
    low, high = int(features.low.min(initial=0)), int(features.high.max(initial=0))
    limits = {name: np.iinfo(name.removesuffix("_t")) for name in INTEGERS}
    return next(n for n, of in limits.items() if of.min <= low and high <= of.max)


def code_type(values: NDArray[np.integer]) -> str:
    """Return the narrowest unsigned C type that holds all values."""
    most = int(values.max(initial=0))
    return next(name for limit, name in UNSIGNED if most < limit)


def tables_of(program: Program, features: Features) -> dict[str, tuple[str, NDArray[np.integer]]]:
    """Return each array's C type and values, by its name in C.

    BIT_THRESHOLD has the type of a feature, so that the comparison in C converts nothing: signed
    against unsigned would be compared as unsigned.
    """
    found = {}
    for name, field in NAMES.items():
        values = getattr(program, field)
        kind = feature_type(features) if name == "BIT_THRESHOLD" else code_type(values)
        found[name] = (kind, values)
    return found


def table_bytes(tables: dict[str, tuple[str, NDArray[np.integer]]]) -> int:
    """Return the bytes of flash that the arrays take."""
    return sum(BYTES.get(kind, 8) * max(1, len(values)) for kind, values in tables.values())


def table_text(name: str, kind: str, values: NDArray[np.integer]) -> str:
    """Return an array as C; one without values has a 0, because C knows no empty arrays."""
    lines, row = [], "   "
    for number in values.tolist() or [0]:
        shown = f" {_literal(number)},"
        if len(row) + len(shown) > LINE:
            lines.append(row)
            row = "   "
        row += shown
    text = "\n".join([*lines, row])
    return f"static const {kind} {name}[{max(1, len(values))}] = {{\n{text}\n}};\n"


def checksum(tables: dict[str, tuple[str, NDArray[np.integer]]]) -> int:
    """Return the CRC-32 of all values, eight bytes each, the lowest first; empty arrays as 0.

    The C computes the same over its own arrays (NAME_check), whatever width they have: each value
    is widened to 64 bits first. CRC-32 finds flash that lost a bit, not a forger.
    """
    crc = 0
    for _, values in tables.values():
        padded = values if len(values) else np.zeros(1, np.int64)
        crc = zlib.crc32(padded.astype("<i8").tobytes(), crc)
    return crc


def read_tables(text: str, slots: int, output: NDArray[np.integer], name: str) -> Program:
    """Return the program whose tables stand in C that was written here.

    output: what the netlist's outputs are, which C does not say. Raises FileFormatError where a
    table is missing.

    text: the source. slots: words of the working memory. name: of the file, for messages. Lengths
    come from the #defines, because an empty array is written with one 0.
    """
    size = {n: int(v) for n, v in re.findall(r"^#define (RUNS|BITS|VOTES) (\d+)$", text, re.M)}
    found = {}
    for array, field in NAMES.items():
        match = re.search(rf"^static const \w+ {array}\[\d+\] = {{([^}}]*)}};$", text, re.M)
        if match is None or len(size) < 3:
            raise FileFormatError(f"{name} holds no table {array}; export it again")
        numbers = [int(n) for n in re.findall(r"-?\d+", re.sub(r"INT64_C|[uUlL]", "", match[1]))]
        found[field] = np.array(numbers, np.int64)
    for field, length in (("function", "RUNS"), ("count", "RUNS"), ("feature", "BITS"),
                          ("threshold", "BITS"), ("votes", "VOTES")):  # fmt: skip
        found[field] = found[field][: size[length]]
    # An instruction has its inputs and the slot of its result: 3 numbers for two inputs, 4 for
    # three.
    pins = np.where(found["function"] < THREE, 3, 4)
    found["code"] = found["code"][: int((pins * found["count"]).sum())]
    return Program(slots=slots, output=output, **found)


def _literal(number: int) -> str:
    """Return a number as a literal of C that has at least its own width."""
    # A literal has the first type that holds it; where `int` has 16 bits that is long, which is
    # right, too. The smallest number has no literal of its own: C reads a minus sign as an
    # operator.
    if -(2**31) < number < 2**31:
        return str(number)
    if 0 <= number < 2**32:
        return f"{number}u"
    return f"INT64_C({number})" if number > -(2**63) else "(-INT64_C(9223372036854775807) - 1)"
