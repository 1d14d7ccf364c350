"""The engine is its reference, bit for bit: every instruction set, shape of input and thread."""

import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import classifiers, random_classifier, random_netlist

from lgn_hw import Classifier, ClassifierError, Netlist, Thermometer, UsageError
from lgn_hw.compiler import INSTRUCTION_SETS, widest_set
from lgn_hw.features import Features
from lgn_hw.inference import Engine, Reference, why_not_compiled

pytestmark = pytest.mark.skipif(bool(why_not_compiled()), reason="; ".join(why_not_compiled()))
WIDEST_FIRST = list(INSTRUCTION_SETS)
SETS = WIDEST_FIRST[WIDEST_FIRST.index(widest_set()) :]


def parts(classifier):
    return classifier.encoder, classifier.netlist, classifier.group, classifier.num_classes


def codes_of(features, samples, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(features.low, features.high, (samples, len(features)), endpoint=True)


def check(classifier, codes, sets=SETS, threads=1):
    expected = Reference(*parts(classifier)).scores(codes)
    for chosen in sets:
        engine = Engine(*parts(classifier), instruction_set=chosen)
        assert np.array_equal(engine.scores(codes, threads), expected)
        assert np.array_equal(engine.predict(codes, threads), expected.argmax(axis=1))


def classifier_on(features, netlist, classes=3, seed=0):
    """Return a classifier with the netlist's inputs from thresholds drawn over the features."""
    rng = np.random.default_rng(seed)
    feature = rng.integers(0, len(features), netlist.num_inputs)
    threshold = rng.integers(features.low[feature], features.high[feature])
    group = rng.integers(0, classes, netlist.num_outputs)
    names = [str(c) for c in range(classes)]
    return Classifier(Thermometer(features, feature, threshold), netlist, group, 1.0, names)


@cache
def trained_like():
    return random_classifier(3, features=90, bits=300, layers=(200, 200, 100), classes=10)


@given(classifiers())
def test_engine_is_its_reference(classifier):
    check(classifier, codes_of(classifier.features, 70), [None])


@pytest.mark.parametrize("samples", [0, 1, 2, 3, 15, 17, 63, 64, 65, 511, 512, 513, 1500])
def test_engine_takes_any_number_of_samples(samples):
    check(trained_like(), codes_of(trained_like().features, samples))


@pytest.mark.parametrize("arity", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("samples", [1, 70])
def test_engine_splits_tables_of_any_width(arity, samples):
    features = Features.integers([0] * 20, [255] * 20)
    classifier = classifier_on(features, random_netlist(arity, 40, (60, 60), arity))
    check(classifier, codes_of(features, samples))


def test_engine_evaluates_every_table_of_three_inputs():
    features = Features.integers([0] * 3, [1] * 3)
    fanin = np.tile([2, 3, 4, 0, 0, 0], (256, 1))
    netlist = Netlist(3, fanin, np.arange(256, dtype=np.uint64), np.arange(5, 261))
    encoder = Thermometer(features, [0, 1, 2], [0, 0, 0])
    classifier = Classifier(encoder, netlist, np.arange(256), 1.0, [str(c) for c in range(256)])
    codes = np.array(list(np.ndindex(2, 2, 2)))
    check(classifier, codes)
    check(classifier, codes[[5]])


def test_engine_follows_constants_copies_and_repeated_pins():
    features = Features.integers([0] * 4, [9] * 4)
    rows, tables = [[2, 2], [1, 3], [0, 4], [5, 1], [6, 7], [7, 7]], [6, 8, 14, 1, 9, 7]
    fanin = np.zeros((6, 6), int)
    fanin[:, :2] = rows
    outputs = [0, 1, 1, 2, 6, 7, 8, 9, 10, 11, 11, 2]
    netlist = Netlist(4, fanin, np.array(tables, np.uint64), outputs)
    check(classifier_on(features, netlist), codes_of(features, 100))


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (0, 16), (-128, 127), (-5, 200), (1000, 1255), (0, 256), (-70_000, 70_000),
     (-(2**40), 2**40), (2**40, 2**40 + 9), (-(2**62), 2**62)],
)  # fmt: skip
@pytest.mark.parametrize("samples", [1, 130])
def test_engine_compares_codes_of_any_range(low, high, samples):
    features = Features.integers([low] * 70, [high] * 70)
    classifier = classifier_on(features, random_netlist(1, 150, (80, 80)))
    codes = codes_of(features, samples)
    codes[0, ::3], codes[-1, ::2] = low, high
    check(classifier, codes)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", ">i4", "u8", "i8"])
def test_engine_reads_codes_of_any_dtype(dtype):
    features = Features.integers([0] * 70, [100] * 70)
    classifier = classifier_on(features, random_netlist(1, 150, (80, 80)))
    codes = codes_of(features, 100)
    check(classifier, codes.astype(dtype))
    check(classifier, np.asfortranarray(codes.astype(dtype)))
    check(classifier, codes.astype(dtype)[::3, :])


