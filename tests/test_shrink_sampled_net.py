"""A net with its values on samples: what a change costs is what it then turns out to cost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgn_hw import Classifier, Netlist, Thermometer
from lgn_hw.features import Features
from lgn_hw.netlist import MAX_FANIN
from lgn_hw.shrink.sampled_net import SampledNet

INPUTS, CLASSES = 5, 3


def random_net(seed, nodes=14, outputs=9):
    """Return a classifier of random nodes of 1 to 6 pins, constants among what they read."""
    rng = np.random.default_rng(seed)
    first = 2 + INPUTS
    fanin = np.zeros((nodes, MAX_FANIN), np.int32)
    arity = rng.integers(1, 7, nodes)
    for node in range(nodes):
        fanin[node, : arity[node]] = rng.integers(0, first + node, arity[node])
        fanin[node, arity[node] - 1] = max(1, fanin[node, arity[node] - 1])
    entries = (1 << arity).astype(np.uint64)
    table = rng.integers(0, 2**64, nodes, np.uint64) >> (np.uint64(64) - entries)
    netlist = Netlist(INPUTS, fanin, table, rng.integers(0, first + nodes, outputs))
    encoder = Thermometer(Features.integers([0] * INPUTS, [3] * INPUTS), range(INPUTS), [1] * 5)
    group = rng.integers(0, CLASSES, outputs)
    codes = rng.integers(0, 4, (150, INPUTS))
    made = Classifier(encoder, netlist, group, 1.3, [str(c) for c in range(CLASSES)])
    return made, codes, rng.integers(0, CLASSES, 150)


def sampled(seed):
    classifier, codes, labels = random_net(seed)
    return SampledNet(classifier, codes, labels), codes


def losses_of(classifier, codes, labels):
    chosen = classifier.predict_proba(codes)[np.arange(len(labels)), labels]
    return -np.log(chosen)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_classifier_of_an_unchanged_net_has_the_same_scores(seed):
    classifier, codes, labels = random_net(seed)
    nets = SampledNet(classifier, codes, labels)
    assert (nets.classifier().scores(codes) == classifier.scores(codes)).all()
    assert (classifier.scores(codes) == nets.scores.T).all()
    assert nets.losses == pytest.approx(losses_of(classifier, codes, labels))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_a_net_replaced_costs_what_flips_say(seed, data):
    nets, codes = sampled(seed)
    for _ in range(3):
        net = data.draw(st.integers(nets.first_node, nets.num_nets - 1))
        literal = data.draw(st.integers(0, 2 * net - 1))
        flips, bits = nets.flip_losses(net), nets.bits(net)
        shows = bits ^ nets.bits(literal >> 1) ^ bool(literal & 1)
        expected = nets.losses + np.where(shows, flips, 0)
        nets.replace(net, literal)
        assert nets.losses == pytest.approx(expected)
        assert (nets.classifier().scores(codes) == nets.scores.T).all()
        assert not nets.is_alive(net - nets.first_node)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_entries_inverted_cost_what_flips_say(seed, data):
    nets, codes = sampled(seed)
    node = data.draw(st.integers(0, len(nets.pins) - 1))
    chosen = data.draw(st.sets(st.integers(0, (1 << len(nets.pins[node])) - 1)))
    flips = nets.flip_losses(nets.first_node + node)
    expected = nets.losses + np.where(np.isin(nets.entries(node), list(chosen)), flips, 0)
    nets.flip_entries(node, chosen)
    assert nets.losses == pytest.approx(expected)
    assert (nets.classifier().scores(codes) == nets.scores.T).all()


def test_deaths_counts_what_only_a_dead_node_read():
    # 4 and 5 feed 6, which votes; 4 votes too; 7 reads 5 and votes.
    encoder = Thermometer(Features.integers([0] * 2, [3] * 2), [0, 1], [1, 1])
    pins = [[2, 3], [2, 3], [4, 5], [5, 2]]
    fanin = [[*pair, 0, 0, 0, 0] for pair in pins]
    net = Netlist(2, fanin, np.array([8, 14, 6, 6], np.uint64), [6, 4, 7])
    codes, labels = np.array([[0, 3], [2, 2]]), np.array([0, 1])
    nets = SampledNet(Classifier(encoder, net, [0, 1, 1], 1.0, "ab"), codes, labels)
    assert [nets.deaths(number) for number in (4, 5, 6, 7)] == [1, 1, 1, 1]
    nets.replace(7, 0)
    assert nets.deaths(6) == 2  # 5 with it
    assert nets.deaths(6, kept=5) == 1
    nets.replace(6, 2 * 5 + 1)  # the inverse of 5 votes in its place
    assert nets.is_alive(1)
    assert not nets.is_alive(2)
    assert nets.classifier().scores(codes).tolist() == nets.scores.T.tolist()
