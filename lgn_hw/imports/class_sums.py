"""Class sums found again: from the bits of a sum down to the votes that were added up.

The bits of a sum are literals of weights 1, 2, 4 and so on. Where s is the sum bit of an adder,
and c, of twice its weight, its carry, then 2 c + s = x + y + z, and the two give way to the three
inputs of their weight. When nothing but weight 1 is left, these are the votes. Candidates are found
by structure, as XORs, and by simulation; each step is then a claim that a SAT solver decides.
"""

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lgn_hw.imports.hashed import hashed
from lgn_hw.netlist.aig import Aig, to_netlist
from lgn_hw.netlist.evaluate import evaluate_words
from lgn_hw.prove.cec import check_equal
from lgn_hw.prove.watch import Watch

__all__ = ["MOST_VOTES", "votes_in_sums"]

WORDS = 48  # of 64 random samples each
# How often an input is 1 in a word's samples: of trained nets some votes are rare at a half.
DENSITIES = (0.5, 0.5, 0.25, 0.1, 0.75, 0.9)
ROUNDS = 20  # of guesses, each with the samples that refuted those before
FLIPPED = 0.05  # of the inputs, in samples near one that refuted
MOST_VOTES = 1 << 20
TOGETHER = 500  # claims in a pair of circuits
SPLIT = 4  # adders found, for each literal that is left of a sum's bits
Columns = list[list[int]]  # by weight, literals


def votes_in_sums(
    graph: Aig,
    widths: Sequence[int],
    *,
    sure: bool = False,
    timeout_s: float,
    watch: Watch | None = None,
) -> tuple[Aig, list[int]] | None:
    """Return a graph whose outputs are the votes, class by class, and how many each class has;
    proven to add up to the sums, and None where they are not found.

    graph: its outputs are the bits of the sums, widths[c] of class c, the lowest first. sure: that
    they are sums; otherwise, where more than a few bits of one cannot be taken apart, they are
    none. What is left counts by its weight, a literal of weight 4 as four votes. timeout_s: for all
    claims together.
    """
    simple = hashed(graph)
    if not _equal([(graph, simple)], timeout_s, watch):
        return None
    bits = np.split(simple.outputs, np.cumsum(widths)[:-1])
    samples, end = _samples(graph.num_inputs), time.monotonic() + timeout_s
    for _ in range(ROUNDS):
        draft = _Draft(simple, samples)
        found = [draft.peeled(part.tolist()) for part in bits]
        if not any(map(any, found)) or not (sure or all(map(_is_split, found))):
            return None
        if sum(len(column) << w for of in found for w, column in enumerate(of)) > MOST_VOTES:
            return None
        claims = draft.claims()
        left = (end - time.monotonic()) / max(1, len(claims))
        verdicts = check_equal(claims, timeout_s=max(1, left), watch=watch)
        if all(verdict.status == "equal" for verdict in verdicts):
            votes = [
                [literal for w, column in enumerate(of) for literal in column * (1 << w)]
                for of in found
            ]
            outputs = np.array([vote for of in votes for vote in of], np.int64)
            return Aig(graph.num_inputs, simple.ands, outputs), [len(of) for of in votes]
        wrong = [v.counterexample for v in verdicts if v.counterexample is not None]
        if not wrong or time.monotonic() > end:
            return None
        # What was guessed from samples is wrong: these samples, and others near them, say so.
        samples = np.concatenate([samples, *map(_near, wrong)], axis=1)
    return None


def _equal(pairs: list[tuple[Aig, Aig]], timeout_s: float, watch: Watch | None) -> bool:
    verdicts = check_equal(pairs, timeout_s=timeout_s, watch=watch)
    return all(verdict.status == "equal" for verdict in verdicts)


def _is_split(columns: Columns) -> bool:
    """Say whether so much was taken apart that the bits were a sum."""
    left = sum(map(len, columns[1:]))
    return left * SPLIT < len(columns[0])


def _samples(inputs: int) -> NDArray[np.uint64]:
    """Return uint64[inputs, WORDS], random samples of several densities."""
    rng = np.random.default_rng(0)
    density = np.resize(DENSITIES, WORDS)[:, None]
    return _packed(rng.random((inputs, WORDS, 64)) < density)


