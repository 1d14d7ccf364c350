"""The plainest argmax that still is a tournament, and the check that it finds the highest score."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lgn_hw.circuit.argmax import class_width
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.builder import ONE, ZERO, Builder, table_of
from lgn_hw.prove.reference import GREATER

__all__ = ["Match", "Tournament"]

CHOOSE = table_of(lambda wins, earlier, later: later if wins else earlier, 3)


@dataclass(frozen=True)
class Match:
    """Two candidates, the nodes that compare them from the lowest bit up, and the winner.

    A candidate is the literals of a score, then those of the number of its class.
    """

    earlier: tuple[int, ...]
    later: tuple[int, ...]
    compares: tuple[int, ...]
    winner: tuple[int, ...]


@dataclass
class Tournament:
    """Find the class with the highest score, the lowest number on a tie; a record of every match.

    highest: a bound for each class; bits of a score above it are taken as 0. width: the bits of
    each score, the inputs, class 0 first.

    candidates: those of the first round, in order. matches: in the order in which they are played;
    neighbours play each other, and an odd one out goes on alone. outputs: the class' number.
    """

    highest: Sequence[int]
    width: int
    builder: Builder = field(init=False)
    candidates: list[tuple[int, ...]] = field(init=False)
    matches: list[Match] = field(init=False, default_factory=list)
    outputs: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.builder = Builder(len(self.highest) * self.width)
        self.candidates = [self._candidate(c, bound) for c, bound in enumerate(self.highest)]
        left = self.candidates
        while len(left) > 1:
            winners = [self._play(a, b) for a, b in zip(left[::2], left[1::2], strict=False)]
            left = winners + left[2 * len(winners) :]
        self.outputs = left[0][self.width :]

    def netlist(self, *, scores: bool = False) -> Netlist:
        """Return the netlist as it was built; where scores is true its inputs are outputs too."""
        return self.builder.netlist([*self.outputs, *(self.builder.inputs if scores else ())])

    def fault(self) -> str:
        """Say what is wrong with the record; nothing where the winner is what it must be.

        Of classes that stand side by side each candidate has the highest score, and the lowest
        number of those that reach it. That is so at first, and a match of neighbours keeps it where
        the later one wins if and only if its score is strictly higher.
        """
        left = [(c, c + 1, candidate) for c, candidate in enumerate(self.candidates)]
        for number, match in enumerate(self.matches):
            if not self._is_fair(match):
                return f"match {number}"
            # Candidates are told apart by their literals: two with the same literals are the same
            # values.
            # left: for each candidate still in, the classes first to end - 1 that it stands for.
            pair = [place for place, (*_, who) in enumerate(left) if who == match.earlier][:1]
            place = pair[0] if pair else len(left)
            if [who for *_, who in left[place + 1 : place + 2]] != [match.later]:
                return f"match {number} is not one of neighbours"
            left[place : place + 2] = [(left[place][0], left[place + 1][1], match.winner)]
        if [(first, end) for first, end, _ in left] != [(0, len(self.highest))]:
            return "classes that no match compares"
        return "" if left[0][2][self.width :] == self.outputs else "the result is not the winner's"

    def _candidate(self, number: int, bound: int) -> tuple[int, ...]:
        """Return the score of a class as literals; bits above its bound are constant 0.

        bound: the highest score that the class can have; higher bits are constant, so that no
        comparison looks at them.
        """
        start, used = number * self.width, bound.bit_length()
        score = self.builder.inputs[start : start + used] + [ZERO] * (self.width - used)
        bits = range(class_width(len(self.highest)))
        return (*score, *(ONE if number >> bit & 1 else ZERO for bit in bits))

    def _play(self, earlier: tuple[int, ...], later: tuple[int, ...]) -> tuple[int, ...]:
        """Build one match: a comparison, and a choice of each bit.

        A comparison from the lowest bit: the later one wins so far where it has a 1 against a 0, or
        the bits are equal and it won below. Returns the winner's literals.
        """
        compares, below = [], ZERO
        for bit in range(self.width):
            below = self.builder.node(GREATER, [below, later[bit], earlier[bit]])
            compares.append(below)
        winner = tuple(
            self.builder.node(CHOOSE, [below, *pins]) for pins in zip(earlier, later, strict=True)
        )
        self.matches.append(Match(earlier, later, tuple(compares), winner))
        return winner

    def _is_fair(self, match: Match) -> bool:
        """Say whether the nodes of a match are a comparison from the lowest bit, and the choice.

        What a match must be is written here again, and not taken from _play: the check must not
        share the fault that it looks for.
        """
        below = (ZERO, *match.compares[:-1])
        compared = zip(below, match.later, match.earlier, strict=False)
        chosen = zip(match.earlier, match.later, strict=True)
        expected = [(GREATER, pins) for pins in compared][: self.width]
        expected += [(CHOOSE, (match.compares[-1], *pins)) for pins in chosen]
        nodes = [self.builder.definition(literal) for literal in match.compares + match.winner]
        return len(match.compares) == self.width and nodes == expected
