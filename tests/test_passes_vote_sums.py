"""Votes that are added up where they arise give the same scores, in fewer bits and nodes."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth_bench import codes_of
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import telling
from netlist_bench import netlist
from strategies import classifiers, random_classifier

from lgn_hw import Classifier, Thermometer, UsageError
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.features import Features
from lgn_hw.passes.vote_groups import weights_of
from lgn_hw.passes.vote_sums import Blocks, sum_votes
from lgn_hw.prove.equivalence import prove_classifiers

AND, XOR = 0b1000, 0b0110


def voting(fanin, table, outputs, thresholds=(0,) * 6, features=6):
    encoder = Thermometer(
        Features.integers([0] * features, [9] * features),
        np.arange(6) * features // 6,
        np.array(thresholds),
    )
    group = np.zeros(len(outputs), np.int32)
    return Classifier(encoder, netlist(6, fanin, table, outputs), group, 1.0, ["a", "b"])


@settings(deadline=None, max_examples=60)
@given(classifiers(max_outputs=14), st.sampled_from([4, 6]), st.integers(0, 2**32 - 1))
def test_sum_votes_keeps_every_score(classifier, lut_size, seed):
    after = sum_votes(classifier, lut_size)
    codes = codes_of(classifier, 60, np.random.default_rng(seed))
    assert np.array_equal(after.scores(codes), classifier.scores(codes))
    assert np.array_equal(sum_votes(classifier, lut_size).netlist.table, after.netlist.table)


@pytest.mark.parametrize("lut_size", [4, 6])
def test_sum_votes_makes_a_smaller_circuit_and_is_proven(lut_size):
    before = random_classifier(3, features=6, bits=16, layers=(60,), classes=3)
    after = sum_votes(before, lut_size)
    sizes = [
        Circuit.of(c, CoreOptions(lut_size=lut_size, scores=True)).whole.num_nodes
        for c in (before, after)
    ]
    assert sizes[1] < 0.85 * sizes[0]
    assert prove_classifiers(before, after).status == "equal"
    assert prove_classifiers(after, before).status == "equal"


def test_sum_votes_makes_sum_and_carry_of_three_votes():
    # Before: three ANDs of two inputs. After: the parity of the three, and their majority, twice.
    after = sum_votes(voting([(2, 3), (4, 5), (6, 7)], [AND] * 3, [8, 9, 10]), 6)
    assert after.netlist.arity.tolist() == [6, 6]
    assert sorted(after.netlist.outputs.tolist()) == [8, 9, 9]


def test_sum_votes_sees_that_two_votes_are_never_both():
    # x0 & x1 and x0 & ~x1 are x0.
    after = sum_votes(voting([(2, 3), (2, 3)], [AND, 0b0010], [8, 9]), 6)
    assert (after.netlist.num_nodes, after.netlist.outputs.tolist()) == (0, [2])


def test_sum_votes_knows_that_a_threshold_implies_a_lower_one():
    # Both bits are of one feature: x > 7 and not x > 3 never happens, and their XOR and AND are
    # x > 3 and not x > 7, and x > 7. Their sum is x > 3.
    before = voting([(2, 3), (2, 3)], [XOR, AND], [8, 9], (3, 7, 0, 0, 0, 0), features=1)
    after = sum_votes(before, 6)
    assert (after.netlist.num_nodes, after.netlist.outputs.tolist()) == (0, [2])
    assert prove_classifiers(before, after).status == "equal"


@pytest.mark.parametrize("highest", range(1, 40))
def test_weights_reach_every_number_in_as_few_bits_as_can_be(highest):
    weights = weights_of(highest)
    assert len(weights) == highest.bit_length()
    for number in range(highest + 1):
        rest, found = number, 0
        for weight, unary in weights:
            bit = int(rest >= unary) if unary else rest // weight % 2
            rest -= weight * bit if unary else 0
            found += weight * bit
        assert found == number


@pytest.mark.parametrize(
    ("highest", "weights"), [(2, [1, 1]), (4, [1, 1, 2]), (5, [1, 2, 2]), (6, [1, 2, 4])]
)
def test_weights_add_up_to_the_highest_number_where_that_many_bits_can(highest, weights):
    assert [weight for weight, _ in weights_of(highest)] == weights


def test_proof_finds_a_sum_that_is_wrong():
    before = random_classifier(3, features=6, bits=16, layers=(60,), classes=3)
    after = sum_votes(before, 6)
    broken = replace(after, netlist=after.netlist.with_flipped_bit(0, 0))
    assert prove_classifiers(before, broken).status == "different"


def test_proof_takes_no_blocks_that_leave_a_vote_out():
    before = random_classifier(3, features=6, bits=16, layers=(60,), classes=3)
    after = sum_votes(before, 6)
    pairs = [list(map(list, pair)) for pair in Blocks.read(after).pairs[1:]]
    short = replace(after, provenance={"sums": {"of": before.digest, "pairs": pairs}})
    message = "...every vote once"
    with pytest.raises(UsageError, match=telling(message)):
        prove_classifiers(before, short)


def test_proof_takes_no_block_of_two_classes():
    before = random_classifier(3, features=6, bits=16, layers=(60,), classes=3)
    first, second, *rest = [(i,) for i in range(60)]
    pairs = [[first + second, first + second], *([one, one] for one in rest)]
    joined = replace(before, provenance={"sums": {"of": before.digest, "pairs": pairs}})
    message = "...one class, not of [0, 1]"
    with pytest.raises(UsageError, match=telling(message)):
        prove_classifiers(before, joined)
