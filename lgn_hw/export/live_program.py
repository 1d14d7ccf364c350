"""A classifier as a few bytes per gate, for the interpreter of the live page; and back again.

The bytes are numbers in LEB128, seven bits per byte and the lowest first; signed ones are zigzag
(0, -1, 1, -2 ... are 0, 1, 2, 3 ...). In this order:

* how many features, then for each run of features of one range: how many, low, high - low;
* how many encoder bits, then for each: its feature less that of the bit before, threshold - low;
* how many nodes, then for each a byte KIND (below), the table where it is not in that byte, and for
  each input how many nets lie between: own net - net;
* how many classes, how many outputs, then for each: its net less that of the output before, its
  class.

KIND: 0 ... 3 a table of one input, 4 ... 19 one of two, 17 + n that of n inputs, in 2**n / 8 bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.errors import FileFormatError, UsageError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist

__all__ = ["program_bytes", "read_program", "same_program", "varints"]

EXACT = 1 << 53  # JavaScript's numbers hold every integer up to here
TWO, WIDE = 4, 17


def program_bytes(classifier: Classifier) -> bytes:
    """Return the program of a classifier.

    Raises UsageError where a range goes beyond 2^53, or has more codes than that.
    """
    features = classifier.features
    ranges = [*zip(features.low.tolist(), features.high.tolist(), strict=True)]
    for name, (low, high) in zip(features.names, ranges, strict=True):
        # Both ends and the number of codes: all three are computed with in the page.
        if max(-low, high, high - low) > EXACT:
            raise UsageError(
                f"A page counts exactly up to 2^53, and feature {name!r} is {low} to {high};"
                " divide it by a unit, or subtract an offset, and train again"
            )
    return b"".join(
        (
            varints(_of_ranges(ranges)),
            varints(_of_bits(classifier)),
            varints([classifier.netlist.num_nodes]),
            *_of_nodes(classifier.netlist),
            varints(_of_outputs(classifier)),
        )
    )


def read_program(data: bytes) -> tuple[dict[str, list[int]], Netlist]:
    """Return what the bytes say: low, high, feature, threshold, group and classes; the netlist.

    Raises FileFormatError where they end too early or too late, NetlistError where they are no
    netlist.
    """
    at = _Reader(data)
    ranges: list[tuple[int, int]] = []
    features = at.number()
    while len(ranges) < features:
        count, low = at.number(), at.signed()
        ranges += [(low, low + at.number())] * count
    feature, threshold, before = [], [], 0
    for _ in range(at.number()):
        before += at.signed()
        feature.append(before)
        threshold.append(at.number() + ranges[before][0])
    fanin, table = at.nodes(FIRST_INPUT + len(feature))
    classes, outputs, group, before = at.number(), [], [], 0
    for _ in range(at.number()):
        before += at.signed()
        outputs.append(before)
        group.append(at.number())
    # Bytes that are left over: this is the start of another program only.
    if at.place != len(data):
        raise FileFormatError("The program in the page is longer than it says")
    rows = np.array(fanin, np.int32).reshape(-1, MAX_FANIN)
    netlist = Netlist(len(feature), rows, np.array(table, np.uint64), np.array(outputs, np.int32))
    found = {
        "low": [low for low, _ in ranges], "high": [high for _, high in ranges],
        "feature": feature, "threshold": threshold, "group": group, "classes": [classes],
    }  # fmt: skip
    return found, netlist


def same_program(classifier: Classifier, data: bytes) -> bool:
    """Return whether the bytes are a classifier's program, read back number by number.

    Nothing is raised for bytes that are no program: they are just not this classifier's.
    """
    try:
        found, netlist = read_program(data)
    except (FileFormatError, ValueError, IndexError):
        return False
    features, encoder, own = classifier.features, classifier.encoder, classifier.netlist
    numbers: dict[str, Sequence[int]] = {
        "low": features.low.tolist(), "high": features.high.tolist(),
        "feature": encoder.feature.tolist(), "threshold": encoder.threshold.tolist(),
        "group": classifier.group.tolist(), "classes": [classifier.num_classes],
    }  # fmt: skip
    return found == numbers and all(
        np.array_equal(getattr(netlist, name), getattr(own, name))
        for name in ("fanin", "table", "outputs")
    )


def varints(numbers: Iterable[int]) -> bytes:
    """Return numbers from 0 in LEB128."""
    out = bytearray()
    for number in numbers:
        while number >= 128:
            # The highest bit says that more bytes follow.
            out.append(number & 127 | 128)
            number >>= 7
        out.append(number)
    return bytes(out)


def _of_ranges(ranges: list[tuple[int, int]]) -> Iterator[int]:
    """Images have one range for all pixels: runs of equal ranges are stored once."""
    yield len(ranges)
    for (low, high), run in groupby(ranges):
        yield from (sum(1 for _ in run), _zigzag(low), high - low)


def _of_bits(classifier: Classifier) -> Iterator[int]:
    """The bits of a feature follow each other, so that most differences of features are 0."""
    encoder, low, before = classifier.encoder, classifier.features.low, 0
    yield encoder.num_bits
    for feature, threshold in zip(
        encoder.feature.tolist(), encoder.threshold.tolist(), strict=True
    ):
        yield from (_zigzag(feature - before), threshold - int(low[feature]))
        before = feature


def _of_nodes(netlist: Netlist) -> Iterator[bytes]:
    """Yield the bytes of each node. Pins count backwards from the node's own net: near wiring gives
    small numbers, which take one byte below 128 and two below 16 384.
    """
    nodes = zip(netlist.arity.tolist(), netlist.table.tolist(), netlist.fanin.tolist(), strict=True)
    for net, (arity, table, pins) in enumerate(nodes, netlist.first_node):
        if arity <= 2:
            yield bytes([table + (TWO if arity == 2 else 0)])
        else:
            yield bytes([WIDE + arity]) + table.to_bytes((1 << arity) // 8, "little")
        yield varints(net - pin for pin in pins[:arity])


def _of_outputs(classifier: Classifier) -> Iterator[int]:
    """Outputs mostly follow each other, class by class: the differences are 1."""
    before = 0
    yield from (classifier.num_classes, classifier.netlist.num_outputs)
    outputs = classifier.netlist.outputs.tolist()
    for net, group in zip(outputs, classifier.group.tolist(), strict=True):
        yield from (_zigzag(net - before), group)
        before = net


def _zigzag(number: int) -> int:
    """Return a signed number as one from 0: small magnitudes stay small."""
    return 2 * number if number >= 0 else -2 * number - 1


class _Reader:
    """Take numbers from bytes, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def byte(self) -> int:
        """Return the next byte; FileFormatError at the end."""
        if self.place >= len(self.data):
            raise FileFormatError("The program in the page is cut short")
        self.place += 1
        return self.data[self.place - 1]

    def number(self) -> int:
        """Return the next number from 0, whose bytes have seven bits each, the lowest first."""
        found = shift = 0
        while True:
            byte = self.byte()
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found

    def signed(self) -> int:
        """Return the next number that was written by _zigzag."""
        number = self.number()
        return number >> 1 if number % 2 == 0 else -(number + 1 >> 1)

    def nodes(self, first: int) -> tuple[list[list[int]], list[int]]:
        """Return the fan-in and the table of all nodes; the first drives net `first`."""
        fanin, tables = [], []
        for net in range(first, first + self.number()):
            kind = self.byte()
            arity = 1 if kind < TWO else 2 if kind < TWO + 16 else kind - WIDE
            if arity > 2:
                table = int.from_bytes(
                    bytes(self.byte() for _ in range((1 << arity) // 8)), "little"
                )
            else:
                table = kind - (TWO if arity == 2 else 0)
            pins = [net - self.number() for _ in range(arity)]
            fanin.append(pins + [0] * (MAX_FANIN - arity))
            tables.append(table)
        return fanin, tables
