"""The circuit of a core for carry chains as netlists: adders, one full adder a bit."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lgn_hw.circuit.argmax import class_width
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads.counters import Tally
from lgn_hw.circuit.heads.parity import Parities
from lgn_hw.circuit.votes import Votes
from lgn_hw.classifier import Classifier
from lgn_hw.netlist.builder import ZERO
from lgn_hw.passes.dead import read_inputs_only
from lgn_hw.prove.reference import encoder_reference
from lgn_hw.prove.tournament import Tournament

__all__ = ["AdderTree", "carry_circuit"]

LUT_SIZE = 4  # more than a full adder reads


class AdderTree(Tally):
    """Count the votes of every class as hdl.popcount.Popcount does, and keep the same record.

    Threes of votes become numbers of two bits, then neighbours are added, an odd one going on
    alone. No number has more bits than the highest score of its class.
    """

    def _count(self, bits: Sequence[tuple[int, int]], highest: int) -> list[int]:
        width, votes = highest.bit_length(), [literal for _, literal in bits]
        numbers = [self._added(0, votes[i : i + 3], width) for i in range(0, len(votes), 3)]
        while len(numbers) > 1:
            sums = [
                self._sum(a, b, width) for a, b in zip(numbers[::2], numbers[1::2], strict=False)
            ]
            numbers = sums + numbers[len(sums) * 2 :]
        score = numbers[0] if numbers else []
        return score + [ZERO] * (self.width - len(score))

    def _sum(self, a: list[int], b: list[int], width: int) -> list[int]:
        total: list[int] = []
        carry: list[int] = []
        for power in range(max(len(a), len(b))):
            bits = a[power : power + 1] + b[power : power + 1] + carry
            low, *carry = self._added(power, bits, width)
            total.append(low)
        return total + carry

    def _added(self, power: int, bits: list[int], width: int) -> list[int]:
        """Add one to three bits of a weight: a wire, a half or a full adder."""
        if len(bits) == 1:
            return bits
        given = self._counter((len(bits),), power, [(power, bit) for bit in bits], width)
        return [literal for _, literal in given]


def carry_circuit(classifier: Classifier, *, scores: bool) -> Circuit:
    """Return the circuit of a core for carry chains.

    Every vote is added as it is. Encoder and argmax are the plainest ones there are.
    """
    order = np.argsort(classifier.group, kind="stable")
    outputs, group = classifier.netlist.outputs[order], classifier.group[order]
    weight = np.arange(classifier.num_classes) == group[:, None]
    votes = Votes(outputs, weight.astype(np.int32), np.zeros(classifier.num_classes, np.int64))
    logic, bits = read_inputs_only(replace(classifier.netlist, outputs=outputs))
    encoder = classifier.encoder
    read = replace(encoder, feature=encoder.feature[bits], threshold=encoder.threshold[bits])
    tree = AdderTree(votes, LUT_SIZE)
    parts = {
        "encoder": encoder_reference(read),
        "logic": logic,
        "popcount": tree.netlist(),
        "argmax": Tournament(votes.highest.tolist(), tree.width).netlist(scores=scores),
    }
    added, class_bits = Parities(tree, {}, {}), class_width(classifier.num_classes)
    return Circuit(parts, tuple(bits), added, LUT_SIZE, scores, class_bits, tree.width)
