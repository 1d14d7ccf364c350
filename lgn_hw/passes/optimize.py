"""All simple passes in order, on a netlist and on a classifier, with what each of them saved."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.encoder import Thermometer
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.passes.aliases import absorb_aliases
from lgn_hw.passes.constants import fold_constants
from lgn_hw.passes.dead import read_inputs_only, remove_dead_nodes
from lgn_hw.passes.duplicate_pins import merge_duplicate_inputs
from lgn_hw.passes.simplify import simplify
from lgn_hw.passes.strash import share_nodes
from lgn_hw.passes.support import drop_unread_inputs

__all__ = ["PASSES", "Step", "optimize", "optimize_classifier"]


@dataclass(frozen=True)
class Step:
    """Say what one pass did: nodes and depth before and after it.

    Depths are in levels of nodes, as Netlist.depth counts them.
    """

    name: str
    nodes_before: int
    nodes: int
    levels_before: int
    levels: int


# The first ones show what there was of each kind; `simplify` leaves nothing to do for them.
PASSES: dict[str, Callable[[Netlist], Netlist]] = {
    "remove dead nodes": remove_dead_nodes,
    "merge duplicate inputs": merge_duplicate_inputs,
    "fold constants": fold_constants,
    "drop unread inputs": drop_unread_inputs,
    "absorb aliases": absorb_aliases,
    "share nodes": share_nodes,
    "all of these, level by level": simplify,
    "remove dead nodes again": remove_dead_nodes,
}


def optimize(netlist: Netlist) -> tuple[Netlist, list[Step]]:
    """Return the same function with fewer nodes, and what each pass did; idempotent.

    The outputs stay as many and in their order; some may have become constants or equal.

    Returns the netlist and a Step for each entry of PASSES, in their order.
    """
    steps = []
    for name, apply in PASSES.items():
        before, netlist = netlist, apply(netlist)
        steps.append(Step(name, before.num_nodes, netlist.num_nodes, before.depth, netlist.depth))
    return netlist, steps


def optimize_classifier(classifier: Classifier) -> tuple[Classifier, list[Step]]:
    """Return a classifier with the same scores: optimize(), and only thresholds that are read.

    Equal thresholds become one. Its provenance names the classifier that it was made from.

    Returns the classifier itself where nothing could be removed, so that its digest stays. The
    encoder is not simplified beyond that: which thresholds remain is decided by what the gates
    read.
    """
    distinct, encoder = _with_distinct_bits(classifier)
    netlist, steps = optimize(distinct)
    netlist, bits = read_inputs_only(netlist)
    # Every pass returns the netlist itself where it changes nothing.
    if netlist is classifier.netlist:
        return classifier, steps
    read = encoder.select(bits)
    provenance = dict(classifier.provenance) | {"optimized_from": classifier.digest}
    return replace(classifier, encoder=read, netlist=netlist, provenance=provenance), steps


def _with_distinct_bits(classifier: Classifier) -> tuple[Netlist, Thermometer]:
    """Read the first one of the encoder's bits that have the same feature and threshold."""
    netlist, encoder = classifier.netlist, classifier.encoder
    # Two bits with the same feature and threshold are one function of the sample, but two inputs of
    # the netlist, which no pass may merge: only the encoder knows.
    pairs = np.stack([encoder.feature.astype(np.int64), encoder.threshold])
    _, first, which = np.unique(pairs, axis=1, return_index=True, return_inverse=True)
    if len(first) == encoder.num_bits:
        return netlist, encoder
    instead = np.arange(netlist.num_nets, dtype=np.int32)
    instead[FIRST_INPUT : netlist.first_node] = FIRST_INPUT + first[which]
    return (
        replace(netlist, fanin=instead[netlist.fanin], outputs=instead[netlist.outputs]),
        encoder,
    )