@pytest.mark.parametrize("outputs", [1, 16, 31, 700])
def test_engine_counts_few_votes_and_many_in_many_classes(outputs):
    rng = np.random.default_rng(0)
    netlist = random_netlist(2, 40, (50, 50))
    netlist = replace(netlist, outputs=rng.integers(0, netlist.num_nets, outputs))
    features = Features.integers([0] * 20, [255] * 20)
    for classes in (2, 3, 70, 300):
        check(classifier_on(features, netlist, classes), codes_of(features, 600))


def test_engine_computes_the_same_with_any_number_of_threads():
    check(trained_like(), codes_of(trained_like().features, 2000), [None], threads=7)


def test_engine_runs_wires_without_a_node():
    features = Features.integers([0] * 3, [9] * 3)
    wires = Netlist(3, np.zeros((0, 6), int), np.zeros(0, np.uint64), [2, 3, 4])
    check(classifier_on(features, wires), codes_of(features, 65))


def test_engine_drops_what_no_vote_reads_and_uses_slots_again():
    features = Features.integers([0] * 20, [255] * 20)
    chain = np.zeros((500, 6), int)
    chain[:, 0], chain[:, 1] = np.arange(500) + 41, 2
    netlist = Netlist(40, chain, np.full(500, 6, np.uint64), [541 - 100])
    size = Engine(*parts(classifier_on(features, netlist))).size
    assert size["instructions"] == 400
    assert size["slots"] <= 42


def wrong_codes(features, dtype, samples, value):
    codes = codes_of(features, samples).astype(dtype)
    codes[-1, 1] = value
    return codes


SCALES = {
    "integers": ([0] * 70, [255] * 70, 0.0, 1.0),
    "bytes": ([0] * 70, [255] * 70, -1.5, 3 / 255),
    "signed": ([-128] * 70, [127] * 70, 0.1, 0.7),
    "far": ([1000] * 70, [1200] * 70, 1e6, 1e-3),
    "wide": ([-70_000] * 70, [70_000] * 70, 0.0, 1e-5),
    "mixed": ([0, -3] * 35, [9, 40_000] * 35, np.tile([0.0, 2.5], 35), np.tile([1.0, 1e-30], 35)),
    "beyond int32": ([-(2**40)] * 70, [2**40] * 70, 0.0, 0.5),
}


def scaled_classifier(kind):
    low, high, offset, scale = SCALES[kind]
    names = [f"x{i}" for i in range(70)]
    features = Features(names, low, high, np.broadcast_to(offset, 70), np.broadcast_to(scale, 70))
    return classifier_on(features, random_netlist(1, 150, (80, 80)))


def raw_values(features, samples, dtype, seed=0):
    """Values of all codes, halves between them, ends, what is beyond, zeros of both signs."""
    codes = codes_of(features, samples, seed).astype(np.float64)
    rng = np.random.default_rng(seed)
    codes += rng.choice([0, 0.5, -0.5, 0.49999999, 0.3], codes.shape)
    values = codes * features.scale + features.offset
    drawn = rng.random(values.shape)
    values[drawn < 0.1] = rng.choice([0.0, -0.0, 1e300, -1e300, 5e-324, 2.5], (drawn < 0.1).sum())
    with np.errstate(over="ignore"):
        values = values.astype(dtype)
    limit = np.finfo(dtype).max
    return np.clip(values, -limit, limit)


def check_raw(classifier, raw, sets=SETS, threads=1):
    expected = Reference(*parts(classifier)).scores_raw(raw)
    for chosen in sets:
        engine = Engine(*parts(classifier), instruction_set=chosen)
        assert np.array_equal(engine.scores_raw(raw, threads), expected)
        assert np.array_equal(engine.predict_raw(raw, threads), expected.argmax(axis=1))


@pytest.mark.parametrize("kind", SCALES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_engine_quantizes_as_numpy_does(kind, dtype):
    classifier = scaled_classifier(kind)
    for samples in (0, 1, 2, 63, 130, 700):
        check_raw(classifier, raw_values(classifier.features, samples, dtype, samples))


@given(classifiers(), st.data())
def test_engine_quantizes_any_float_as_numpy_does(classifier, data):
    features = classifier.features
    offset = data.draw(
        st.lists(st.floats(-1e6, 1e6), min_size=len(features), max_size=len(features))
    )
    scale = data.draw(
        st.lists(st.floats(1e-6, 1e6), min_size=len(features), max_size=len(features))
    )
    scaled = Features(features.names, features.low, features.high, offset, scale)
    encoder = replace(classifier.encoder, features=scaled)
    finite = st.floats(allow_nan=False, allow_infinity=False)
    row = st.lists(finite, min_size=len(features), max_size=len(features))
    raw = np.array(data.draw(st.lists(row, min_size=1, max_size=5)))
    check_raw(replace(classifier, encoder=encoder), raw, [None])


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "u1", "i2", "i4", "i8", "u8", "?"])
def test_engine_takes_raw_values_of_any_dtype_and_order(dtype):
    classifier = scaled_classifier("integers")
    raw = np.random.default_rng(0).integers(0, 130, (100, 70)).astype(dtype)
    check_raw(classifier, raw, [None])
    check_raw(classifier, np.asfortranarray(raw), [None])
    check_raw(classifier, raw[::3], [None])
    check_raw(classifier, raw.reshape(100, 7, 10), [None])
    check_raw(classifier, raw.tolist(), [None])


