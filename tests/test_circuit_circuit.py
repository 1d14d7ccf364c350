"""The circuit of netlists, joined to one, is the classifier."""

import numpy as np
from amaranth_bench import codes_of
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import FOR_LUTS, classifiers

from lgn_hw import evaluate
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.options import CoreOptions


@settings(deadline=None, max_examples=60)
@given(classifiers(), st.sampled_from(FOR_LUTS), st.booleans(), st.integers(0, 2**32 - 1))
def test_circuit_equals_the_classifier(classifier, made_for, scores, seed):
    circuit = Circuit.of(classifier, CoreOptions(scores=scores, **made_for))
    codes = codes_of(classifier, 60, np.random.default_rng(seed))
    width = classifier.features.sample_width
    words = classifier.features.pack(codes)
    bits = np.array([[word >> i & 1 for i in range(width)] for word in words], bool)
    found = evaluate(circuit.whole, bits)
    classes, votes = found[:, : circuit.class_bits], found[:, circuit.class_bits :]
    number = classes @ (1 << np.arange(circuit.class_bits))
    assert np.array_equal(number, classifier.predict(codes))
    if scores:
        votes = votes.reshape(len(codes), -1, circuit.score_bits)
        expected = classifier.scores(codes)
        assert np.array_equal(votes @ (1 << np.arange(circuit.score_bits)), expected)
