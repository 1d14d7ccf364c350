"""The encoder's circuit equals the encoder."""

import numpy as np
from amaranth.back import rtlil
from amaranth_bench import codes_of, pipeline_outputs
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import classifiers

from lgn_hw import Thermometer
from lgn_hw.features import Features
from lgn_hw.hdl.encoder import Encoder


def words_of(bits):
    return [sum(int(bit) << i for i, bit in enumerate(row)) for row in bits]


@settings(deadline=None, max_examples=25)
@given(classifiers(max_bits=12), st.integers(0, 2**32 - 1))
def test_encoder_equals_software_one_cycle_later(classifier, seed):
    codes = codes_of(classifier, 30, np.random.default_rng(seed))
    codes = np.concatenate([codes, [classifier.features.low, classifier.features.high]])
    encoder = Encoder(classifier.encoder)
    words = classifier.features.pack(codes)
    found = pipeline_outputs(encoder, encoder.i_sample, encoder.o_bits, words)
    assert found == words_of(classifier.encoder.encode(codes))


def test_encoder_leaves_bits_that_nobody_reads_at_zero():
    thermometer = Thermometer(Features.integers([-4], [3]), np.zeros(3, int), np.array([-2, 0, 1]))
    encoder = Encoder(thermometer, bits_used=[1])
    words = thermometer.features.pack(np.arange(-4, 4)[:, None])
    found = pipeline_outputs(encoder, encoder.i_sample, encoder.o_bits, words)
    assert found == [0, 0, 0, 0, 0, 2, 2, 2]


def test_encoder_shares_comparators_and_builds_none_that_is_not_read():
    features = Features.integers([0, 0], [15, 15])
    thermometer = Thermometer(features, np.array([0, 1, 0, 0, 1]), np.array([3, 3, 3, 7, 9]))
    text = rtlil.convert(Encoder(thermometer, bits_used=[0, 1, 2, 3]), emit_src=False)
    assert text.count("cell $gt") == 3