def test_engine_saturates_raw_integers():
    classifier = scaled_classifier("integers")
    raw = np.random.default_rng(0).integers(-300, 600, (100, 70)).astype(np.int32)
    check_raw(classifier, raw)
    check_raw(scaled_classifier("bytes"), raw)


@pytest.mark.parametrize("samples", [1, 70, 600])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["integers", "bytes", "wide"])
def test_engine_rejects_raw_values_that_are_not_finite(kind, value, dtype, samples):
    classifier = scaled_classifier(kind)
    raw = raw_values(classifier.features, samples, dtype)
    raw[-1, 1] = value
    rule = f"Sample {samples - 1}, feature 'x1' must be a finite number, not {value}"
    for run in (classifier.predict_raw, classifier.scores_raw):
        with pytest.raises(ClassifierError, match=rf"^{rule}$"):
            run(raw)


def test_engine_rejects_raw_values_of_another_shape():
    with pytest.raises(ClassifierError, match=r"shape \(samples, 70\), not \(3, 69\)"):
        scaled_classifier("bytes").predict_raw(np.zeros((3, 69)))
    with pytest.raises(ClassifierError, match="must be numbers"):
        scaled_classifier("bytes").predict_raw([["a"] * 70])


@pytest.mark.parametrize("samples", [1, 70, 600])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
@pytest.mark.parametrize(("low", "high", "value"), [(0, 16, 17), (3, 16, 2), (0, 16, 200)])
def test_engine_rejects_codes_out_of_range(low, high, value, dtype, samples):
    features = Features.integers([low] * 70, [high] * 70)
    classifier = classifier_on(features, random_netlist(1, 150, (80, 80)))
    rule = f"Sample {samples - 1}, feature 'x1' must be {low} to {high}, not {value}"
    with pytest.raises(ClassifierError, match=rf"^{rule}$"):
        classifier.predict(wrong_codes(features, dtype, samples, value))


@pytest.mark.parametrize("samples", [1, 70])
def test_engine_rejects_wide_codes_out_of_range(samples):
    features = Features.integers([-1000] * 5, [1000] * 5)
    classifier = classifier_on(features, random_netlist(1, 15, (8, 8)))
    with pytest.raises(ClassifierError, match=r"must be -1000 to 1000, not -1001"):
        classifier.scores(wrong_codes(features, np.int64, samples, -1001))
    with pytest.raises(ClassifierError, match=r"must be -1000 to 1000, not 18446744073709551615"):
        classifier.scores(np.full((samples, 5), -1).astype(np.uint64))


def test_engine_rejects_what_is_no_table_of_integers():
    classifier = trained_like()
    with pytest.raises(ClassifierError, match=r"shape \(samples, 90\), not \(3, 89\)"):
        classifier.predict(np.zeros((3, 89), np.uint8))
    with pytest.raises(ClassifierError, match="must be integers, not float64"):
        classifier.predict(np.zeros((3, 90)))


@pytest.mark.parametrize("threads", [0, -1])
def test_engine_rejects_no_threads(threads, monkeypatch):
    codes = codes_of(trained_like().features, 3)
    with pytest.raises(UsageError, match=f"must be 1 or more, not {threads}"):
        trained_like().predict(codes, threads)
    monkeypatch.setenv("LGN_THREADS", "many")
    with pytest.raises(UsageError, match=r"LGN_THREADS must be a number of threads.*'many'"):
        trained_like().predict(codes)


def test_classifier_runs_on_the_reference_without_a_compiler(tmp_path):
    """In a process of its own: what is compiled is found once a process."""
    trained_like().save(tmp_path / "it.lgn")
    np.save(tmp_path / "codes.npy", codes_of(trained_like().features, 9))
    program = f"""
import numpy, sys
sys.modules["ziglang"] = None
from lgn_hw import Classifier
it = Classifier.load({str(tmp_path / "it.lgn")!r})
print(type(it.engine).__name__, *it.predict(numpy.load({str(tmp_path / "codes.npy")!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PATH": "", "CXX": "no-such-compiler"},
        check=True,
    )
    expected = trained_like().predict(codes_of(trained_like().features, 9))
    assert done.stdout.split() == ["Reference", *map(str, expected)]
