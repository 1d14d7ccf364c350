"""The encoder's netlist equals the encoder, with as few nodes as its thresholds need."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import classifiers

from lgn_hw import Thermometer, evaluate
from lgn_hw.circuit.encoder import encoder_netlist
from lgn_hw.features import Features


def bits_of(features, codes):
    words = features.pack(codes)
    return np.array([[w >> i & 1 for i in range(features.sample_width)] for w in words], bool)


@settings(deadline=None, max_examples=60)
@given(classifiers(max_bits=12), st.sampled_from([2, 4, 6]), st.integers(0, 2**32 - 1))
def test_encoder_equals_software(classifier, lut_size, seed):
    features, rng = classifier.features, np.random.default_rng(seed)
    codes = rng.integers(features.low, features.high, (60, len(features)), endpoint=True)
    codes = np.concatenate([codes, [features.low, features.high]])
    netlist = encoder_netlist(classifier.encoder, lut_size)
    assert netlist.arity.max(initial=1) <= lut_size
    found = evaluate(netlist, bits_of(features, codes))
    assert np.array_equal(found, classifier.encoder.encode(codes))


@pytest.mark.parametrize("lut_size", [2, 4, 6])
@pytest.mark.parametrize(("low", "high"), [(0, 255), (-128, 127), (0, 4095), (-300, 300)])
def test_encoder_is_exhaustively_right_at_every_threshold(lut_size, low, high):
    features = Features.integers([low], [high])
    thresholds = np.arange(low, high, 7)
    encoder = Thermometer(features, np.zeros(len(thresholds), int), thresholds)
    codes = np.arange(low, high + 1)[:, None]
    found = evaluate(encoder_netlist(encoder, lut_size), bits_of(features, codes))
    assert np.array_equal(found, codes > thresholds)


@pytest.mark.parametrize(
    ("width", "thresholds", "lut_size", "nodes"),
    [
        (5, [3, 7, 11], 6, 3),
        (8, [64, 128, 192], 6, 4),  # the three low bits are 0 in all three: compared once
        (8, [63, 127, 191], 6, 2),  # no three bits exceed seven, and 127 is the highest bit
        (8, [64, 65, 66], 6, 6),
        (8, [7, 7, 7], 6, 1),
    ],
)
def test_encoder_shares_the_comparison_of_low_bits(width, thresholds, lut_size, nodes):
    features = Features.integers([0], [(1 << width) - 1])
    encoder = Thermometer(features, np.zeros(3, int), np.array(thresholds))
    assert encoder_netlist(encoder, lut_size).num_nodes == nodes
