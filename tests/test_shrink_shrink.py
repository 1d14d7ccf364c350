"""Smaller nets: fewer LUTs at an accuracy that is measured on samples that chose nothing."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from test_shrink_sampled_net import random_net

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import UsageError
from lgn_hw.samples import Samples
from lgn_hw.shrink.changes import Changes
from lgn_hw.shrink.greedy import Greedy
from lgn_hw.shrink.parts import Part, Parts, split
from lgn_hw.shrink.sampled_net import SampledNet
from lgn_hw.shrink.shrink import accuracy, shrink
from lgn_train import LogicGateClassifier

LUT6 = CoreOptions(lut_size=6)


def trained_digits(nodes):
    """Return a classifier of the digits, and samples to fit, to choose by and held out."""
    x, y = load_digits(return_X_y=True)
    place = np.arange(len(y)) % 4
    net = LogicGateClassifier(layers=(nodes,), fan_in=6, levels=3, epochs=15, random_state=0)
    net.fit(x[place < 2], y[place < 2])
    codes = net.codes(x)
    chosen = (place < 2, place == 2, place == 3)
    return net.classifier_, Parts(*(Part(codes[rows], y[rows]) for rows in chosen))


@pytest.fixture(scope="module")
def digits():
    return trained_digits(150)


def test_result_keeps_to_the_loss_and_is_smaller(digits):
    classifier, parts = digits
    told = []
    found = shrink(classifier, parts, LUT6, max_loss=0.02, on_round=told.append)
    small = found.classifier
    assert found.after.luts < 0.9 * found.before.luts
    assert found.after.accuracy >= found.before.accuracy - 0.02
    assert sum(Circuit.of(small, LUT6).luts.values()) == found.after.luts
    assert accuracy(small, parts.choose) == found.after.accuracy
    assert found.held_out == (accuracy(classifier, parts.held_out), accuracy(small, parts.held_out))
    assert told == list(found.rounds)


def test_provenance_says_from_what_and_how_it_was_measured(digits):
    classifier, parts = digits
    small = shrink(classifier, parts, LUT6, max_loss=0.05).classifier
    assert small.digest != classifier.digest == small.provenance["shrunk_from"]
    assert small.provenance["accuracy"] == accuracy(small, parts.held_out)
    told = small.provenance["shrunk"]
    sizes = [told[name] for name in ("fitted_on", "chosen_on", "held_out")]
    assert sizes == [len(parts.fit), len(parts.choose), len(parts.held_out)]


def test_budget_is_kept_and_equal_input_gives_equal_bytes(digits):
    classifier, parts = digits
    budget = 9 * sum(Circuit.of(classifier, LUT6).luts.values()) // 10
    made = [shrink(classifier, parts, LUT6, luts=budget) for _ in range(2)]
    assert made[0].after.luts <= budget
    assert made[0].classifier.digest == made[1].classifier.digest


def test_a_near_budget_costs_few_changes(digits):
    classifier, parts = digits
    before = sum(Circuit.of(classifier, LUT6).luts.values())
    near = shrink(classifier, parts, LUT6, luts=before - 1)
    assert near.after.luts <= before - 1
    assert near.after.changed < 0.015 * before


def test_interruption_keeps_the_best_until_then(digits):
    classifier, parts = digits
    told = []

    def stop(entry):
        told.append(entry)
        if len(told) == 3:
            raise KeyboardInterrupt

    found = shrink(classifier, parts, LUT6, max_loss=0.05, on_round=stop)
    assert found.interrupted
    assert found.after == min(told, key=lambda entry: entry.luts)


def test_shrink_rejects_what_it_cannot_do(digits):
    classifier, parts = digits
    with pytest.raises(UsageError, match="--luts, or what it may lose, --max-loss"):
        shrink(classifier, parts, LUT6)
    with pytest.raises(UsageError, match=r"LUTs were reached, not 1; allow a higher --max-loss"):
        shrink(classifier, parts, LUT6, luts=1, max_loss=0.0)


@pytest.mark.parametrize("seed", range(8))
def test_cheapest_change_costs_what_it_says(seed):
    nets = SampledNet(*random_net(seed))
    changes = Changes(nets, 1.0)
    for node in range(len(nets.pins)):
        if not nets.is_alive(node):
            continue
        change = changes.cheapest(nets.first_node + node)
        before = nets.losses.sum()
        nets.replace(change.net, change.literal)
        assert nets.losses.sum() - before == pytest.approx(change.loss, abs=1e-9)
        changes.refresh()


@pytest.mark.parametrize("seed", range(4))
def test_refit_lowers_the_loss(seed):
    nets = SampledNet(*random_net(seed))
    before = nets.loss
    inverted = Greedy(nets, 1.0).refit()
    assert nets.loss < before or not inverted


def test_split_shares_every_class_out_and_no_sample_twice():
    codes, labels = np.arange(200)[:, None], np.repeat([0, 1], [150, 50])
    parts = split(Samples(codes, labels))
    found = [parts.fit, parts.choose, parts.held_out]
    assert [len(part) for part in found] == [120, 40, 40]
    assert [int(part.labels.sum()) for part in found] == [30, 10, 10]
    assert sorted(np.concatenate([part.codes for part in found]).ravel()) == list(range(200))


@pytest.mark.parametrize(
    ("labels", "remedy"),
    [(None, "--label"), ([0] * 20 + [-1], "1 of 21 have none"), ([0] * 2, "2 samples.*10 or more")],
)
def test_split_rejects_samples_without_labels_or_too_few(labels, remedy):
    count = 5 if labels is None else len(labels)
    given = None if labels is None else np.array(labels)
    with pytest.raises(UsageError, match=remedy):
        split(Samples(np.zeros((count, 1), np.int64), given))
