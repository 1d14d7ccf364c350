"""The tournament that every argmax is proven against is all comparisons of pairs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import every_sample

from lgn_hw import evaluate
from lgn_hw.circuit.argmax import argmax_netlist
from lgn_hw.netlist.builder import ZERO, table_of
from lgn_hw.prove.cec import check_equal
from lgn_hw.prove.reference import GREATER
from lgn_hw.prove.tournament import Tournament


@pytest.mark.parametrize(("classes", "width"), [(2, 4), (3, 4), (4, 3), (5, 3), (7, 2)])
def test_tournament_finds_the_first_of_the_highest_scores(classes, width):
    bits = every_sample(classes * width)
    scores = bits.reshape(len(bits), classes, width) @ (1 << np.arange(width))
    tournament = Tournament([2**width - 1] * classes, width)
    found = evaluate(tournament.netlist(), bits)
    assert np.array_equal(found @ (1 << np.arange(found.shape[1])), scores.argmax(axis=1))
    assert tournament.fault() == ""


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 200), min_size=2, max_size=9), st.integers(0, 2**32 - 1))
def test_tournament_looks_at_no_bit_above_a_score(highest, seed):
    width = max(1, max(highest).bit_length())
    scores = np.random.default_rng(seed).integers(0, np.array(highest) + 1, (50, len(highest)))
    bits = (scores[..., None] >> np.arange(width) & 1 == 1).reshape(50, -1)
    tournament = Tournament(highest, width)
    found = evaluate(tournament.netlist(scores=True), bits)
    number, passed_on = np.split(found, [found.shape[1] - bits.shape[1]], axis=1)
    assert np.array_equal(number @ (1 << np.arange(number.shape[1])), scores.argmax(axis=1))
    assert np.array_equal(passed_on, bits)
    assert tournament.fault() == ""


def test_tournament_of_a_hundred_classes_proves_an_argmax():
    highest = [500] * 100
    pair = argmax_netlist(highest, 9, 6, scores=False), Tournament(highest, 9).netlist()
    assert check_equal([pair])[0].status == "equal"


def wrong_comparison(tournament):
    """Return the matches with the first one's lowest bits compared the other way round."""
    first, *others = tournament.matches
    node = tournament.builder.node(GREATER, [ZERO, first.earlier[0], first.later[0]])
    return [replace(first, compares=(node, *first.compares[1:])), *others]


def wrong_choice(tournament):
    """Return the matches with the last one's winner chosen by another table."""
    *others, last = tournament.matches
    keep = table_of(lambda wins, earlier, later: earlier, 3)
    node = tournament.builder.node(keep, [last.compares[-1], last.earlier[0], last.later[0]])
    return [*others, replace(last, winner=(node, *last.winner[1:]))]


@pytest.mark.parametrize(
    ("matches", "fault"),
    [
        (wrong_comparison, "match 0"),
        (wrong_choice, "match 2"),
        (lambda t: t.matches[:1] * 2 + t.matches[1:], "match 1 is not one of neighbours"),
        (lambda t: t.matches[:2], "classes that no match compares"),
        (lambda t: t.matches[::-1], "match 0 is not one of neighbours"),
    ],
)
def test_tournament_finds_faults_of_its_record(matches, fault):
    tournament = Tournament([7, 7, 7, 7], 3)
    tournament.matches = matches(tournament)
    assert tournament.fault() == fault


def test_tournament_finds_a_result_that_is_not_the_winner():
    tournament = Tournament([7, 7], 3)
    tournament.outputs = (ZERO,)
    assert tournament.fault() == "the result is not the winner's"
