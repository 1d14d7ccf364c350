"""The plainest circuits of encoders and of sums, to prove the cheaper ones against.

They are never built. Each is so plain that it can be checked by reading, which is what makes a
proof against it worth something.
"""

from collections.abc import Sequence

import numpy as np

from lgn_hw.encoder import Thermometer
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.builder import ZERO, Builder, table_of

__all__ = ["GREATER", "encoder_reference", "sums_reference"]

AND = table_of(lambda a, b: a & b, 2)
# Is a greater, where the bits below decide if a and b are equal?
GREATER = table_of(lambda below, a, b: a if a != b else below, 3)
XOR = table_of(lambda a, b: a ^ b, 2)


def encoder_reference(thermometer: Thermometer) -> Netlist:
    """Return sample bits to `x > t`, compared bit by bit, nothing shared."""
    features = thermometer.features
    builder = Builder(features.sample_width)
    stop, outputs = np.cumsum(features.width).tolist(), []
    for f, threshold in zip(thermometer.feature, thermometer.threshold, strict=True):
        width = int(features.width[f])
        bits = builder.inputs[stop[f] - width : stop[f]]
        # ZERO ^ 1 is ONE: the literals of the two constants differ in their lowest bit.
        against = [ZERO ^ (int(threshold) >> bit & 1) for bit in range(width)]
        if features.signed[f]:
            # In two's complement the number whose sign bit is 0 is the greater one.
            bits[-1], against[-1] = bits[-1] ^ 1, against[-1] ^ 1
        outputs.append(_greater(builder, bits, against))
    return builder.netlist(outputs)


def sums_reference(num_inputs: int, blocks: Sequence[tuple[Sequence[int], int]]) -> Netlist:
    """Return inputs to the number of ones in each block, in binary, the lowest bit first.

    blocks: pairs of (inputs, from 0, and how many bits the number has). One bit is added to the
    number after another.
    """
    builder = Builder(num_inputs)
    outputs = []
    for inputs, width in blocks:
        number = [ZERO] * width
        for index in inputs:
            carry = builder.inputs[index]
            for bit in range(width):
                pins = [number[bit], carry]
                number[bit], carry = builder.node(XOR, pins), builder.node(AND, pins)
        outputs += number
    return builder.netlist(outputs)


def _greater(builder: Builder, a: list[int], b: list[int]) -> int:
    """Compare two numbers from the lowest bit upwards."""
    below = ZERO
    for pins in zip(a, b, strict=True):
        below = builder.node(GREATER, [below, *pins])
    return below
