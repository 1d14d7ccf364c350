"""Counters, each tried with all values of its inputs: what they make of votes is their number.

That a popcount counts is a statement about sums, which SAT solvers are bad at. Shown counter by
counter it is easy: a counter has at most nine inputs, so all values are tried, and the rest is
bookkeeping with weights.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lgn_hw.circuit.heads.head import Compressor, Head
from lgn_hw.netlist import FIRST_INPUT
from lgn_hw.netlist.builder import ZERO

__all__ = ["counting_fault", "counting_samples"]


def counting_fault(head: Head) -> str:
    """Follow the bits of every class through its counters: their weighted sum stays the score.

    Each counter is tried with all values of its inputs, with the tables that the netlist has. A
    bit that a counter leaves out has a weight above the highest score, so that the sum stays the
    same modulo the next power of two, and the score is below that. Returns what is wrong, or "".

    It takes time linear in the counters: equal counters of one shape are tried once (_adds_up is
    cached).
    """
    for number, counters in enumerate(head.counters):
        bits = Counter(head.initial[number])
        modulus = 1 << int(head.votes.highest[number]).bit_length()
        for counter in counters:
            # The bits that are there, with how often; a counter takes some away and puts others in
            # their place.
            bits.subtract(counter.inputs)
            if min(bits[bit] for bit in counter.inputs) < 0:
                return f"class {number} counts a bit twice"
            bits.update(counter.outputs)
            if not _keeps_sum(head, counter, modulus):
                return f"a counter of class {number}"
        score = head.outputs[number * head.width : (number + 1) * head.width]
        if +bits != Counter((i, literal) for i, literal in enumerate(score) if literal != ZERO):
            return f"class {number} leaves bits uncounted"
    return ""


def counting_samples(head: Head) -> NDArray[np.bool_]:
    """Return bool[samples, votes], as they are given, with which a class has few or many votes.

    Only so do the highest bits of its score change.
    """
    rng = np.random.default_rng(0)
    # Many samples near 0 and near 1: with coins alone the sum of many votes is always about half,
    # and the highest bits of the score never change.
    density = (1 - np.cos(np.pi * rng.random((2048, 1)))) / 2
    density[:8] = [[0], [1]] * 4
    votes = rng.random((len(density), len(head.votes.net))) < density
    for bits in head.initial:
        inverted = {literal >> 1 for _, literal in bits if literal & 1}
        # A class counts the inverse of these: many ones shall mean a high score.
        votes[:, [net - FIRST_INPUT for net in sorted(inverted) if net >= FIRST_INPUT]] ^= True
    for vote, others in head.terms.items():
        votes[:, vote] ^= votes[:, list(others)].sum(axis=1) % 2 == 1
    return votes


def _keeps_sum(head: Head, counter: Compressor, modulus: int) -> bool:
    """Say whether a counter keeps the weighted sum of its inputs, for all their values.

    modulus: a power of two above the highest score. A counter that reads a net which is no pin of
    its own keeps nothing, whatever its table says.
    """
    weight: Counter[int] = Counter()  # of a net that is taken twice the sum of both
    for power, literal in counter.inputs:
        weight[literal] += 1 << power
    pin = {literal: i for i, literal in enumerate(weight)}
    try:
        outputs = tuple((power, _formula(head, literal, pin)) for power, literal in counter.outputs)
    except LookupError:  # it reads what is no pin of its own
        return False
    return _adds_up(tuple(weight.values()), outputs, modulus)


# A pin's number, or a table and the formulas that it reads.
Formula = int | tuple[int, tuple["Formula", ...]]


def _formula(head: Head, literal: int, pin: Mapping[int, int]) -> Formula:
    """Follow a literal down to the pins of its counter.

    Raises LookupError where it ends at a net that the counter does not have.
    """
    if literal in pin:
        return pin[literal]
    table, read = head.builder.definition(literal)
    return table, tuple(_formula(head, source, pin) for source in read)


def _value(formula: Formula, entry: int) -> int:
    """Evaluate a formula for one entry: pin i is bit i."""
    if isinstance(formula, int):
        return entry >> formula & 1
    table, read = formula
    return table >> sum(_value(source, entry) << i for i, source in enumerate(read)) & 1


@cache
def _adds_up(
    weights: tuple[int, ...], outputs: tuple[tuple[int, Formula], ...], modulus: int
) -> bool:
    """Try every value of the pins.

    weights: of the pins. outputs: powers of two and formulas of pins. At most 2**9 entries are
    tried.
    """
    return all(
        sum(w for pin, w in enumerate(weights) if entry >> pin & 1) % modulus
        == sum(_value(formula, entry) << power for power, formula in outputs) % modulus
        for entry in range(1 << len(weights))
    )
