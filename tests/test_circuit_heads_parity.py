"""Parities in the place of votes: the same scores, a third of the counters' LUTs less."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import equal, every_sample
from strategies import classifiers, random_classifier

from lgn_hw import evaluate
from lgn_hw.circuit.circuit import Circuit, connected
from lgn_hw.circuit.heads.counters import CompressorTree
from lgn_hw.circuit.heads.head import score_width
from lgn_hw.circuit.heads.parity import spare_inputs_of
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.circuit.votes import Votes
from lgn_hw.prove.equivalence import prove_circuit


def plain(votes):
    weight = np.ones((votes, 1), np.int32)
    return Votes(np.arange(2, 2 + votes, dtype=np.int32), weight, np.zeros(1, np.int64))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=10), st.sampled_from([4, 6]))
def test_parities_are_counted_as_the_votes_that_they_stand_for(spare, lut_size):
    spare = [min(nets, lut_size - 1) for nets in spare]
    votes = plain(len(spare))
    head = CompressorTree(votes, lut_size, spare)
    width = score_width(votes.highest.tolist())
    given_ = every_sample(len(spare))
    scores = evaluate(head.popcount(), given_) @ (1 << np.arange(width))
    assert np.array_equal(scores, evaluate(head.decoded(), given_).sum(axis=1))
    assert all(len(others) <= spare[vote] for vote, others in head.terms.items())


@settings(deadline=None, max_examples=60)
@given(classifiers(max_nodes=20, max_outputs=24, max_classes=2), st.booleans())
def test_decoded_parities_are_the_votes(classifier, scores):
    votes = Votes.of(classifier)
    votes = votes if scores else votes.compared()
    netlist = replace(classifier.netlist, outputs=votes.net)
    head = CompressorTree.of(votes, netlist, 6)
    assert equal(connected([head.logic(netlist), head.decoded()]), netlist)


@pytest.mark.parametrize(
    ("lut_size", "spare", "most"), [(6, 0, 200), (6, 1, 200), (6, 2, 160), (4, 0, 330), (4, 1, 280)]
)
def test_parities_make_counters_cheaper(lut_size, spare, most):
    counted = CompressorTree(plain(200), lut_size, [spare] * 200).popcount()
    assert counted.num_nodes <= most
    assert counted.arity.max() <= lut_size


def test_votes_that_have_other_uses_have_no_spare_inputs():
    classifier = random_classifier(5, layers=(40, 40), classes=2)
    votes = Votes.of(classifier)
    spare = np.array(spare_inputs_of(classifier.netlist, votes, 6))
    once = (votes.weight != 0).sum(axis=1) == 1
    assert spare[once].max() == 4
    assert not spare[~once].any()


@pytest.mark.parametrize("lut_size", [4, 6])
def test_circuit_with_parities_is_proven(lut_size):
    classifier = random_classifier(5, layers=(40, 60), classes=2)
    circuit = Circuit.of(classifier, CoreOptions(lut_size=lut_size, scores=True))
    assert circuit.head.terms
    assert prove_circuit(classifier, circuit).status == "equal"
