"""Votes that were added up, beside the votes that they came from: what has to be proven of them.

The pairs come from a classifier's provenance, and are checked here before anything is proven with
them: a wrong hint makes a proof fail or be refused, and can never make it succeed.
"""

from collections.abc import Sequence

from lgn_hw.circuit.circuit import connected
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.netlist import Netlist
from lgn_hw.passes.vote_sums import Blocks
from lgn_hw.prove.reference import sums_reference

__all__ = ["added_up", "blocks_between"]

Pairs = Sequence[tuple[tuple[int, ...], tuple[int, ...]]]


def blocks_between(a: Classifier, b: Classifier) -> Pairs | None:
    """Return (outputs of a, outputs of b) that one of them says to add up to the same.

    None where neither was made from the other. Raises UsageError where they do not hold every vote
    of both once, or one of them is of two classes.

    passes.vote_sums writes the pairs; each holds a few votes, so that a proof of their sums is
    small.
    """
    for one, other in ((a, b), (b, a)):
        found = Blocks.read(other)
        if found is not None and found.of == one.digest:
            blocks = [(old, new) if one is a else (new, old) for old, new in found.pairs]
            _check(blocks, a, b)
            return blocks
    return None


def _check(blocks: Pairs, a: Classifier, b: Classifier) -> None:
    """Check that each output is in one block, and that a block is of one class."""
    for side, classifier in enumerate((a, b)):
        listed = sorted(output for pair in blocks for output in pair[side])
        if listed != list(range(len(classifier.group))):
            raise UsageError("The blocks of votes to be added up must hold every vote once")
    for pair in blocks:
        classes = {int(c.group[i]) for c, side in zip((a, b), pair, strict=True) for i in side}
        if len(classes) > 1:
            raise UsageError(f"A block of votes must be of one class, not of {sorted(classes)}")


def added_up(netlist: Netlist, blocks: Pairs, side: int) -> Netlist:
    """Return the sum of every block, in binary, of a netlist whose outputs are votes.

    side: 0 where they are those of the first classifier, 1 of the second.

    The widths are those that hold the larger side's sum, so that both sides give equally many bits.
    """
    widths = [max(len(pair[0]), len(pair[1])).bit_length() for pair in blocks]
    members = [pair[side] for pair in blocks]
    sums = sums_reference(netlist.num_outputs, list(zip(members, widths, strict=True)))
    return connected([netlist, sums])
