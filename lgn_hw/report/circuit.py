"""What there is to draw of a circuit: every gate of a small one, the levels of a large one."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.words import cofactors, widen
from lgn_hw.passes.dead import read_inputs_only, remove_dead_nodes
from lgn_hw.report.gates import table_name

__all__ = ["FAMILIES", "describe_circuit"]

MAX_WIRES, MAX_ROWS, MAX_LEVELS = 160, 32, 10  # of a drawing that can still be read
MAX_BLOCKS = 8  # of the map; several levels share one where there are more
FAMILIES = {
    "wire": "constants, wires and NOT",
    "and": "AND, OR and their like",
    "xor": "XOR and XNOR",
    "three": "3 inputs",
    "four": "4 inputs",
    "five": "5 inputs",
    "six": "6 inputs",
}
WIDE = {3: "three", 4: "four", 5: "five", 6: "six"}


def describe_circuit(classifier: Classifier) -> dict[str, Any]:
    """Return the gates that an output depends on, as JSON values.

    kind "gates": bits (the text of each comparison), nodes (name, level, fanin as numbers of nets:
    0 and 1 the constants, then bits, then nodes) and votes ([net, class, how many]). kind "levels":
    blocks of levels with their nodes by FAMILIES, and wires[from][to], how many pins of block
    `to` read block `from`; block 0 is the encoder's bits, the last one the votes.

    Dead nodes and unread bits are left out first. Gates are drawn one by one up to MAX_WIRES wires,
    MAX_ROWS in a level and MAX_LEVELS levels; beyond that only counts are returned, whose size is
    bounded however large the circuit is.
    """
    netlist, bits = read_inputs_only(remove_dead_nodes(classifier.netlist))
    # The most nodes of a level, or bits: the rows that a drawing would need.
    widest = max(len(bits), *np.bincount(netlist.level[netlist.first_node :], minlength=1))
    wires = int(netlist.arity.sum()) + netlist.num_outputs
    if wires <= MAX_WIRES and widest <= MAX_ROWS and netlist.depth <= MAX_LEVELS:
        return _gates(replace(classifier, encoder=classifier.encoder.select(bits), netlist=netlist))
    return _levels(netlist)


def _gates(classifier: Classifier) -> dict[str, Any]:
    """Return kind "gates". The text of a bit is in the units of the data: half a code above the
    threshold, where no value lies, with four digits; integers keep the threshold itself.
    """
    netlist, encoder, features = classifier.netlist, classifier.encoder, classifier.features
    votes = Counter(zip(netlist.outputs.tolist(), classifier.group.tolist(), strict=True))
    bits = []
    of_bits = zip(encoder.feature.tolist(), encoder.threshold.tolist(), strict=True)
    for feature, threshold in of_bits:
        value = features.offset[feature] + features.scale[feature] * (threshold + 0.5)
        shown = str(threshold) if features.is_integer[feature] else f"{value:.4g}"
        bits.append(f"{features.names[feature]} > {shown}")
    nodes = [
        {
            "name": table_name(arity, table),
            "level": level,
            "fanin": pins[:arity],
        }
        for arity, table, level, pins in zip(
            netlist.arity.tolist(),
            netlist.table.tolist(),
            netlist.level[netlist.first_node :].tolist(),
            netlist.fanin.tolist(),
            strict=True,
        )
    ]
    counted = [[net, group, count] for (net, group), count in sorted(votes.items())]
    return {"kind": "gates", "bits": bits, "nodes": nodes, "votes": counted}


def _levels(netlist: Netlist) -> dict[str, Any]:
    """Return kind "levels": at most MAX_BLOCKS blocks of equally many levels."""
    depth = int(netlist.level.max(initial=0))
    per = max(1, -(-depth // MAX_BLOCKS))
    block_of = -(-netlist.level // per)  # level 0, the bits, stays 0
    last = int(block_of.max(initial=0)) + 1
    families = _families(netlist)
    blocks: list[dict[str, Any]] = [{"levels": [0, 0], "nodes": netlist.num_inputs, "families": {}}]
    of_node = block_of[netlist.first_node :]
    for block in range(1, last):
        own = Counter(families[of_node == block].tolist())
        blocks.append(
            {
                "levels": [(block - 1) * per + 1, min(block * per, depth)],
                "nodes": int((of_node == block).sum()),
                "families": {family: own[family] for family in FAMILIES if own[family]},
            }
        )
    blocks.append({"levels": None, "nodes": netlist.num_outputs, "families": {}})
    wires = np.zeros((last + 1, last + 1), np.int64)
    # Constants are no wires, and a pin beyond the arity is not read.
    pins = (netlist.fanin >= FIRST_INPUT) & (np.arange(6) < netlist.arity[:, None])
    node, pin = np.nonzero(pins)
    np.add.at(wires, (block_of[netlist.fanin[node, pin]], of_node[node]), 1)
    votes = netlist.outputs[netlist.outputs >= FIRST_INPUT]
    np.add.at(wires, (block_of[votes], np.full(len(votes), last)), 1)
    return {"kind": "levels", "blocks": blocks, "wires": wires.tolist()}


def _families(netlist: Netlist) -> np.ndarray[Any, Any]:
    """Return the family of each node by the inputs on which its table depends.

    Return object[nodes], a key of FAMILIES for each. A node of two inputs whose table has as many
    ones as zeros, and depends on both, is XOR or XNOR; every other one is AND of literals or its
    inverse.
    """
    wide = widen(netlist.table, netlist.arity)
    depends = np.zeros(netlist.num_nodes, np.int64)
    for pin in range(6):
        low, high = cofactors(wide, pin)
        depends += low != high
    found = np.array([WIDE.get(count, "wire") for count in depends.tolist()], object)
    half = np.array([word.bit_count() == 32 for word in wide.tolist()], bool)
    found[(depends == 2) & half] = "xor"
    found[(depends == 2) & ~half] = "and"  # a quarter of its entries are the odd ones
    return found
