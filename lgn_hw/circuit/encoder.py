"""The thermometer encoder as a netlist: comparators that share the comparison of low bits.

A code of b bits is compared with many thresholds. Written one by one, each takes a tree of its own;
but the comparison of the low bits only depends on the low bits of the threshold, and thresholds of
one feature share many of these.
"""

import numpy as np

from lgn_hw.encoder import Thermometer
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.builder import ZERO, Builder
from lgn_hw.passes.simplify import simplify

__all__ = ["encoder_netlist"]


def encoder_netlist(thermometer: Thermometer, lut_size: int) -> Netlist:
    """Return sample bits to encoder bits; equal to Thermometer.encode for every code in range.

    Inputs are the bits of a sample as lgn_hw.features.Features packs them. A feature of up to
    lut_size bits takes one node per threshold. A wider one is cut: its lowest bits are compared
    first, once for all thresholds that end alike, and each further node takes lut_size - 1 bits.
    """
    features = thermometer.features
    builder = Builder(features.sample_width)
    stop = np.cumsum(features.width).tolist()
    # Comparisons made so far, by highest bit read and threshold up to there: thresholds of one
    # feature share low parts.
    known: dict[tuple[int, int], int] = {}
    outputs = []
    for f, threshold in zip(
        thermometer.feature.tolist(), thermometer.threshold.tolist(), strict=True
    ):
        bits = builder.inputs[stop[f] - int(features.width[f]) : stop[f]]
        if features.signed[f]:
            # Offset binary keeps the order and is unsigned: the sign bit inverted.
            bits = [*bits[:-1], bits[-1] ^ 1]
            threshold += 1 << (len(bits) - 1)
        outputs.append(_exceeds(builder, known, bits, threshold, lut_size))
    return simplify(builder.netlist(outputs))


def _exceeds(
    builder: Builder, known: dict[tuple[int, int], int], bits: list[int], threshold: int, size: int
) -> int:
    """Return whether unsigned bits exceed a threshold; comparisons made before are known."""
    below, taken = ZERO, 0
    for stop in _cuts(len(bits), size):
        # The highest bit that is read says which feature and how far; the rest of the key is the
        # threshold up to there. Equal keys are equal functions.
        key = (bits[stop - 1], threshold & ((1 << stop) - 1))
        if key not in known:
            part = key[1] >> taken
            known[key] = _node(builder, below, bits[taken:stop], part)
        below, taken = known[key], stop
    return below


def _cuts(width: int, size: int) -> list[int]:
    """Return where each node's bits end: as few nodes as can be, the first one the smallest."""
    further = max(0, -(-(width - size) // (size - 1)))
    return [width - (size - 1) * i for i in reversed(range(further + 1))]


def _node(builder: Builder, below: int, bits: list[int], part: int) -> int:
    """Compare bits with part; where they are equal, the comparison below decides."""
    if below == ZERO:
        # Nothing is above the highest number of so many bits.
        if part == (1 << len(bits)) - 1:
            return ZERO
        return builder.node(sum(1 << x for x in range(part + 1, 1 << len(bits))), bits)
    # Two entries per value of the upper bits, for the pin below being 0 and 1: greater whatever is
    # below, equal and decided below, or less.
    table = sum(
        (0b11 if x > part else 0b10 if x == part else 0) << 2 * x for x in range(1 << len(bits))
    )
    return builder.node(table, [below, *bits])
