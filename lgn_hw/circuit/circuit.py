"""A classifier's whole circuit as netlists: encoder, logic, popcount, argmax, one after another."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lgn_hw.circuit.argmax import argmax_netlist, class_width
from lgn_hw.circuit.encoder import encoder_netlist
from lgn_hw.circuit.heads.chains import ChainTally
from lgn_hw.circuit.heads.counters import Tally, score_width
from lgn_hw.circuit.heads.parity import Parities, room_of
from lgn_hw.circuit.votes import Votes
from lgn_hw.classifier import Classifier
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.passes.dead import read_inputs_only

__all__ = ["Circuit", "connected"]


@dataclass(frozen=True, eq=False)
class Circuit:
    """Hold the netlists of a classifier's parts; the outputs of each are the inputs of the next.

    The first one reads a sample as lgn_hw.features.Features packs it. The last one gives the class,
    class_bits bits, the lowest first, and where scores is true the scores, score_bits bits each,
    class 0 first.

    bits: the encoder's bits that the gates read, ascending. parities: what popcount adds up, and
    which votes the gates give as parities.
    lut_size: 4 or 6, the number of inputs for which encoder, popcount and argmax are made. chains:
    the popcount is made of adders in carry chains; its netlist then says what they compute.
    """

    parts: dict[str, Netlist]
    bits: tuple[int, ...]
    parities: Parities
    lut_size: int
    scores: bool
    class_bits: int
    score_bits: int
    chains: bool = False

    @classmethod
    def of(
        cls, classifier: Classifier, *, lut_size: int, scores: bool, chains: bool = False
    ) -> "Circuit":
        """Return a classifier's circuit; its gates are built as they are, but for dead ones.

        Equal, inverse and constant votes are counted once. Without scores, what is the same for
        all classes is not counted. Raises UsageError where lut_size is not 4 or 6, or with chains
        not 6.
        """
        votes = Votes.of(classifier) if scores else Votes.of(classifier).compared()
        logic, bits = read_inputs_only(replace(classifier.netlist, outputs=votes.net))
        encoder = classifier.encoder
        read = replace(encoder, feature=encoder.feature[bits], threshold=encoder.threshold[bits])
        highest = votes.highest.tolist()
        width = score_width(highest)
        if chains:
            parities = Parities(ChainTally(votes, lut_size), {}, {})
        else:
            room = room_of(classifier.netlist, votes, lut_size)
            parities = Parities.of(Tally(votes, lut_size, room))
        parts = {
            "encoder": encoder_netlist(read, lut_size),
            "logic": parities.logic(logic),
            "popcount": parities.tally.netlist() if chains else parities.popcount(),
            "argmax": argmax_netlist(highest, width, lut_size, scores=scores),
        }
        class_bits = class_width(classifier.num_classes)
        return cls(parts, tuple(bits), parities, lut_size, scores, class_bits, width, chains)

    @property
    def votes(self) -> Votes:
        return self.parities.tally.votes

    @property
    def luts(self) -> dict[str, int]:
        """Count the LUTs of each part as they were written: its nodes, or what its chains take."""
        found = {name: part.num_nodes for name, part in self.parts.items()}
        tally = self.parities.tally
        if isinstance(tally, ChainTally):
            found["popcount"] = tally.luts
        return found

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
    zero = a.num_nets
    nets = np.zeros(b.num_nets, np.int32)
    nets[1] = 1
    nets[FIRST_INPUT : b.first_node] = np.where(a.outputs == 0, zero, a.outputs)
    nets[b.first_node :] = zero + 1 + np.arange(b.num_nodes)
    reads_zero = np.zeros((1, MAX_FANIN), np.int32)
    reads_zero[0, 0] = 1
    return Netlist(
        a.num_inputs,
        np.concatenate([a.fanin, reads_zero, nets[b.fanin]]),
        np.concatenate([a.table, np.zeros(1, np.uint64), b.table]),
        nets[b.outputs],
    )
