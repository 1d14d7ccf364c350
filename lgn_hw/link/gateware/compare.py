"""Comparison with a constant, without a carry chain."""

from amaranth.hdl import Const, Value

__all__ = ["exceeds"]


def exceeds(value: Value, constant: int) -> Value:
    """Return whether an unsigned value is greater than a constant of 0 or more.

    One AND or OR per bit, which fold into a LUT for every three bits; yosys would make `>` a chain
    of carry cells, of which each takes the place of a LUT.

    value: of any width. A constant that the value cannot reach gives 0.
    """
    found: Value = Const(0, 1)
    for place, bit in enumerate(value):
        # From the lowest bit up: where the constant has a 1 the value needs one too and then what
        # is below decides; where it has a 0 a 1 is enough.
        found = bit & found if constant >> place & 1 else bit | found
    return found if constant >> len(value) == 0 else Const(0, 1)
