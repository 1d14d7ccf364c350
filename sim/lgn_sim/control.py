"""The negative control: the smallest fault, which the testbench must find."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.convolution import Convolution
from lgn_hw.counted import counted
from lgn_hw.errors import CheckFailed
from lgn_hw.netlist import Netlist

__all__ = ["faulty_classifier", "faulty_form"]

MAX_TRIALS = 500
MAX_FORMS = 50  # each is expanded to all positions


def faulty_classifier(
    classifier: Classifier, codes: NDArray[np.int64], *, scores: bool, seed: int
) -> Classifier:
    """Return the classifier with one table bit flipped that changes a result on codes.

    scores: whether a changed score is a changed result, or only a changed class. The first such
    bit in an order drawn from seed. Raises CheckFailed where none is found.
    """
    right = _results(classifier, codes, scores)
    for node, entry in _table_bits(classifier.netlist, seed):
        flipped = replace(classifier, netlist=classifier.netlist.with_flipped_bit(node, entry))
        if (_results(flipped, codes, scores) != right).any():
            return flipped
    raise _nothing_shows(codes)


def faulty_form(
    classifier: Classifier, codes: NDArray[np.int64], *, scores: bool, seed: int
) -> Classifier:
    """Return the classifier with one table bit of its convolutional form flipped, as above.

    Its netlist is that of the faulty form, so that it is a classifier in itself.
    """
    right = _results(classifier, codes, scores)
    for form in _flipped_forms(classifier, seed):
        netlist = form.expand(classifier.encoder)
        flipped = replace(classifier, netlist=netlist, group=form.vote_group, convolution=form)
        if (_results(flipped, codes, scores) != right).any():
            return flipped
    raise _nothing_shows(codes)


def _nothing_shows(codes: NDArray[np.int64]) -> CheckFailed:
    return CheckFailed(
        "The negative control found no table bit whose flip changes a result on these"
        f" {counted(len(codes), 'vector')}; give more vectors, or leave it out with"
        " --no-negative-control"
    )


def _results(classifier: Classifier, codes: NDArray[np.int64], scores: bool) -> NDArray[np.int32]:
    """Return what the core gives: scores where it has them, classes otherwise."""
    return classifier.scores(codes) if scores else classifier.predict(codes)


def _table_bits(netlist: Netlist, seed: int) -> Iterator[tuple[int, int]]:
    """Draw (node, table entry) pairs: nodes that drive outputs first, since they show best."""
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


def _flipped_forms(classifier: Classifier, seed: int) -> Iterator[Convolution]:
    """Draw forms with one flipped bit: of nodes that vote, and where kernels do, of their roots."""
    form, rng = classifier.convolution, np.random.default_rng(seed)
    assert form is not None
    if form.tail is not None:
        for node, entry in islice(_table_bits(form.tail, seed), MAX_FORMS):
            yield replace(form, tail=form.tail.with_flipped_bit(node, entry))
        return
    layer = form.layers[-1]
    if not len(layer.tables):  # kernels that are single leaves
        return
    for root in rng.permutation(layer.num_kernels)[:MAX_FORMS]:
        tables = layer.tables.copy()
        tables[root - layer.num_kernels] ^= np.uint64(1 << int(rng.integers(1 << layer.fan_in)))
        yield replace(form, layers=(*form.layers[:-1], replace(layer, tables=tables)))
