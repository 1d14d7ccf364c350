"""Find the class with most votes: a tournament of comparators."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.blocks.argmax import class_width
from lgn_hw.hdl.stages import Cuts, Stages

__all__ = ["Argmax", "class_width"]


class Argmax(wiring.Component):
    """Choose the class with the highest score, the lowest class on a tie, each clock cycle.

    i_scores: num_classes unsigned numbers of `width` bits, class 0 lowest.
    o_class: the class, class_width(num_classes) bits, `latency` clock cycles later.
    o_scores: i_scores of the same sample, only where scores is true.

    Each level halves the candidates. Registers stand after every levels_per_stage levels and at
    the end (see stages.Stages).
    """

    def __init__(
        self, num_classes: int, width: int, levels_per_stage: Cuts, *, scores: bool = False
    ) -> None:
        self.num_classes, self.width, self.scores = num_classes, width, scores
        self.stages = Stages((num_classes - 1).bit_length(), levels_per_stage)
        self.latency = self.stages.latency
        total = num_classes * width
        ports = {"i_scores": In(total), "o_class": Out(class_width(num_classes))}
        super().__init__(ports | ({"o_scores": Out(total)} if scores else {}))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        candidates = [self._candidate(number) for number in range(self.num_classes)]
        scores: Value = self.i_scores
        for level in range(1, max(1, self.stages.levels) + 1):
            candidates = self._hold(m, level, self._winners(m, level, candidates))
            if self.scores and self.stages.ends_at(level):
                delayed = Signal(len(scores), name=f"scores{level}", reset_less=True)
                m.d.sync += delayed.eq(scores)
                scores = delayed
        m.d.comb += self.o_class.eq(candidates[0][self.width :])
        if self.scores:
            m.d.comb += self.o_scores.eq(scores)
        return m

    def _candidate(self, number: int) -> Value:
        """Join a score (lower) and the number of its class (upper)."""
        score = self.i_scores[number * self.width : (number + 1) * self.width]
        return Cat(score, Const(number, class_width(self.num_classes)))

    def _winners(self, m: Module, level: int, candidates: list[Value]) -> list[Value]:
        pairs = list(zip(candidates[::2], candidates[1::2], strict=False))
        later = Signal(len(pairs), name=f"later{level}")
        # Only a strictly higher score beats the earlier class.
        m.d.comb += later.eq(Cat(b[: self.width] > a[: self.width] for a, b in pairs))
        winners = [Mux(wins, b, a) for wins, (a, b) in zip(later, pairs, strict=True)]
        return winners + candidates[2 * len(pairs) :]

    def _hold(self, m: Module, level: int, candidates: list[Value]) -> list[Value]:
        size = self.width + class_width(self.num_classes)
        held = Signal(size * len(candidates), name=f"level{level}", reset_less=True)
        domain = m.d.sync if self.stages.ends_at(level) else m.d.comb
        domain += held.eq(Cat(candidates))
        return [held[i * size : (i + 1) * size] for i in range(len(candidates))]
