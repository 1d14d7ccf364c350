"""Add up votes where they arise: a few that read few nets become the bits of their sum.

A vote is one output of the netlist. Two votes that read three nets together can be replaced by the
two bits of their sum, which are functions of the same three nets: the popcount then has one bit of
weight 1 and one of weight 2 to add instead of two of weight 1. This changes outputs, and so a proof
needs to know what became of which: see Blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.netlist import MAX_FANIN, Netlist
from lgn_hw.netlist.functions import functions_of
from lgn_hw.passes.dead import remove_dead_nodes
from lgn_hw.passes.simplify import simplify
from lgn_hw.passes.vote_groups import MOST_MOVES, MOVES, ReachablePatterns, Sum, VoteGroups

__all__ = ["Blocks", "sum_votes"]

SUMS = "sums"  # the entry of a classifier's provenance that holds its blocks


@dataclass(frozen=True)
class Blocks:
    """Say which outputs of two classifiers add up to the same number.

    of: the digest of the classifier that was changed. pairs: (outputs of it, outputs of the changed
    one); each output is in one pair. A hint for a proof, which does not rely on it.
    """

    of: str
    pairs: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]

    @classmethod
    def read(cls, classifier: Classifier) -> "Blocks | None":
        """Return what sum_votes left in a classifier's provenance, if it did."""
        found = classifier.provenance.get(SUMS)
        if found is None:
            return None
        return cls(found["of"], tuple((tuple(a), tuple(b)) for a, b in found["pairs"]))


def sum_votes(
    classifier: Classifier,
    lut_size: int,
    *,
    bit_cost: float | None = None,
    of: str | None = None,
) -> Classifier:
    """Return a classifier with the same scores whose votes are fewer and take fewer LUTs.

    Votes of a class that together read at most lut_size nets are replaced by the bits of their sum,
    a node each; a bit of weight w is w outputs. Three votes of two inputs become two nodes. Which
    votes go together is searched for (see VoteGroups), the same way for the same classifier.
    Patterns of thresholds that no sample gives are don't-cares. bit_cost: what the head takes for a
    bit of a sum, in LUTs; that of counters where not given. of: the digest of a classifier with the
    same outputs, from which a proof shall start; this one's where not given.
    """
    draft = _Draft(classifier.netlist)
    functions = functions_of(classifier.netlist, lut_size)
    care = ReachablePatterns(classifier.encoder)
    # Fewer for each vote where there are many: the search takes minutes, not hours.
    moves = min(MOVES, MOST_MOVES // max(1, classifier.netlist.num_outputs))
    for number in range(classifier.num_classes):
        outputs = _outputs_by_net(classifier, number)
        votes = {net: len(found) for net, found in outputs.items() if net > 1}
        groups = VoteGroups(votes, functions, care, lut_size, bit_cost)
        for group in groups.search(moves, seed=number):
            found = groups.sum_of(group) if len(group) > 1 else None
            nets = sorted(group)
            # A group of one vote stays as it is, with as many outputs as it had.
            wanted = draft.add(found) if found else nets * votes[nets[0]]
            draft.put(number, [i for net in nets for i in outputs[net]], wanted)
        # Votes of constants are kept apart, so that every output is in one pair of Blocks.
        for net in (0, 1):
            draft.put(number, outputs.get(net, []), [net] * len(outputs.get(net, [])))
    return draft.classifier(classifier, of or classifier.digest)


def _outputs_by_net(classifier: Classifier, number: int) -> dict[int, list[int]]:
    """Return the outputs that vote for a class, by the net that drives them."""
    found: dict[int, list[int]] = {}
    for output in np.flatnonzero(classifier.group == number).tolist():
        found.setdefault(int(classifier.netlist.outputs[output]), []).append(output)
    return found


@dataclass
class _Draft:
    """Collect the nodes and outputs of a classifier that is made from another one's netlist."""

    netlist: Netlist
    fanin: list[tuple[int, ...]] = field(default_factory=list)
    table: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    pairs: list[tuple[list[int], list[int]]] = field(default_factory=list)

    def add(self, found: Sum) -> list[int]:
        """Build a sum's bits; return its outputs."""
        # Net 1 is constant 1: an offset of 3 is three outputs that always vote.
        wanted = [1] * found.offset
        for weight, values in found.bits:
            leaves, table = _fewest_leaves(found, values)
            self.fanin.append(leaves + (0,) * (MAX_FANIN - len(leaves)))
            self.table.append(table)
            wanted += [self.netlist.num_nets + len(self.table) - 1] * weight
        return wanted

    def put(self, number: int, instead_of: list[int], wanted: list[int]) -> None:
        """Let nets vote for a class in the place of some outputs."""
        if not instead_of and not wanted:
            return
        first = len(self.outputs)
        self.outputs += wanted
        self.group += [number] * len(wanted)
        self.pairs.append((instead_of, list(range(first, len(self.outputs)))))

    def classifier(self, before: Classifier, of: str) -> Classifier:
        """Return the classifier of what was collected, without dead nodes."""
        fanin = np.array(self.fanin, np.int32).reshape(-1, MAX_FANIN)
        netlist = Netlist(
            self.netlist.num_inputs,
            np.concatenate([self.netlist.fanin, fanin]),
            np.concatenate([self.netlist.table, np.array(self.table, np.uint64)]),
            np.array(self.outputs, np.int32),
        )
        netlist = remove_dead_nodes(simplify(netlist))
        provenance = dict(before.provenance) | {
            "optimized_from": of,
            SUMS: {"of": of, "pairs": [list(pair) for pair in self.pairs]},
        }
        group = np.array(self.group, np.int32)
        return replace(before, netlist=netlist, group=group, provenance=provenance)


def _fewest_leaves(found: Sum, values: NDArray[np.uint8]) -> tuple[tuple[int, ...], int]:
    """Return leaves and table of a bit, free where patterns do not occur; at least one leaf."""
    occurs, kept = found.occurs, list(range(len(found.leaves)))
    # A pin goes where both halves agree on every pattern that occurs in both: greedy, from the last
    # one on, which is the net that arises latest.
    for pin in reversed(range(len(found.leaves))):
        (low, low_occurs), (high, high_occurs) = _halves(values, occurs, pin)
        if len(kept) > 1 and not ((low != high) & low_occurs & high_occurs).any():
            values, occurs = np.where(low_occurs, low, high), low_occurs | high_occurs
            kept.remove(pin)
    # Entries that never occur are 0, so that equal bits have equal tables.
    table = sum(1 << entry for entry in np.flatnonzero(values & occurs).tolist())
    return tuple(found.leaves[pin] for pin in kept), table


def _halves(
    values: NDArray[np.uint8], occurs: NDArray[np.bool_], pin: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """Return values and what occurs where a pin is 0, and where it is 1."""
    for side in (0, 1):
        rows = np.flatnonzero(np.arange(len(values)) >> pin & 1 == side)
        yield values[rows], occurs[rows]
