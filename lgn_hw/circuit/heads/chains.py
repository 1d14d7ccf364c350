"""Count votes for LUT6 with carry chains: an adder takes bits through its LUTs and beside them.

In a Xilinx slice a carry chain adds, bit by bit, what a LUT gives and a net that goes past it. So
three LUTs turn five votes into a number of three bits and add another number and a carry to it:
nine bits become four, where counters of LUTs alone remove one bit each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product

from lgn_hw.circuit.heads.chain_layout import Adder, ChainLayout
from lgn_hw.circuit.heads.head import Head, tables_of
from lgn_hw.circuit.votes import Votes
from lgn_hw.errors import UsageError
from lgn_hw.netlist.builder import ZERO

__all__ = ["ChainTree"]


@dataclass(frozen=True)
class Shape:
    """An adder: how many bits of each weight its LUTs count, and how many go beside them.

    beside[0] holds the carry into the chain, too. Where nothing is counted, the second bit of a
    weight goes through the LUT as it is.
    """

    counted: tuple[int, ...]
    beside: tuple[int, ...]

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """Return how many bits of each weight it adds up."""
        more = self.counted + (0,) * (len(self.beside) - len(self.counted))
        return tuple(a + b for a, b in zip(more, self.beside, strict=True))

    def luts(self, bits_left: int) -> int:
        """Count the LUTs where scores have `bits_left` bits from the lowest one of the adder on."""
        return min(len(self.beside), bits_left)

    def outputs(self, bits_left: int) -> int:
        """Count the bits of the sum; its highest, where it is the carry out, takes no LUT."""
        return min(self._bits, bits_left)

    @cached_property
    def _bits(self) -> int:
        """Return how many bits the greatest sum has."""
        return sum(count << weight for weight, count in enumerate(self.inputs)).bit_length()

    def worth(self, bits_left: int) -> float:
        """Return how many bits it removes for each LUT."""
        return (sum(self.inputs) - self.outputs(bits_left)) / self.luts(bits_left)


LUT_SIZE = 6
# Five nets beside the one that goes past the LUT: six, which is what it can read.
COUNTED = {(5,): 3, (4, 1): 3, (3, 2): 3, (3,): 2}  # and the bits of their sum
SHAPES = [
    Shape(counted, beside)
    for counted, width in COUNTED.items()
    for beside in product(range(3), *[range(2)] * (width - 1))
]
FULL = [shape for shape in SHAPES if sum(shape.beside) == 4]  # nine bits to four, the most
FIRST = Shape((5,), (2, 0, 0))  # starts a number that others go on from
ROUNDS = range(1, 9)  # adders in a row that go on from one number; more save little
LEVEL = 0.5  # LUTs of a class that a level less is worth


class ChainTree(Head):
    """Count the votes of every class with adders in carry chains.

    Compressors that use LUTs and carry chain of a slice together are described by Kumm and Zipf
    ("Efficient high speed compression trees on Xilinx FPGAs", 2014); the shapes and the greedy plan
    here are our own. Most adders go on from the sums of earlier ones and take six more votes each.
    adders: by level, those of all classes; those of a level read nothing that another one of it
    gives.
    """

    lut_sizes = (LUT_SIZE,)
    carries = True
    bit_cost = 0.62

    def __init__(self, votes: Votes, lut_size: int) -> None:
        if lut_size != LUT_SIZE:
            raise UsageError(f"Carry chains have LUTs of {LUT_SIZE} inputs here, not {lut_size}")
        self.adders: list[list[Adder]] = []
        super().__init__(votes, lut_size)

    @property
    def luts(self) -> int:
        """Count the LUTs in front of all chains."""
        return sum(len(adder.first) for level in self.adders for adder in level)

    def layout(self) -> ChainLayout:
        """Return the adders as words, beside the netlist of what they compute."""
        return ChainLayout(self.netlist(), self.outputs, self.adders)

    def _count(self, bits: Sequence[tuple[int, int]], highest: int) -> list[int]:
        """Build the adders of the cheapest plan for so many bits of each weight."""
        columns: list[list[int]] = [[] for _ in range(highest.bit_length())]
        # Inverses and constants first: what goes through a LUT costs nothing there.
        for power, literal in sorted(bits, key=lambda bit: bit[1] > ZERO and not bit[1] & 1):
            columns[power].append(literal)
        plan = _plan(tuple(map(len, columns)))
        self.adders += [[] for _ in range(len(plan) - len(self.adders))]
        for level, shapes in zip(self.adders, plan, strict=False):
            made: list[tuple[int, int]] = []
            for shape, power in shapes:
                adder = self._adder(shape, power, columns)
                level.append(adder)
                made += enumerate(adder.total, power)
            for power, literal in made:
                columns[power].append(literal)
        return self._padded([column[0] if column else ZERO for column in columns])

    def _adder(self, shape: Shape, power: int, columns: list[list[int]]) -> Adder:
        """Build an adder of the first bits of the columns, and take these away."""
        bits_left = len(columns) - power
        # In the order of the shape's weights, because tables_of numbers the pins so.
        counted = [
            (power + i, columns[power + i].pop(0))
            for i, count in enumerate(shape.counted)
            for _ in range(count)
        ]
        # What goes past the LUT, by weight: one bit, or for the lowest weight two, the second being
        # the carry in.
        beside = [
            [columns[power + i].pop(0) for _ in range(count)]
            for i, count in enumerate(shape.beside)
        ]
        inputs = counted + [(power + i, bit) for i, row in enumerate(beside) for bit in row]
        if counted:
            pins = [bit for _, bit in counted]
            second = [self.builder.node(table, pins) for table in tables_of(shape.counted)]
        else:
            second = [row.pop(0) if len(row) > 1 else ZERO for row in beside]
        carry = beside[0].pop() if len(beside[0]) > 1 else ZERO
        first = [row.pop() if row else ZERO for row in beside]
        luts, total = shape.luts(bits_left), []
        carried = carry
        for position, pair in enumerate(zip(first[:luts], second[:luts], strict=True)):
            low, carried = self._full_adder(
                power + position,
                [*pair, carried],
                record=not counted,
                carries=position + 1 < bits_left,
            )
            total.append(low)
        if shape.outputs(bits_left) > luts:
            total.append(carried)
        if counted:
            self._record(inputs, list(enumerate(total, power)))
        return Adder(tuple(first[:luts]), tuple(second[:luts]), carry, tuple(total), bool(counted))

    def _full_adder(
        self, power: int, bits: list[int], *, record: bool, carries: bool
    ) -> tuple[int, int]:
        """Add up to three bits; return sum and carry.

        record: it is a counter of its own. carries: its carry is a bit of the score.
        """
        pins = [bit for bit in bits if bit != ZERO]
        if len(pins) < 2:
            return (*pins, ZERO, ZERO)[0], ZERO
        low, carry = (self.builder.node(table, pins) for table in tables_of((len(pins),)))
        if record:
            both = [(power, low), (power + 1, carry)]
            self._record([(power, pin) for pin in pins], both[: 1 + carries])
        return low, carry


Plan = tuple[tuple[tuple[Shape, int], ...], ...]


@cache
def _plan(counts: tuple[int, ...]) -> Plan:
    """Return adders, by level, that leave no more than one of so many bits of each weight."""
    # Sixteen drafts, of which the cheapest is built: which is best depends on how many votes there
    # are.
    plans = [_draft(counts, rounds, eager) for rounds in ROUNDS for eager in (False, True)]
    return min(plans, key=lambda plan: _price(plan, len(counts)))


def _price(plan: Plan, width: int) -> float:
    """Return the LUTs of a plan, with its levels as LUTs, too."""
    luts = sum(shape.luts(width - power) for level in plan for shape, power in level)
    return luts + LEVEL * len(plan)


def _draft(counts: tuple[int, ...], rounds: int, eager: bool) -> Plan:
    """Plan levels of full adders as long as there are any, and then of what removes most.

    rounds: how many adders shall go on from each other's sum. eager: of the last ones, too, as many
    as possible are in a level.
    """
    bench = _Bench(list(counts), [0] * len(counts))
    plan: list[tuple[tuple[Shape, int], ...]] = []
    # As many first adders as let each go on `rounds` times: seven votes for the first, six for each
    # further one.
    starts = -(-counts[0] // (7 + 6 * (rounds - 1))) if counts else 0
    while max(bench.left, default=0) > 1:
        level = [] if plan else bench.take(FIRST, 0, starts)
        for shape, power in product(FULL, range(len(counts))):
            level += bench.take(shape, power)
        for power in range(0 if plan else 1, len(counts)):
            level += bench.start(power)
        best = None if level else bench.best()
        while best:
            worth, shape, power = best
            level += bench.take(shape, power, 1)
            best = bench.best() if eager else None
            best = best if best and best[0] >= worth else None
        plan.append(tuple(level))
        # Sums of this level are bits to be counted in the next one, not in this one: a level is one
        # chain deep.
        bench.settle()
    return tuple(plan)


@dataclass
class _Bench:
    """Keep count, by weight, of the bits that a level can take and of those that it gives."""

    left: list[int]
    made: list[int]

    def fit(self, shape: Shape, power: int) -> int:
        """Say how many adders there are bits for."""
        if power + len(shape.inputs) > len(self.left) and any(
            shape.inputs[len(self.left) - power :]
        ):
            return 0
        pairs = zip(self.left[power:], shape.inputs, strict=False)
        return min(left // count for left, count in pairs if count)

    def take(self, shape: Shape, power: int, most: int | None = None) -> list[tuple[Shape, int]]:
        """Use as many adders as there are bits for, or `most`, and return them."""
        times = self.fit(shape, power)
        times = times if most is None else min(times, most)
        if not times:
            return []
        for weight, count in enumerate(shape.inputs):
            if count:
                self.left[power + weight] -= count * times
        for weight in range(shape.outputs(len(self.left) - power)):
            self.made[power + weight] += times
        return [(shape, power)] * times

    def settle(self) -> None:
        """End a level."""
        self.left = [left + made for left, made in zip(self.left, self.made, strict=True)]
        self.made = [0] * len(self.left)

    def start(self, power: int) -> list[tuple[Shape, int]]:
        """Start a number where many bits wait and there is none that they could be added to."""
        above = [self.left[i] + self.made[i] for i in range(power + 1, len(self.left))][:2]
        return [] if above and all(above) else self.take(FIRST, power, 1)

    def best(self) -> tuple[float, Shape, int] | None:
        """Return what removes most bits per LUT, and then most; None where no weight has two."""
        width = len(self.left)
        found = [
            (shape, power)
            for power in range(width)
            for shape in (*SHAPES, *self._plain(power))
            if shape.inputs[0] > 1 and self.fit(shape, power)
        ]

        def order(place: tuple[Shape, int]) -> tuple[float, int]:
            shape, power = place
            return shape.worth(width - power), sum(shape.inputs)

        chosen = max(found, key=order, default=None)
        return None if chosen is None else (order(chosen)[0], *chosen)

    def _plain(self, power: int) -> Iterator[Shape]:
        """Yield the adders of two numbers and a carry that begin at a weight."""
        beside: list[int] = []
        for count in self.left[power:]:
            if not count:
                return
            beside.append(min(count, 2 if beside else 3))
            yield Shape((), tuple(beside))
