"""Count votes with compressor trees: counters that fill a LUT, until each weight has one bit."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, islice

from lgn_hw.circuit.heads.head import Head, tables_of
from lgn_hw.circuit.heads.parity import Parities, ParityGroup, spare_inputs_of
from lgn_hw.circuit.votes import Votes
from lgn_hw.errors import UsageError
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.builder import ZERO, Builder, table_of
from lgn_hw.passes.collapse import collapse

__all__ = ["COUNTERS", "CompressorTree"]

# A counter takes shape[i] bits of weight 2**i and gives their sum in binary, one LUT per bit. In
# groups of equal value, the best first: what a counter removes over what it costs. SEVEN is
# different (see CompressorTree._seven): three carries, and five LUT4 in all.
SEVEN = (7,)
COUNTERS: dict[int, tuple[tuple[tuple[int, ...], ...], ...]] = {
    4: ((SEVEN,), ((3,),), ((2,),)),
    6: (((6,), (5, 1)), ((3, 2), (4, 1), (5,)), ((3,),), ((2, 2),), ((2,),)),
}
# The counters of parity groups: the first of a row, and those that go on from it, reading its
# parity and what else their shape has beside the votes.
GROUPS: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {4: ((3,), (3,)), 6: ((6,), (5, 1))}
# Groups in a row, and votes in one whose nodes give parities: more save little, and are deeper.
IN_ROW, CODED = 2, 3


class CompressorTree(Head):
    """Count with generalized parallel counters, each of which fills LUTs.

    Trees of counters are Dadda's ("Some schemes for parallel multipliers", 1965); generalized
    parallel counters, whose inputs have several weights, are those of Stenzel et al. (1977), and
    fit FPGAs as Parandeh-Afshar et al. show ("Efficient synthesis of compressor trees on FPGAs",
    2008).

    First come parity groups: counters of six bits whose lowest output costs no LUT, because the
    nodes of the votes have inputs to spare (see heads.parity). Then levels: each takes the bits
    that are there when it starts and uses all counters of the best group that fits anywhere; other
    bits wait. Counters of two bits of the lowest weight, which remove little or nothing, come last,
    one per level: they carry from the lowest weight upwards.

    lut_size: 4 or 6. spare_inputs: for each vote how many nets its node can read beside its own, 0
    where it must stay as it is; nothing where none can.
    """

    lut_sizes = (4, 6)

    def __init__(self, votes: Votes, lut_size: int, spare_inputs: Sequence[int] = ()) -> None:
        if lut_size not in COUNTERS:
            raise UsageError(f"LUTs have {sorted(COUNTERS)} inputs here, not {lut_size}")
        count = len(votes.net)
        self.spare_inputs = list(spare_inputs) or [0] * count
        self.groups: list[ParityGroup] = []
        self._spare = dict(zip(Builder(count).inputs, spare_inputs, strict=False))
        super().__init__(votes, lut_size)

    @classmethod
    def of(cls, votes: Votes, netlist: Netlist, lut_size: int) -> "CompressorTree":
        """Return the tree; what a vote's node can still read makes parities free."""
        return cls(votes, lut_size, spare_inputs_of(netlist, votes, lut_size))

    @property
    def terms(self) -> Mapping[int, tuple[int, ...]]:  # type: ignore[override]
        """The votes whose parity some nodes give, by vote (see heads.parity)."""
        return self._parities.terms

    def logic(self, netlist: Netlist) -> Netlist:
        """Return the gates with parities in the place of some votes."""
        return self._parities.logic(netlist)

    def decoded(self) -> Netlist:
        """Return the parities to the votes that they stand for."""
        return self._parities.decoded()

    def popcount(self) -> Netlist:
        """Return the tree as it is built: decoders go into the counters' LUTs."""
        # Those already read the nets from which a vote is decoded.
        return collapse(self._parities.popcount(self.netlist()), self.lut_size)

    @cached_property
    def _parities(self) -> Parities:
        """The plan of the parities, made when the groups are known."""
        return Parities.of(self.groups, self.spare_inputs)

    def _count(self, bits: Sequence[tuple[int, int]], highest: int) -> list[int]:
        """Compress until no weight has two bits; weights above the highest score have none."""
        # By power of two; some columns more than the score has bits, into which the last counters
        # may carry.
        columns: list[list[int]] = [[] for _ in range(highest.bit_length() + 3)]
        for power, literal in bits:
            columns[power].append(literal)
        for power in range(highest.bit_length()):
            self._start_groups(columns, power, highest.bit_length())
        while any(len(column) > 1 for column in columns):
            columns = self._level(columns, highest.bit_length())
        return self._padded([column[0] if column else ZERO for column in columns])

    def _level(self, columns: list[list[int]], width: int) -> list[list[int]]:
        """Use the counters of one level; return the bits that are left, and then the new ones."""
        made: list[list[int]] = [[] for _ in columns]
        for shape, power in _places(columns, self.lut_size):
            inputs = [
                (power + offset, columns[power + offset].pop(0))
                for offset, count in enumerate(shape)
                for _ in range(count)
            ]
            for weight, literal in self._counter(shape, power, inputs, width):
                made[weight].append(literal)
        return [old + new for old, new in zip(columns, made, strict=True)]

    def _counter(
        self, shape: tuple[int, ...], power: int, inputs: list[tuple[int, int]], width: int
    ) -> list[tuple[int, int]]:
        """Build a counter; the one of seven bits has a form of its own."""
        if shape != SEVEN:
            return super()._counter(shape, power, inputs, width)
        outputs = self._seven(power, [literal for _, literal in inputs], width)
        self._record(inputs, outputs)
        return outputs

    def _seven(self, power: int, pins: list[int], width: int) -> list[tuple[int, int]]:
        """Count seven bits by three full adders in a row, of which the parities are two LUT4.

        The first parity is taken with one bit more than the first adder has, and the second adder
        takes that bit off again: it reads it anyway.
        """
        a, b, c, d, e, f, g = pins
        node = self.builder.node
        parity = node(PARITY, [a, b, c, d])
        carries = [
            node(MAJORITY, [a, b, c]),
            node(SECOND, [parity, d, e]),
            node(THIRD, [parity, e, f, g]),
        ]
        low = [(power, node(PARITY, [parity, e, f, g]))]
        return low + [(power + 1, carry) for carry in carries if power + 1 < width]

    def _start_groups(self, columns: list[list[int]], power: int, width: int) -> None:
        """Count the votes of one weight in parity groups, as long as inputs are spare for that."""
        votes = [bit for bit in columns[power] if bit & ~1 in self._spare]
        columns[power] = [bit for bit in columns[power] if bit & ~1 not in self._spare]
        # Votes with most spare inputs first: they become parities; the last ones only go into them.
        ready = deque(sorted(votes, key=lambda bit: -self._spare[bit & ~1]))
        # A group whose highest bit were above the score would lose it.
        outputs = len(tables_of(GROUPS[self.lut_size][0]))
        while power + outputs <= width and self._row(columns, power, ready, width):
            pass
        columns[power] += sorted(ready)

    def _row(self, columns: list[list[int]], power: int, ready: deque[int], width: int) -> bool:
        """Build groups that go on from each other, and say whether there was one."""
        first, next_ = GROUPS[self.lut_size]
        before = ZERO
        held: list[tuple[int, int]] = []  # what the next group reads beside votes
        for shape in (first, *[next_] * (IN_ROW - 1)):
            votes = _group_votes(ready, self._spare, shape[0] - len(held[:1]), before == ZERO)
            if not votes:
                break
            inputs = [(power, literal) for literal in votes] + held
            outputs = self._counter(shape, power, inputs, width)
            self.groups.append(ParityGroup(tuple(votes), before, outputs[0][1]))
            before, held = outputs[0][1], outputs[: len(next_)]
            for weight, literal in outputs[len(next_) :]:
                columns[weight].append(literal)
        for weight, literal in held:
            columns[weight].append(literal)
        return before != ZERO


