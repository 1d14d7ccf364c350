"""Count the votes one word after the other, and keep the best class: small where time abounds.

The votes of a class are read `lanes` at a time by a counter, so their multiplexer is most of the
circuit; the adder, the comparison and two registers are shared by all classes.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.circuit.argmax import class_width
from lgn_hw.circuit.heads.head import score_width

__all__ = ["SerialArgmax"]


class SerialArgmax(wiring.Component):
    """Find the class with most votes, the lowest class on a tie, in `cycles` clock cycles.

    sizes: how many votes each class has; they may differ, and may be 0. lanes: how many votes
    are counted in a clock cycle.
    i_votes: all votes, class 0 lowest; they must not change from i_start until o_done.
    i_start: for one clock cycle; the count starts again. o_done: for one clock cycle, `cycles`
    later; o_class: the class, from then until the next i_start.

    A vote costs a part of a multiplexer, 0.7 to 0.9 LUTs with four inputs; popcount.Popcount, which
    counts all in one clock cycle, takes about 2.3.
    """

    def __init__(self, sizes: Sequence[int], lanes: int) -> None:
        self.sizes, self.lanes = tuple(sizes), lanes
        self.words = max(1, -(-max(sizes) // lanes))  # of each class, padded with zeros
        self.cycles = self.words * len(sizes) + 2
        super().__init__(
            {
                "i_votes": In(sum(sizes)),
                "i_start": In(1),
                "o_class": Out(class_width(len(sizes))),
                "o_done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        position, number = Signal(range(self.words)), Signal(range(len(self.sizes)))
        running, ends = Signal(), Signal()
        m.d.comb += ends.eq(position == self.words - 1)
        with m.If(self.i_start):
            m.d.sync += [running.eq(1), position.eq(0), number.eq(0)]
        with m.Elif(running):
            m.d.sync += position.eq(Mux(ends, 0, position + 1))
            with m.If(ends):
                m.d.sync += number.eq(number + 1)
                with m.If(number == len(self.sizes) - 1):
                    m.d.sync += running.eq(0)

        word, of_class = Signal(self.lanes), Signal.like(number)
        counting, complete = Signal(), Signal()
        selected = [_select(m, f"class{c}", of, position) for c, of in enumerate(self._words())]
        m.d.sync += [
            word.eq(_select(m, "word", selected, number)),
            of_class.eq(number),
            counting.eq(running & ~self.i_start),
            complete.eq(running & ~self.i_start & ends),
        ]
        self._count(m, word, of_class, counting, complete)
        return m

    def _count(
        self, m: Module, word: Value, of_class: Value, counting: Value, complete: Value
    ) -> None:
        """Add up the words of a class; at its end keep it if it beats the best so far."""
        count, best = (Signal(score_width(self.sizes), name=name) for name in ("count", "best"))
        total = Signal.like(count)
        m.d.comb += total.eq(count + _sum(list(word)))
        m.d.sync += self.o_done.eq(complete & (of_class == len(self.sizes) - 1))
        with m.If(counting):
            m.d.sync += count.eq(Mux(complete, 0, total))
            # Only a strictly higher score beats the earlier class.
            # best begins at 0 and the class at 0: a class that has no votes never replaces it.
            with m.If(complete & (total > best)):
                m.d.sync += [best.eq(total), self.o_class.eq(of_class)]
        with m.If(self.i_start):
            m.d.sync += [count.eq(0), best.eq(0), self.o_class.eq(0)]

    def _words(self) -> list[list[Value]]:
        """Return the words of each class, each of `lanes` votes."""
        by_class, start = [], 0
        for size in self.sizes:
            padding = Const(0, self.words * self.lanes - size)
            votes = Cat(self.i_votes[start : start + size], padding)
            by_class.append([votes.word_select(i, self.lanes) for i in range(self.words)])
            start += size
        return by_class


def _select(m: Module, name: str, values: list[Value], index: Value) -> Value:
    """Return values[index] by halving: a shift by the index would take more LUTs."""
    width = len(values[0])
    for level, choice in enumerate(index):
        if len(values) == 1:
            break
        values = [*values, *([values[-1]] if len(values) % 2 else [])]
        chosen = Signal(width * len(values) // 2, name=f"{name}_{level}")
        m.d.comb += chosen.eq(Mux(choice, Cat(values[1::2]), Cat(values[::2])))
        values = [chosen[i * width : (i + 1) * width] for i in range(len(values) // 2)]
    return values[0]


def _sum(bits: list[Value]) -> Value:
    """Add by halves; a chain of additions would be as deep as there are bits."""
    half = len(bits) // 2
    return _sum(bits[:half]) + _sum(bits[half:]) if half else bits[0]
