"""The plainest circuits of what encoder and argmax mean, to prove the cheaper ones against."""

from collections.abc import Sequence

from lgn_hw.blocks.argmax import class_width
from lgn_hw.blocks.builder import ZERO, Builder, table_of
from lgn_hw.encoder import Thermometer
from lgn_hw.netlist import Netlist

__all__ = ["argmax_reference", "encoder_reference", "sums_reference"]

AND = table_of(lambda a, b: a & b, 2)
# Is a greater, where the bits below decide if a and b are equal?
GREATER = table_of(lambda below, a, b: a if a != b else below, 3)
XOR = table_of(lambda a, b: a ^ b, 2)


def encoder_reference(thermometer: Thermometer) -> Netlist:
    """Return sample bits to `x > t`, compared bit by bit, nothing shared."""
    features = thermometer.features
    builder = Builder(features.sample_width)
    outputs = []
    for f, threshold in zip(thermometer.feature, thermometer.threshold, strict=True):
        width, start = int(features.width[f]), int(features.width[:f].sum())
        bits = builder.inputs[start : start + width]
        against = [ZERO ^ (int(threshold) >> bit & 1) for bit in range(width)]
        if features.signed[f]:
            # In two's complement the number whose sign bit is 0 is the greater one.
            bits[-1], against[-1] = bits[-1] ^ 1, against[-1] ^ 1
        outputs.append(_greater(builder, bits, against))
    return builder.netlist(outputs)


def argmax_reference(highest: Sequence[int], width: int) -> Netlist:
    """Return scores to the number of the highest, the lowest number on a tie.

    Class c is it where no score is greater, and no earlier one equal: each pair is compared.
    Scores have `width` bits each, and of class c the bits above those of highest[c] are 0.
    """
    num_classes = len(highest)
    builder = Builder(num_classes * width)
    scores = []
    for c, bound in enumerate(highest):
        bits = builder.inputs[c * width : c * width + bound.bit_length()]
        scores.append(bits + [ZERO] * (width - len(bits)))
    wins = [
        _all(builder, [_beats(builder, scores, c, d) for d in range(num_classes) if d != c])
        for c in range(num_classes)
    ]
    return builder.netlist(
        [
            _any(builder, [win for c, win in enumerate(wins) if c >> bit & 1])
            for bit in range(class_width(num_classes))
        ]
    )


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


def _beats(builder: Builder, scores: list[list[int]], c: int, d: int) -> int:
    """Class c beats a later class where that is not greater, an earlier one where c is greater."""
    if d > c:
        return _greater(builder, scores[d], scores[c]) ^ 1
    return _greater(builder, scores[c], scores[d])


def _greater(builder: Builder, a: list[int], b: list[int]) -> int:
    below = ZERO
    for pins in zip(a, b, strict=True):
        below = builder.node(GREATER, [below, *pins])
    return below


def _all(builder: Builder, literals: list[int]) -> int:
    result = ZERO ^ 1
    for literal in literals:
        result = builder.node(AND, [result, literal])
    return result


def _any(builder: Builder, literals: list[int]) -> int:
    return _all(builder, [literal ^ 1 for literal in literals]) ^ 1
