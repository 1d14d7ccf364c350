"""Find the class with most votes: a tournament of comparators.

The form for cores without lut_size; circuit.argmax has the one made of LUTs.
"""

from typing import Any, TypeVar

from lgn_hw.circuit.argmax import class_width
from lgn_hw.circuit.backend import WordBackend
from lgn_hw.circuit.registers import BlockRegisters, Stages
from lgn_hw.hdl.block import Block

__all__ = ["Argmax", "class_width"]

V = TypeVar("V", bound=Any)


class Argmax(Block):
    """Choose the class with the highest score, the lowest class on a tie, each clock cycle.

    i_scores: num_classes unsigned numbers of `width` bits, class 0 lowest.
    o_class: the class, class_width(num_classes) bits, `latency` clock cycles later.
    o_scores: i_scores of the same sample, only where scores is true.

    Each level halves the candidates. Registers stand where registers says (see
    circuit.registers.Stages).
    """

    def __init__(
        self, num_classes: int, width: int, registers: BlockRegisters, *, scores: bool = False
    ) -> None:
        self.num_classes, self.width, self.scores = num_classes, width, scores
        self.stages = Stages((num_classes - 1).bit_length(), registers)
        self.latency = self.stages.latency
        total = num_classes * width
        sinks = {"o_class": class_width(num_classes)} | ({"o_scores": total} if scores else {})
        super().__init__(("i_scores", total), sinks)

    def lay_out(self, backend: WordBackend[V], source: V) -> tuple[V, ...]:
        """Return the class, and the scores where they are wanted: a tournament, a level per
        round.
        """
        scores, total = source, self.num_classes * self.width
        if self.stages.ends_at(0):
            # Scores are delayed beside the tournament, a register wherever it has one: they belong
            # to the same sample.
            scores = backend.register("scores0", total, scores)
        candidates = [self._candidate(backend, scores, c) for c in range(self.num_classes)]
        for level in range(1, max(1, self.stages.levels) + 1):
            winners = self._winners(backend, level, candidates)
            candidates = self._hold(backend, level, winners)
            if self.scores and self.stages.ends_at(level):
                scores = backend.register(f"scores{level}", total, scores)
        found = candidates[0][1]
        return (found, backend.slice(scores, 0, total)) if self.scores else (found,)

    def _candidate(self, backend: WordBackend[V], scores: V, number: int) -> tuple[V, V]:
        """Return a score and the number of its class."""
        score = backend.slice(scores, number * self.width, self.width)
        return score, backend.constant(number, class_width(self.num_classes))

    def _winners(
        self, backend: WordBackend[V], level: int, candidates: list[tuple[V, V]]
    ) -> list[tuple[V, V]]:
        """Let neighbours play; one that has no partner goes on."""
        pairs = list(zip(candidates[::2], candidates[1::2], strict=False))
        # Only a strictly higher score beats the earlier class.
        beats = backend.join(backend.exceeds(b, a) for (a, _), (b, _) in pairs)
        later = backend.wire(f"later{level}", len(pairs), beats)
        winners = []
        for index, ((a, class_a), (b, class_b)) in enumerate(pairs):
            wins = backend.slice(later, index, 1)
            # The number of the class travels beside its score, so that no decoder is needed at the
            # end.
            winners.append((backend.choose(wins, b, a), backend.choose(wins, class_b, class_a)))
        # The odd one out is the last one, so that candidates stay in the order of their classes.
        return winners + candidates[2 * len(pairs) :]

    def _hold(
        self, backend: WordBackend[V], level: int, candidates: list[tuple[V, V]]
    ) -> list[tuple[V, V]]:
        """Put the candidates of a level in one word, a register where a stage ends."""
        # One register for all candidates of a level: fewer names in the Verilog, and fewer events
        # in a simulator.
        size = self.width + class_width(self.num_classes)
        value = backend.join(value for candidate in candidates for value in candidate)
        ends = self.stages.ends_at(level)
        held = backend.hold(f"level{level}", size * len(candidates), value, register=ends)
        return [
            (
                backend.slice(held, i * size, self.width),
                backend.slice(held, i * size + self.width, size - self.width),
            )
            for i in range(len(candidates))
        ]
