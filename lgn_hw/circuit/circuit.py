"""A classifier's whole circuit as netlists: encoder, logic, popcount, argmax, one after another."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lgn_hw.circuit.argmax import argmax_netlist, class_width
from lgn_hw.circuit.encoder import encoder_netlist
from lgn_hw.circuit.heads import HEADS
from lgn_hw.circuit.heads.head import Head
from lgn_hw.circuit.votes import Votes
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.passes.dead import read_inputs_only

if TYPE_CHECKING:
    from lgn_hw.circuit.options import CoreOptions

__all__ = ["Circuit", "connected"]


@dataclass(frozen=True, eq=False)
class Circuit:
    """Hold the netlists of a classifier's parts; the outputs of each are the inputs of the next.

    The first one reads a sample as lgn_hw.features.Features packs it. The last one gives the class,
    class_bits bits, the lowest first, and where scores is true the scores, score_bits bits each,
    class 0 first.

    bits: the encoder's bits that the gates read, ascending. head: what counts the votes.
    """

    parts: dict[str, Netlist]
    bits: tuple[int, ...]
    head: Head
    class_bits: int
    score_bits: int

    @classmethod
    def of(cls, classifier: Classifier, options: "CoreOptions") -> "Circuit":
        """Return a classifier's circuit for LUTs; its gates are built as they are, but dead ones.

        Equal, inverse and constant votes are counted once. Without scores, what is the same for
        all classes is not counted. Raises UsageError where options has no lut_size.
        """
        if options.lut_size is None:
            raise UsageError(
                "A circuit of nodes needs gates of 2 or LUTs of 4 or 6 inputs, not None"
            )
        # Only who brings the scores out needs them exactly; the class is the same where all are
        # lower by the same number, and then fewer votes are counted.
        votes = Votes.of(classifier) if options.scores else Votes.of(classifier).compared()
        logic, bits = read_inputs_only(replace(classifier.netlist, outputs=votes.net))
        read = classifier.encoder.select(bits)
        head = HEADS[options.head].of(votes, classifier.netlist, options.lut_size)
        highest = votes.highest.tolist()
        parts = {
            "encoder": encoder_netlist(read, options.lut_size),
            "logic": head.logic(logic),
            "popcount": head.popcount(),
            "argmax": argmax_netlist(highest, head.width, options.lut_size, scores=options.scores),
        }
        return cls(parts, tuple(bits), head, class_width(classifier.num_classes), head.width)

    @property
    def votes(self) -> Votes:
        """Return what the head counts, net by net."""
        return self.head.votes

    @property
    def luts(self) -> dict[str, int]:
        """Count the LUTs of each part as they were written: its nodes, or what its head says."""
        found = {name: part.num_nodes for name, part in self.parts.items()}
        return found if self.head.luts is None else found | {"popcount": self.head.luts}

    @cached_property
    def whole(self) -> Netlist:
        """Return one netlist from a sample's bits to a result's."""
        return connected(self.parts.values())


def connected(parts: Iterable[Netlist]) -> Netlist:
    """Return netlists in series as one; each one's outputs are the next one's inputs, in order."""
    first, *rest = parts
    for part in rest:
        first = _followed_by(first, part)
    return first


def _followed_by(a: Netlist, b: Netlist) -> Netlist:
    """Put b after a. Where b would read net 0, which may be padding, it reads a node of it."""
    # The number of the node of constant 0, which stands between the two netlists.
    zero = a.num_nets
    nets = np.zeros(b.num_nets, np.int32)
    nets[1] = 1
    nets[FIRST_INPUT : b.first_node] = np.where(a.outputs == 0, zero, a.outputs)
    nets[b.first_node :] = zero + 1 + np.arange(b.num_nodes)
    reads_zero = np.zeros((1, MAX_FANIN), np.int32)
    # A node of constant 0 that reads net 1, because an output that is net 0 would be padding at the
    # end of a reader's pins.
    reads_zero[0, 0] = 1
    return Netlist(
        a.num_inputs,
        np.concatenate([a.fanin, reads_zero, nets[b.fanin]]),
        np.concatenate([a.table, np.zeros(1, np.uint64), b.table]),
        nets[b.outputs],
    )
