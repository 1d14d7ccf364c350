"""The circuit of a core without LUTs as netlists: comparisons, and adders one full adder per bit.

A core without lut_size is written with `+` and `>`, whose LUTs only synthesis decides. It is proven
against plain netlists of the same arithmetic: ripple adders, in the same tree.
"""

from dataclasses import replace

from lgn_hw.circuit.argmax import class_width
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads.adders import AdderTree, plain_votes
from lgn_hw.classifier import Classifier
from lgn_hw.passes.dead import read_inputs_only
from lgn_hw.prove.reference import encoder_reference
from lgn_hw.prove.tournament import Tournament

__all__ = ["carry_circuit"]


def carry_circuit(classifier: Classifier, *, scores: bool) -> Circuit:
    """Return the circuit of a core without lut_size, whose adders yosys puts into carry chains.

    Every vote is added as it is. Encoder and argmax are the plainest ones there are.

    scores: whether the core gives them beside the class, as its header says.
    """
    votes = plain_votes(classifier)
    # The emitted core has comparators only for bits that the gates read.
    logic, bits = read_inputs_only(replace(classifier.netlist, outputs=votes.net))
    read = classifier.encoder.select(bits)
    tree = AdderTree(votes)
    parts = {
        "encoder": encoder_reference(read),
        "logic": logic,
        "popcount": tree.netlist(),
        "argmax": Tournament(votes.highest.tolist(), tree.width).netlist(scores=scores),
    }
    return Circuit(parts, tuple(bits), tree, class_width(classifier.num_classes), tree.width)
