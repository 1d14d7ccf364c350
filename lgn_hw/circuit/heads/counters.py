"""Count votes with compressor trees: counters that fill a LUT, until each weight has one bit."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, islice

from lgn_hw.circuit.votes import Votes
from lgn_hw.errors import UsageError
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.builder import ONE, ZERO, Builder, table_of
from lgn_hw.passes.collapse import collapse

__all__ = ["COUNTERS", "Compressor", "Tally", "Window", "popcount_netlist", "score_width"]

# A counter takes shape[i] bits of weight 2**i and gives their sum in binary, one LUT a bit. In
# groups of equal value, the best first: what a counter removes over what it costs. SEVEN is
# different (see Tally._seven): three carries, and five LUT4 in all.
SEVEN = (7,)
COUNTERS: dict[int, tuple[tuple[tuple[int, ...], ...], ...]] = {
    4: ((SEVEN,), ((3,),), ((2,),)),
    6: (((6,), (5, 1)), ((3, 2), (4, 1), (5,)), ((3,),), ((2, 2),), ((2,),)),
}
# The counters of windows: the first of a chain, and those that go on from it, reading its parity
# and what else their shape has beside the votes.
WINDOWS: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {4: ((3,), (3,)), 6: ((6,), (5, 1))}
# Windows in a row, and votes in one whose nodes give parities: more save little, and are deeper.
CHAIN, CODED = 2, 3


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


@dataclass(frozen=True)
class Window:
    """Bits of one weight in a counter, the parity of which the votes' own nodes can form.

    votes: literals of inputs. before: the literal of the parity of an earlier window, or ZERO.
    parity: the literal of all their parity.
    """

    votes: tuple[int, ...]
    before: int
    parity: int


@dataclass
class Tally:
    """Count the votes for every class in one netlist, and keep the record of every counter.

    First come windows: counters of six bits whose lowest output costs no LUT, because the nodes of
    the votes have room for it (see blocks.parity). Then levels: each takes the bits that are there
    when it starts and uses all counters of the best group that fits anywhere; other bits wait.
    Counters of two bits of the lowest weight, which remove little or nothing, come last, one a
    level: they carry from the lowest weight upwards.

    votes: their nets are the netlist's inputs, in order. lut_size: 4 or 6. room: for each vote how
    many nets its node can read beside its own, 0 where it must stay as it is; nothing for no room.
    outputs: the literals of the scores, class 0 first, `width` bits each.
    counters: for each class, in the order in which they were made.
    initial: for each class the bits counted, as Compressor has them.
    """

    votes: Votes
    lut_size: int
    room: Sequence[int] = ()
    builder: Builder = field(init=False)
    windows: list[Window] = field(init=False)
    initial: list[list[tuple[int, int]]] = field(init=False)
    counters: list[list[Compressor]] = field(init=False)
    outputs: list[int] = field(init=False)

    def __post_init__(self) -> None:
        if self.lut_size not in COUNTERS:
            raise UsageError(f"LUTs have {sorted(COUNTERS)} inputs here, not {self.lut_size}")
        self.builder = Builder(len(self.votes.net))
        self.initial, self.counters, self.outputs, self.windows = [], [], [], []
        self._room = dict(zip(self.builder.inputs, self.room, strict=False))
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
        for power in range(highest.bit_length()):
            self._windows(columns, power, highest.bit_length())
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
            for weight, literal in self._counter(shape, power, taken, width):
                made[weight].append(literal)
        return [old + new for old, new in zip(columns, made, strict=True)]

    def _counter(
        self, shape: tuple[int, ...], power: int, taken: list[tuple[int, int]], width: int
    ) -> list[tuple[int, int]]:
        """Build a counter and return its bits; those above the highest score are left out."""
        pins = [literal for _, literal in taken]
        if shape == SEVEN:
            given = self._seven(power, pins, width)
        else:
            given = [
                (power + bit, self.builder.node(table, pins))
                for bit, table in enumerate(tables_of(shape))
                if power + bit < width
            ]
        self.counters[-1].append(Compressor(tuple(taken), tuple(given)))
        return given

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
        given = [(power, node(PARITY, [parity, e, f, g]))]
        return given + [(power + 1, carry) for carry in carries if power + 1 < width]

    def _windows(self, columns: list[list[int]], power: int, width: int) -> None:
        """Count the votes of one weight in windows, as long as they have room for that."""
        votes = [bit for bit in columns[power] if bit & ~1 in self._room]
        columns[power] = [bit for bit in columns[power] if bit & ~1 not in self._room]
        ready = deque(sorted(votes, key=lambda bit: -self._room[bit & ~1]))
        outputs = len(tables_of(WINDOWS[self.lut_size][0]))
        while power + outputs <= width and self._chain(columns, power, ready, width):
            pass
        columns[power] += sorted(ready)

    def _chain(self, columns: list[list[int]], power: int, ready: deque[int], width: int) -> bool:
        """Build windows that go on from each other, and say whether there was one."""
        first, next_ = WINDOWS[self.lut_size]
        before = ZERO
        held: list[tuple[int, int]] = []  # what the next window reads beside votes
        for shape in (first, *[next_] * (CHAIN - 1)):
            votes = _window_votes(ready, self._room, shape[0] - len(held[:1]), before == ZERO)
            if not votes:
                break
            taken = [(power, literal) for literal in votes] + held
            given = self._counter(shape, power, taken, width)
            self.windows.append(Window(tuple(votes), before, given[0][1]))
            before, held = given[0][1], given[: len(next_)]
            for weight, literal in given[len(next_) :]:
                columns[weight].append(literal)
        for weight, literal in held:
            columns[weight].append(literal)
        return before != ZERO


def _window_votes(ready: deque[int], room: Mapping[int, int], count: int, first: bool) -> list[int]:
    """Take `count` literals, those with most room first, as few of these as form the parity.

    Each net that a node reads more makes one of two. ready: sorted by room, the most first. Nothing
    is taken where there is too little room. first: no parity of an earlier window is to be read.
    """
    rooms = accumulate(room[bit & ~1] for bit in islice(ready, min(count, CODED)))
    used = next((n for n, found in enumerate(rooms, 1) if found >= count - first), 0)
    if not used or len(ready) < count:
        return []
    return [ready.popleft() for _ in range(used)] + [ready.pop() for _ in range(count - used)]


def popcount_netlist(votes: Votes, lut_size: int) -> Netlist:
    """Return votes to scores, each of score_width(votes.highest) bits, class 0 first.

    Raises UsageError where lut_size is not 4 or 6.
    """
    return collapse(Tally(votes, lut_size).netlist(), lut_size)


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


MAJORITY = table_of(lambda a, b, c: a + b + c > 1, 3)
PARITY = table_of(lambda a, b, c, d: a ^ b ^ c ^ d, 4)
SECOND = table_of(lambda parity, d, e: (parity ^ d) + d + e > 1, 3)
THIRD = table_of(lambda parity, e, f, g: (parity ^ e) + f + g > 1, 4)


@cache
def tables_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the truth tables of a counter's bits, lowest first; its pins are those of shape."""
    weights = [1 << offset for offset, count in enumerate(shape) for _ in range(count)]

    def bit(number: int) -> Callable[..., int]:
        return lambda *pins: sum(w for w, p in zip(weights, pins, strict=True) if p) >> number & 1

    return tuple(table_of(bit(i), len(weights)) for i in range(sum(weights).bit_length()))


def _powers(number: int) -> list[int]:
    return [power for power in range(number.bit_length()) if number >> power & 1]