def _group_votes(ready: deque[int], spare: Mapping[int, int], count: int, first: bool) -> list[int]:
    """Take `count` literals, those with most spare inputs first, as few as form the parity.

    Each net that a node reads more makes one of two. ready: sorted by spare inputs, the most first.
    Nothing is taken where these are too few. first: no parity of an earlier group is to be read.
    """
    # A group of n votes has a parity of n terms, of which one is the vote itself: n - 1 nets must
    # find spare pins, and one more where the parity of the group before goes in.
    spares = accumulate(spare[bit & ~1] for bit in islice(ready, min(count, CODED)))
    used = next((n for n, found in enumerate(spares, 1) if found >= count - first), 0)
    if not used or len(ready) < count:
        return []
    return [ready.popleft() for _ in range(used)] + [ready.pop() for _ in range(count - used)]


def _places(columns: list[list[int]], lut_size: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield the counters of a level and their lowest weights, while the caller takes the bits."""
    for group in COUNTERS[lut_size]:
        found = False
        for shape in group:
            for power in range(len(columns) - len(shape) + 1):
                while all(len(columns[power + i]) >= count for i, count in enumerate(shape)):
                    found = True
                    yield shape, power
                    # A half adder removes no bit: it only moves one up. One per level is enough,
                    # from the lowest weight.
                    if shape[0] == 2:
                        return
        if found:
            return


MAJORITY = table_of(lambda a, b, c: a + b + c > 1, 3)
PARITY = table_of(lambda a, b, c, d: a ^ b ^ c ^ d, 4)
SECOND = table_of(lambda parity, d, e: (parity ^ d) + d + e > 1, 3)
THIRD = table_of(lambda parity, e, f, g: (parity ^ e) + f + g > 1, 4)
