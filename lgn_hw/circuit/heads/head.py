"""What every head is: a tree of counters or adders, with the record that proves it.

The record of Compressors is what a proof follows (prove.counting): each counter is small enough to
be tried with all values of its inputs, and the sums that they keep add up to the score. A proof of
the whole tree by SAT alone would not end, because of its XORs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from lgn_hw.circuit.heads.layout import Layout
from lgn_hw.circuit.votes import Votes
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.builder import ONE, ZERO, Builder, table_of
from lgn_hw.passes.dead import remove_dead_nodes

__all__ = ["Compressor", "Head", "score_width", "tables_of"]


def score_width(sizes: Iterable[int]) -> int:
    """Return the bits of each score where class c has at most sizes[c] votes; at least 1."""
    return max(1, max(sizes, default=0).bit_length())


@dataclass(frozen=True)
class Compressor:
    """One generalized parallel counter: sum of 2**weight * literal over inputs = over outputs.

    inputs, outputs: pairs of (weight as a power of two, literal).
    """

    inputs: tuple[tuple[int, int], ...]
    outputs: tuple[tuple[int, int], ...]


class Head(ABC):
    """Count the votes of every class, and keep the record of every counter.

    A head is built as a netlist on literals (see netlist.builder). How it counts is what a subclass
    says in `_count`.

    votes: their nets are the netlist's inputs, in order. lut_size: inputs of a LUT.
    width: the bits of each score. outputs: the literals of the scores, class 0 first.
    initial: for each class the bits counted, as Compressor has them. counters: for each class, in
    the order in which they were made. terms: for some votes the other votes, by number, whose
    parity the gates give it with; see `decoded`.

    For a new head: subclass, name it in heads.HEADS, and in synth.targets where `--lut` shall
    choose it. CONTRIBUTING.md has the steps.
    """

    lut_sizes: ClassVar[tuple[int | None, ...]]
    # Whether its adders are for carry chains, which then stay adders down to the LUTs.
    carries: ClassVar[bool] = False
    # What a bit costs that is to be counted, in LUTs; None: as passes.vote_groups has it.
    bit_cost: ClassVar[float | None] = None
    terms: Mapping[int, tuple[int, ...]] = {}

    def __init__(self, votes: Votes, lut_size: int) -> None:
        self.votes, self.lut_size = votes, lut_size
        self.width = score_width(votes.highest.tolist())
        self.builder = Builder(len(votes.net))
        self.initial: list[list[tuple[int, int]]] = []
        self.counters: list[list[Compressor]] = []
        self.outputs: list[int] = []
        for class_number, highest in enumerate(votes.highest.tolist()):
            self.initial.append(self._bits(class_number))
            self.counters.append([])
            self.outputs += self._count(self.initial[-1], highest)

    @classmethod
    def of(cls, votes: Votes, netlist: Netlist, lut_size: int) -> "Head":
        """Return the head for the votes of a classifier's netlist."""
        return cls(votes, lut_size)

    @abstractmethod
    def _count(self, bits: Sequence[tuple[int, int]], highest: int) -> list[int]:
        """Add up the bits of a class; return the literals of its score, `width` of them."""

    def netlist(self) -> Netlist:
        """Return votes to scores as it was built, with constants and inverters still in it."""
        return self.builder.netlist(self.outputs)

    def logic(self, netlist: Netlist) -> Netlist:
        """Return a netlist, whose outputs are the votes, as the gates must give them."""
        return remove_dead_nodes(netlist)

    def decoded(self) -> Netlist:
        """Return what the gates give to the votes; the inverse of what `logic` does."""
        builder = Builder(len(self.votes.net))
        return builder.netlist(builder.inputs)

    def popcount(self) -> Netlist:
        """Return what the gates give to scores, as it is built where there is no layout."""
        return self.netlist()

    def layout(self) -> Layout | None:
        """Return how it is written in words; None where `popcount` is built node by node."""
        return None

    @property
    def luts(self) -> int | None:
        """Count the LUTs as they are written; None where each node of `popcount` is one."""
        return None

    def _bits(self, class_number: int) -> list[tuple[int, int]]:
        """Return the bits whose weights add up to a class's score.

        A negative weight counts the inverse instead, and the offset becomes that much lower.
        """
        offset, bits = int(self.votes.offset[class_number]), []
        weights = self.votes.weight[:, class_number].tolist()
        for literal, weight in zip(self.builder.inputs, weights, strict=True):
            # w * x = w + |w| * (1 - x) for a negative w: the inverse is counted, and the constant
            # taken off.
            offset += min(0, weight)
            bits += [(power, literal ^ (weight < 0)) for power in _powers(abs(weight))]
        return bits + [(power, ONE) for power in _powers(offset)]

    def _counter(
        self, shape: tuple[int, ...], power: int, inputs: list[tuple[int, int]], width: int
    ) -> list[tuple[int, int]]:
        """Build a counter and return its bits; those above the highest score are left out."""
        pins = [literal for _, literal in inputs]
        outputs = [
            (power + bit, self.builder.node(table, pins))
            for bit, table in enumerate(tables_of(shape))
            if power + bit < width
        ]
        self._record(inputs, outputs)
        return outputs

    def _record(self, inputs: list[tuple[int, int]], outputs: list[tuple[int, int]]) -> None:
        """Keep a counter for the proof: what it took, and what it gave."""
        self.counters[-1].append(Compressor(tuple(inputs), tuple(outputs)))

    def _padded(self, score: list[int]) -> list[int]:
        """Widen a score to `width` literals; bits above the highest score fall off."""
        return (score + [ZERO] * self.width)[: self.width]


@cache
def tables_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the truth tables of a counter's bits, lowest first; its pins are those of shape."""
    weights = [1 << offset for offset, count in enumerate(shape) for _ in range(count)]

    def bit(number: int) -> Callable[..., int]:
        return lambda *pins: sum(w for w, p in zip(weights, pins, strict=True) if p) >> number & 1

    return tuple(table_of(bit(i), len(weights)) for i in range(sum(weights).bit_length()))


def _powers(number: int) -> list[int]:
    """Return the powers of two that a number is the sum of, as exponents."""
    return [power for power in range(number.bit_length()) if number >> power & 1]
