"""Counters, each tried with all values of its inputs: what they make of votes is their number."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lgn_hw.circuit.heads.counters import Compressor, Tally
from lgn_hw.netlist import FIRST_INPUT
from lgn_hw.netlist.builder import ZERO

__all__ = ["counting_fault", "counting_samples"]


def counting_fault(tally: Tally) -> str:
    """Follow the bits of every class through its counters: their weighted sum stays the score.

    Each counter is tried with all values of its inputs, with the tables that the netlist has. A
    bit that a counter leaves out has a weight above the highest score, so that the sum stays the
    same modulo the next power of two, and the score is below that. Returns what is wrong, or "".
    """
    for number, counters in enumerate(tally.counters):
        bits = Counter(tally.initial[number])
        modulus = 1 << int(tally.votes.highest[number]).bit_length()
        for counter in counters:
            bits.subtract(counter.taken)
            if min(bits[bit] for bit in counter.taken) < 0:
                return f"class {number} counts a bit twice"
            bits.update(counter.given)
            if not _keeps_sum(tally, counter, modulus):
                return f"a counter of class {number}"
        score = tally.outputs[number * tally.width : (number + 1) * tally.width]
        if +bits != Counter((i, literal) for i, literal in enumerate(score) if literal != ZERO):
            return f"class {number} leaves bits uncounted"
    return ""


def counting_samples(tally: Tally, terms: Mapping[int, Sequence[int]]) -> NDArray[np.bool_]:
    """Return bool[samples, votes], as they are given, with which a class has few or many votes.

    Only so do the highest bits of its score change. terms: as in blocks.parity.Parities.
    """
    rng = np.random.default_rng(0)
    density = (1 - np.cos(np.pi * rng.random((2048, 1)))) / 2
    density[:8] = [[0], [1]] * 4
    votes = rng.random((len(density), len(tally.votes.net))) < density
    for bits in tally.initial:
        inverted = {literal >> 1 for _, literal in bits if literal & 1}
        votes[:, [net - FIRST_INPUT for net in sorted(inverted) if net >= FIRST_INPUT]] ^= True
    for vote, others in terms.items():
        votes[:, vote] ^= votes[:, list(others)].sum(axis=1) % 2 == 1
    return votes


def _keeps_sum(tally: Tally, counter: Compressor, modulus: int) -> bool:
    weight: Counter[int] = Counter()  # of a net that is taken twice the sum of both
    for power, literal in counter.taken:
        weight[literal] += 1 << power
    pin = {literal: i for i, literal in enumerate(weight)}
    try:
        given = tuple((power, _formula(tally, literal, pin)) for power, literal in counter.given)
    except LookupError:  # it reads what is no pin of its own
        return False
    return _adds_up(tuple(weight.values()), given, modulus)


# A pin's number, or a table and the formulas that it reads.
Formula = int | tuple[int, tuple["Formula", ...]]


def _formula(tally: Tally, literal: int, pin: Mapping[int, int]) -> Formula:
    """Follow a literal down to the pins of its counter."""
    if literal in pin:
        return pin[literal]
    table, read = tally.builder.definition(literal)
    return table, tuple(_formula(tally, source, pin) for source in read)


def _value(formula: Formula, entry: int) -> int:
    if isinstance(formula, int):
        return entry >> formula & 1
    table, read = formula
    return table >> sum(_value(source, entry) << i for i, source in enumerate(read)) & 1


@cache
def _adds_up(
    weights: tuple[int, ...], given: tuple[tuple[int, Formula], ...], modulus: int
) -> bool:
    return all(
        sum(w for pin, w in enumerate(weights) if entry >> pin & 1) % modulus
        == sum(_value(formula, entry) << power for power, formula in given) % modulus
        for entry in range(1 << len(weights))
    )
