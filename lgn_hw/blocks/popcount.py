"""Count votes with compressor trees: counters that fill a LUT, until each weight has one bit."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from lgn_hw.blocks.builder import ONE, ZERO, Builder, table_of
from lgn_hw.blocks.votes import Votes
from lgn_hw.errors import UsageError
from lgn_hw.netlist import Netlist
from lgn_hw.passes.dead import remove_dead_nodes
from lgn_hw.passes.optimize import simplify

__all__ = ["COUNTERS", "Compressor", "Tally", "popcount_netlist", "score_width"]

# A counter takes shape[i] bits of weight 2**i and gives their sum in binary, one LUT a bit. In
# groups of equal value, the best first: what a counter removes over what it costs.
COUNTERS: dict[int, tuple[tuple[tuple[int, ...], ...], ...]] = {
    4: (((3,),), ((2,),)),
    6: (((6,), (5, 1)), ((3, 2), (4, 1), (5,)), ((3,),), ((2, 2),), ((2,),)),
}


def score_width(sizes: Iterable[int]) -> int:
    """Return the bits of each score where class c has at most sizes[c] votes; at least 1."""
    return max(1, max(sizes, default=0).bit_length())


@dataclass(frozen=True)
class Compressor:
    """One counter of a tree: sum of 2**weight over the literals in = the same over those out.

    taken, given: pairs of (weight as a power of two, literal).
    """

    taken: tuple[tuple[int, int], ...]
    given: tuple[tuple[int, int], ...]


@dataclass
class Tally:
    """Count the votes for every class in one netlist, and keep the record of every counter.

    A level takes the bits that are there when it starts and uses all counters of the best group
    that fits anywhere; other bits wait. Counters of two bits of the lowest weight, which remove
    little or nothing, come last, one a level: they carry from the lowest weight upwards.

    votes: their nets are the netlist's inputs, in order. lut_size: 4 or 6.
    outputs: the literals of the scores, class 0 first, `width` bits each.
    counters: for each class, in the order in which they were made.
    initial: for each class the bits counted, as Compressor has them.
    """

    votes: Votes
    lut_size: int
    builder: Builder = field(init=False)
    initial: list[list[tuple[int, int]]] = field(init=False)
    counters: list[list[Compressor]] = field(init=False)
    outputs: list[int] = field(init=False)

    def __post_init__(self) -> None:
        if self.lut_size not in COUNTERS:
            raise UsageError(f"LUTs have {sorted(COUNTERS)} inputs here, not {self.lut_size}")
        self.builder = Builder(len(self.votes.net))
        self.initial, self.counters, self.outputs = [], [], []
        self.width = score_width(self.votes.highest.tolist())
        for class_number, highest in enumerate(self.votes.highest.tolist()):
            self.initial.append(self._bits(class_number))
            self.counters.append([])
            self.outputs += self._count(self.initial[-1], highest)

    def netlist(self) -> Netlist:
        """Return the netlist as it was built, with constants and inverters still in it."""
        return self.builder.netlist(self.outputs)

    def _bits(self, class_number: int) -> list[tuple[int, int]]:
        """Return the bits whose weights add up to a class's score.

        A negative weight counts the inverse instead, and the offset becomes that much lower.
        """
        offset, bits = int(self.votes.offset[class_number]), []
        weights = self.votes.weight[:, class_number].tolist()
        for literal, weight in zip(self.builder.inputs, weights, strict=True):
            offset += min(0, weight)
            bits += [(power, literal ^ (weight < 0)) for power in _powers(abs(weight))]
        return bits + [(power, ONE) for power in _powers(offset)]

    def _count(self, bits: Sequence[tuple[int, int]], highest: int) -> list[int]:
        """Compress until no weight has two bits; weights above the highest score have none."""
        columns: list[list[int]] = [[] for _ in range(highest.bit_length() + 3)]
        for power, literal in bits:
            columns[power].append(literal)
        while any(len(column) > 1 for column in columns):
            columns = self._level(columns, highest.bit_length())
        scores = [column[0] if column else ZERO for column in columns]
        return (scores + [ZERO] * self.width)[: self.width]

    def _level(self, columns: list[list[int]], width: int) -> list[list[int]]:
        made: list[list[int]] = [[] for _ in columns]
        for shape, power in _places(columns, self.lut_size):
            taken = [
                (power + offset, columns[power + offset].pop(0))
                for offset, count in enumerate(shape)
                for _ in range(count)
            ]
            pins = [literal for _, literal in taken]
            given = [
                (power + bit, self.builder.node(table, pins))
                for bit, table in enumerate(_tables(shape))
                if power + bit < width
            ]
            for weight, literal in given:
                made[weight].append(literal)
            self.counters[-1].append(Compressor(tuple(taken), tuple(given)))
        return [old + new for old, new in zip(columns, made, strict=True)]


def popcount_netlist(votes: Votes, lut_size: int) -> Netlist:
    """Return votes to scores, each of score_width(votes.highest) bits, class 0 first.

    Raises UsageError where lut_size is not 4 or 6.
    """
    return remove_dead_nodes(simplify(Tally(votes, lut_size).netlist()))


def _places(columns: list[list[int]], lut_size: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield the counters of a level and their lowest weights, while the caller takes the bits."""
    for group in COUNTERS[lut_size]:
        found = False
        for shape in group:
            for power in range(len(columns) - len(shape) + 1):
                while all(len(columns[power + i]) >= count for i, count in enumerate(shape)):
                    found = True
                    yield shape, power
                    if shape[0] == 2:
                        return
        if found:
            return


@cache
def _tables(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the truth tables of a counter's bits, lowest first; its pins are those of shape."""
    weights = [1 << offset for offset, count in enumerate(shape) for _ in range(count)]

    def bit(number: int) -> Callable[..., int]:
        return lambda *pins: sum(w for w, p in zip(weights, pins, strict=True) if p) >> number & 1

    return tuple(table_of(bit(i), len(weights)) for i in range(sum(weights).bit_length()))


def _powers(number: int) -> list[int]:
    return [power for power in range(number.bit_length()) if number >> power & 1]
