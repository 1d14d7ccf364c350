"""Samples on the link lose what no threshold asks for, and nothing else."""

import numpy as np
from amaranth_bench import codes_of
from hypothesis import given
from hypothesis import strategies as st
from strategies import classifiers, random_netlist

from lgn_hw import Classifier, Thermometer
from lgn_hw.features import Features
from lgn_hw.link import SampleFormat, packed_samples


def classifier_with(features, feature, threshold):
    """Return a classifier in which a gate reads every bit of an encoder."""
    netlist = random_netlist(0, len(feature), (4,), arity=6)
    fanin = netlist.fanin.copy()
    fanin[:, :6] = 2 + np.arange(24).reshape(4, 6) % len(feature)
    encoder = Thermometer(features, np.array(feature, np.int32), np.array(threshold))
    whole = type(netlist)(len(feature), fanin, netlist.table, netlist.outputs)
    return Classifier(encoder, whole, np.arange(4) % 2, tau=1.0, classes=("a", "b"))


def test_format_has_one_bit_of_a_byte_that_is_compared_with_127():
    features = Features.integers([0] * 10, [255] * 10)
    classifier = classifier_with(features, [1, 2, 3, 5, 8, 9], [127] * 6)
    found = SampleFormat.of(classifier)
    assert found.feature.tolist() == [1, 2, 3, 5, 8, 9]
    assert found.shift.tolist() == [7] * 6
    assert found.sample_bytes == 1
    codes = np.array([[0, 127, 128, 255, 255, 0, 255, 255, 200, 3]])
    assert found.pack(codes) == packed_samples(classifier, codes) == bytes([0b010110])


def test_format_keeps_the_bits_that_some_threshold_asks_for():
    features = Features.integers([0, 0, -128, -4, 0], [255, 255, 127, 3, 1])
    # 99 + 1 and 191 + 1 leave bits 2 and up; -1 asks for the sign only, -3 for two bits.
    classifier = classifier_with(features, [0, 0, 2, 3, 1, 4], [99, 191, -1, -3, 0, 0])
    found = SampleFormat.of(classifier)
    assert found.shift.tolist() == [2, 0, 7, 1, 0]
    assert found.bits_of(features) == [*range(2, 16), 23, 25, 26, 27]
    assert found.features.width.tolist() == [6, 8, 1, 2, 1]
    assert found.features.low.tolist() == [0, 0, -1, -2, 0]
    assert found.features.high.tolist() == [63, 255, 0, 1, 1]


def test_format_of_a_classifier_that_reads_nothing_has_the_first_feature():
    classifier = classifier_with(Features.integers([0, 0], [15, 15]), [1], [3])
    constant = type(classifier.netlist)(
        1, np.zeros((0, 6), np.int32), np.zeros(0, np.uint64), np.array([1, 0, 0, 0], np.int32)
    )
    constant = Classifier(classifier.encoder, constant, classifier.group, 1.0, ("a", "b"))
    found = SampleFormat.of(constant)
    assert (found.feature.tolist(), found.features.sample_width) == ([0], 4)


@given(classifiers(), st.integers(0, 2**32 - 1))
def test_narrowed_classifier_has_the_same_scores(classifier, seed):
    codes = codes_of(classifier, 30, np.random.default_rng(seed))
    found = SampleFormat.of(classifier)
    narrowed = found.narrowed(classifier)
    carried = codes[:, found.feature] >> found.shift
    assert np.array_equal(narrowed.scores(carried), classifier.scores(codes))
    assert found.features.sample_width <= classifier.features.sample_width
