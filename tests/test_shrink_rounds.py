"""Rounds of shrinking and training again: what is kept, what is tried again, what is reported."""

from dataclasses import replace

import numpy as np
import pytest
from test_shrink_sampled_net import random_net

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import UsageError
from lgn_hw.shrink.parts import Part, Parts
from lgn_hw.shrink.rounds import shrink_in_rounds
from lgn_hw.shrink.shrink import accuracy, count_luts, mapped

LUT4 = CoreOptions(lut_size=4)


@pytest.fixture(scope="module")
def given():
    classifier, codes, _ = random_net(3, nodes=40, outputs=24)
    noise = np.random.default_rng(0).random(len(codes)) < 0.1
    labels = np.where(noise, 0, classifier.predict(codes))
    cuts = [slice(0, 90), slice(90, 120), slice(120, 150)]
    return classifier, Parts(*(Part(codes[cut], labels[cut]) for cut in cuts))


def same(classifier):
    return classifier


def test_rounds_save_a_step_each_and_are_reported(given):
    classifier, parts = given
    told, tuned = [], []
    found = shrink_in_rounds(
        classifier, parts, LUT4, lambda net: tuned.append(net) or net,
        max_loss=0.3, rounds=2, on_round=told.append,
    )  # fmt: skip
    assert found.before.luts == count_luts(mapped(classifier, LUT4), LUT4)
    assert told == list(found.tuned)
    assert len(tuned) == len(told) == 2
    first, second = (count_luts(net, LUT4) for net in tuned)
    assert second < first < 0.9 * found.before.luts
    assert found.after.luts == count_luts(found.classifier, LUT4) == second
    assert found.held_out == tuple(accuracy(c, parts.held_out) for c in (classifier, tuned[-1]))
    told_of = found.classifier.provenance["shrunk"]["rounds"]
    assert [entry["luts"] for entry in told_of] == [first, second]
    assert found.classifier.provenance["shrunk_from"] == classifier.digest


def test_a_budget_is_reached_in_as_many_rounds_as_are_given(given):
    classifier, parts = given
    budget = count_luts(mapped(classifier, LUT4), LUT4) * 6 // 10
    found = shrink_in_rounds(classifier, parts, LUT4, same, luts=budget, rounds=3)
    assert found.after.luts <= budget
    assert 1 <= len(found.tuned) <= 3


def test_a_round_that_loses_too_much_is_not_kept(given):
    classifier, parts = given

    def spoil(net):
        """Let all votes be for one class."""
        return replace(net, group=np.zeros_like(net.group))

    found = shrink_in_rounds(classifier, parts, LUT4, spoil, max_loss=0.0)
    assert [entry.kept for entry in found.tuned] == [False] * len(found.tuned)
    assert len(found.tuned) == 3  # each with half the step of the one before
    assert found.after == found.before
    assert found.held_out[0] == found.held_out[1]


def test_training_again_recovers_what_a_round_lost(given):
    classifier, parts = given
    small = mapped(classifier, LUT4)

    def recover(net):
        """Return the whole net, as if training had found it again with a node less."""
        return replace(small, provenance={"net": net.num_classes})

    found = shrink_in_rounds(classifier, parts, LUT4, recover, max_loss=0.0, rounds=1)
    assert found.tuned[0].accuracy == found.before.accuracy
    assert found.after == found.before  # as many LUTs as before are no progress


def test_interruption_keeps_the_best_until_then(given):
    classifier, parts = given

    def stop(entry):
        raise KeyboardInterrupt

    found = shrink_in_rounds(classifier, parts, LUT4, same, max_loss=0.3, on_round=stop)
    assert found.interrupted
    assert len(found.tuned) == 1

    def at_once(net):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shrink_in_rounds(classifier, parts, LUT4, at_once, max_loss=0.3)


def test_rounds_reject_what_they_cannot_do(given):
    classifier, parts = given
    with pytest.raises(UsageError, match=r"--luts, or what it may lose, --max-loss"):
        shrink_in_rounds(classifier, parts, LUT4, same)
    with pytest.raises(UsageError, match=r"LUTs were reached, not 1; .*more --rounds"):
        shrink_in_rounds(classifier, parts, LUT4, same, luts=1, max_loss=0.0, rounds=1)
