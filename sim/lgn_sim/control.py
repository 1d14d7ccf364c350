"""The negative control: the smallest fault, which the testbench must find."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.errors import CheckFailed

__all__ = ["faulty_classifier"]

MAX_TRIALS = 500


def faulty_classifier(
    classifier: Classifier, codes: NDArray[np.int64], *, scores: bool, seed: int
) -> Classifier:
    """Return the classifier with one table bit flipped that changes a result on codes.

    scores: whether a changed score is a changed result, or only a changed class. The first such
    bit in an order drawn from seed. Raises CheckFailed where none is found.
    """
    right = _results(classifier, codes, scores)
    for node, entry in _table_bits(classifier, seed):
        flipped = replace(classifier, netlist=classifier.netlist.with_flipped_bit(node, entry))
        if (_results(flipped, codes, scores) != right).any():
            return flipped
    raise CheckFailed(
        "The negative control found no table bit whose flip changes a result on these"
        f" {len(codes)} vectors; give more vectors, or leave it out with --no-negative-control"
    )


def _results(classifier: Classifier, codes: NDArray[np.int64], scores: bool) -> NDArray[np.int32]:
    """Return what the core gives: scores where it has them, classes otherwise."""
    return classifier.scores(codes) if scores else classifier.predict(codes)


def _table_bits(classifier: Classifier, seed: int) -> Iterator[tuple[int, int]]:
    """Draw (node, table entry) pairs: nodes that drive outputs first, since they show best."""
    netlist = classifier.netlist
    rng = np.random.default_rng(seed)
    drivers = np.unique(netlist.outputs[netlist.outputs >= netlist.first_node])
    others = np.setdiff1d(np.arange(netlist.num_nodes), drivers - netlist.first_node)
    # A flip next to an output is seen at once; one deep in the net is often masked, and each trial
    # evaluates all samples.
    nodes = [*rng.permutation(drivers - netlist.first_node), *rng.permutation(others)]
    bits = (
        (int(node), int(entry))
        for node in nodes
        for entry in rng.permutation(1 << int(netlist.arity[node]))
    )
    return islice(bits, MAX_TRIALS)