def _near(sample: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return uint64[inputs, 1]: a sample, and 63 others that differ from it in a few inputs."""
    flips = np.random.default_rng(0).random((len(sample), 1, 64)) < FLIPPED
    flips[:, :, 0] = False
    return _packed(sample[:, None, None] ^ flips)


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return uint64[..., words] of bool[..., words, 64]."""
    octets = np.packbits(bits, axis=-1, bitorder="little")
    return np.ascontiguousarray(octets).view(np.uint64)[..., 0]


class _Draft:
    """Take sums apart, and keep what has to be proven of it."""

    def __init__(self, graph: Aig, samples: NDArray[np.uint64]) -> None:
        self.graph = graph
        self._first, self._ands = graph.first_and, graph.ands.tolist()
        self._signatures = _simulated(graph, samples)
        self._proven: list[tuple[int, int]] = []  # literals that must be equal, old and new
        self._new: list[tuple[int, int]] = []  # ANDs behind those of the graph
        self._absent: list[tuple[int, int]] = []  # weights, and carries that are thought to be 0

    def peeled(self, bits: Sequence[int]) -> Columns:
        """Return the columns that are left of a sum when no adder is found any more."""
        columns = [self._without_zeros(weight, bit) for weight, bit in enumerate(bits)]
        self._absent = []
        found = True
        while found:  # from the highest weight down, as the carries of an adder come up
            found = False
            for weight in reversed(range(len(columns))):
                while self._peel(columns, weight):
                    found = True
        # The votes are the sum, and the carries that it has no bits for by their weight. One that
        # weighs more than all votes together is 0, and need not be proven to be.
        votes = sum(len(column) << weight for weight, column in enumerate(columns))
        self._proven += [(0, carry) for weight, carry in self._absent if 1 << weight <= votes]
        return columns

    def claims(self) -> list[tuple[Aig, Aig]]:
        """Return pairs of circuits that are equal where every step was right.

        Several, because ABC's time grows with the outputs of a pair far more than with the pairs.
        """
        ands = np.array([*self._ands, *self._new], np.int64).reshape(-1, 2)
        pairs = np.array(self._proven, np.int64).reshape(-1, 2)
        return [
            (
                Aig(self.graph.num_inputs, ands, part[:, 0]),
                Aig(self.graph.num_inputs, ands, part[:, 1]),
            )
            for part in np.split(pairs, range(TOGETHER, len(pairs), TOGETHER))
        ]

    def _peel(self, columns: Columns, weight: int) -> bool:
        """Replace one sum bit of a weight, and its carry, by what was added; say whether it did."""
        above = columns[weight + 1] if weight + 1 < len(columns) else []
        carries = {self._words(c).tobytes(): c for c in above}
        for bit in columns[weight]:
            for x, y, z in self._addends(bit):
                wanted = self._majority(x, y, z)
                # Words are wider than the sums in them: there never is a carry. Of votes, which are
                # no words, an XOR of what excludes each other is left as it is.
                found = 0 if weight and not wanted.any() else carries.get(wanted.tobytes())
                if found is None:
                    continue
                if found:
                    columns[weight + 1].remove(found)
                columns[weight].remove(bit)
                columns[weight] += self._without_zeros(weight, x, y, z)
                self._claim(bit, found, x, y, z, weight + 1)
                return True
        return False

    def _without_zeros(self, weight: int, *literals: int) -> list[int]:
        """Return the literals that are ever 1, and claim it of the others.

        Of votes, where a rare one does no harm, only the constant 0 is left out.
        """
        if weight == 0:
            return [x for x in literals if x]
        zeros = [x for x in literals if not self._words(x).any()]
        self._proven += [(x, 0) for x in zeros if x]
        return [x for x in literals if x not in zeros]

    def _addends(self, bit: int) -> Iterator[tuple[int, int, int]]:
        """Yield literals whose XOR is a literal: two and 0, or three."""
        pair = self._xor(bit)
        if pair is None:
            return
        yield (*pair, 0)
        yield (pair[0] ^ 1, pair[1] ^ 1, 0)
        # With a vote that is always 1: 1 + x + y, whose sum is the inverse of x ^ y.
        yield (pair[0] ^ 1, pair[1], 1)
        yield (pair[0], pair[1] ^ 1, 1)
        for one, other in (pair, pair[::-1]):
            inner = self._xor(one)
            if inner is not None:
                yield (*inner, other)
                # x ^ y is also ~x ^ ~y, which adds up to something else.
                yield (inner[0] ^ 1, inner[1] ^ 1, other)
                yield (inner[0] ^ 1, inner[1], other ^ 1)
                yield (inner[0], inner[1] ^ 1, other ^ 1)

    def _xor(self, literal: int) -> tuple[int, int] | None:
        """Return two literals whose XOR is a literal, by the structure of its ANDs."""
        sides = self._inputs(literal)
        if sides is None or not sides[0] & sides[1] & 1:
            return None
        both, neither = self._inputs(sides[0] ^ 1), self._inputs(sides[1] ^ 1)
        if both is None or neither is None or {x ^ 1 for x in both} != set(neither):
            return None
        return both[0] ^ (literal & 1), both[1]

    def _inputs(self, literal: int) -> tuple[int, int] | None:
        """Return what the AND of a literal reads; None of an input or a constant."""
        number = (literal >> 1) - self._first
        return None if number < 0 else tuple(self._ands[number])

    def _words(self, literal: int) -> NDArray[np.uint64]:
        words = self._signatures[literal >> 1]
        return ~words if literal & 1 else words

    def _majority(self, x: int, y: int, z: int) -> NDArray[np.uint64]:
        a, b, c = (self._words(literal) for literal in (x, y, z))
        return (a & b) | (c & (a | b))

    def _claim(self, bit: int, carry: int, x: int, y: int, z: int, weight: int) -> None:
        """Claim that an adder of three literals has this sum and this carry, of a weight."""
        half = self._exclusive(x, y)
        self._proven.append((bit, self._exclusive(half, z)))
        either = self._and(self._and(x, y) ^ 1, self._and(half, z) ^ 1) ^ 1
        if carry:
            self._proven.append((carry, either))
        else:
            self._absent.append((weight, either))

    def _exclusive(self, x: int, y: int) -> int:
        return self._and(self._and(x, y) ^ 1, self._and(x ^ 1, y ^ 1) ^ 1)

    def _and(self, x: int, y: int) -> int:
        self._new.append((x, y))
        return 2 * (self._first + len(self._ands) + len(self._new) - 1)


def _simulated(graph: Aig, samples: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return uint64[variables, words], each variable's values for the samples."""
    variables = 2 * np.arange(graph.first_and + len(graph.ands))
    return evaluate_words(to_netlist(Aig(graph.num_inputs, graph.ands, variables)), samples)
