"""Parities in the place of votes: the same scores, a third of the counters' LUTs less."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import equal, every_sample
from strategies import classifiers, random_classifier

from lgn_hw import evaluate
from lgn_hw.blocks.circuit import Circuit, connected
from lgn_hw.blocks.parity import Parities, room_of
from lgn_hw.blocks.popcount import Tally, popcount_netlist, score_width
from lgn_hw.blocks.votes import Votes
from lgn_hw.synth.equivalence import prove_circuit


def plain(votes):
    weight = np.ones((votes, 1), np.int32)
    return Votes(np.arange(2, 2 + votes, dtype=np.int32), weight, np.zeros(1, np.int64))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=10))
def test_parities_are_counted_as_the_votes_that_they_stand_for(room):
    votes = plain(len(room))
    parities = Parities.of(Tally(votes, 6, room))
    width = score_width(votes.highest.tolist())
    given_ = every_sample(len(room))
    scores = evaluate(parities.popcount(), given_) @ (1 << np.arange(width))
    assert np.array_equal(scores, evaluate(parities.decoded(), given_).sum(axis=1))
    assert all(len(others) <= room[vote] for vote, others in parities.terms.items())


@settings(deadline=None, max_examples=60)
@given(classifiers(max_nodes=20, max_outputs=24, max_classes=2), st.booleans())
def test_decoded_parities_are_the_votes(classifier, scores):
    votes = Votes.of(classifier)
    votes = votes if scores else votes.compared()
    netlist = replace(classifier.netlist, outputs=votes.net)
    parities = Parities.of(Tally(votes, 6, room_of(netlist, votes, 6)))
    assert equal(connected([parities.logic(netlist), parities.decoded()]), netlist)


@pytest.mark.parametrize(("room", "most"), [(0, 200), (1, 200), (2, 160), (4, 160)])
def test_parities_make_counters_cheaper(room, most):
    votes = plain(200)
    counted = Parities.of(Tally(votes, 6, [room] * 200)).popcount()
    assert counted.num_nodes <= most
    assert counted.arity.max() <= 6
    assert popcount_netlist(votes, 6).num_nodes <= 200


def test_parities_are_left_out_for_lut4_and_where_a_vote_has_other_uses():
    classifier = random_classifier(5, layers=(40, 40), classes=2)
    assert Circuit.of(classifier, lut_size=4, scores=True).parities.terms == {}
    votes = Votes.of(classifier)
    room = np.array(room_of(classifier.netlist, votes, 6))
    once = (votes.weight != 0).sum(axis=1) == 1
    assert room[once].max() == 4
    assert not room[~once].any()


def test_circuit_with_parities_is_proven():
    classifier = random_classifier(5, layers=(40, 60), classes=2)
    circuit = Circuit.of(classifier, lut_size=6, scores=True)
    assert circuit.parities.terms
    assert prove_circuit(classifier, circuit).status == "equal"
