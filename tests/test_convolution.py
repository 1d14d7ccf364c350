"""The convolutional form: what it computes, what it refuses, how files and passes keep it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from conv_bench import conv_classifiers, random_conv, random_kernels
from hypothesis import given, settings
from messages import telling

from lgn_hw import ClassifierError, Netlist, evaluate
from lgn_hw.convolution import Kernels
from lgn_hw.features import Features
from lgn_hw.formats.lgn import dumps, loads
from lgn_hw.link.samples import SampleFormat
from lgn_hw.netlist import evaluate as evaluation
from lgn_hw.netlist.node_builder import NodeBuilder
from lgn_hw.passes.optimize import optimize_classifier


def windows_of(layer, image):
    """Evaluate a convolution window by window: bool[channels, rows, columns] to its maps."""
    padded = np.pad(image, ((0, 0), (layer.padding,) * 2, (layer.padding,) * 2))
    high, wide = layer.positions(*image.shape[1:])
    maps = np.zeros((layer.num_kernels, high, wide), bool)
    window = layer.window(len(image))
    for row in range(high):
        for column in range(wide):
            top, left, size = row * layer.stride, column * layer.stride, layer.kernel_size
            part = padded[:, top : top + size, left : left + size]
            maps[:, row, column] = evaluate(window, part.reshape(1, -1))[0]
    blocks = maps.reshape(layer.num_kernels, high // layer.pool, layer.pool, -1, layer.pool)
    return blocks.any(axis=(2, 4))


def scores_of(section, features, codes):
    """Return the scores of one sample, from windows."""
    values = codes.reshape(section.shape)[section.channel]
    image = values > section.threshold[:, None, None]
    image.reshape(-1)[section.missing] = False
    for layer in section.layers:
        image = windows_of(layer, image)
    votes = image.reshape(1, -1)
    if section.tail is not None:
        votes = evaluate(section.tail, votes)
    return np.bincount(section.vote_group, weights=votes[0])


@settings(deadline=None, max_examples=40)
@given(conv_classifiers())
def test_the_netlist_is_every_kernel_at_every_window(classifier):
    rng = np.random.default_rng(0)
    features = classifier.features
    codes = rng.integers(features.low, features.high, (3, len(features)), endpoint=True)
    found = classifier.scores(codes)
    for sample, scores in zip(codes, found, strict=True):
        expected = scores_of(classifier.convolution, features, sample)
        assert scores[: len(expected)].tolist() == expected.tolist()
        assert not scores[len(expected) :].any()


@settings(deadline=None, max_examples=25)
@given(conv_classifiers())
def test_files_keep_the_form(classifier):
    data = dumps(classifier)
    again = loads(data)
    assert data[8] == 2
    assert dumps(again) == data
    assert again.convolution.shape == classifier.convolution.shape
    plain = dumps(replace(classifier, convolution=None))
    assert plain[8] == 1
    assert loads(plain).convolution is None
    assert loads(plain).digest != classifier.digest


def test_a_tree_of_two_levels():
    # OR of two ANDs, on the window's first row and second row.
    kernels = Kernels(2, 1, 0, [[0, 1, 2, 3]], 2, np.array([0b1000, 0b1000, 0b1110], np.uint64))
    window = kernels.window(1)
    bits = (np.arange(16)[:, None] >> np.arange(4) & 1).astype(bool)
    expected = (bits[:, 0] & bits[:, 1]) | (bits[:, 2] & bits[:, 3])
    assert evaluate(window, bits)[:, 0].tolist() == expected.tolist()


def test_optimize_keeps_the_form_and_the_scores():
    classifier = random_conv(3, layers=({"kernels": 4, "padding": 1},), dense=(20, 8))
    smaller, _ = optimize_classifier(classifier)
    assert smaller.netlist.num_nodes < classifier.netlist.num_nodes
    assert smaller.convolution is classifier.convolution
    codes = np.random.default_rng(0).integers(0, 16, (64, 30))
    own = smaller.convolution
    flat = replace(
        smaller, encoder=own.encoder(smaller.features), netlist=own.expand(),
        group=own.vote_group,
    )  # fmt: skip
    assert (flat.scores(codes) == smaller.scores(codes)).all()


def test_other_features_lose_the_form():
    classifier = random_conv(1)
    assert SampleFormat.of(classifier).narrowed(classifier).convolution is None


def test_append_keeps_nodes_and_shortens_those_that_read_a_constant():
    tail = Netlist(
        2, [[2, 3, 0, 0, 0, 0], [4, 2, 0, 0, 0, 0]], np.array([0b0110, 0b0111], np.uint64), [5]
    )
    builder = NodeBuilder(2)
    outputs = builder.append(tail, np.array([3, 0], np.int32))
    found = builder.netlist(outputs)
    bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], bool)
    expected = evaluate(tail, np.stack([bits[:, 1], np.zeros(4, bool)], axis=1))
    assert evaluate(found, bits).tolist() == expected.tolist()
    assert found.arity.tolist() == [1, 2]
    same = NodeBuilder(2)
    again = same.netlist(same.append(tail, np.array([2, 3], np.int32)))
    assert again.fanin.tolist() == tail.fanin.tolist()


def kernels(**changed):
    rng = np.random.default_rng(0)
    made = random_kernels(rng, 1, 2)
    return replace(made, **changed)


WRONG_KERNELS = [
    ({"kernel_size": 0}, "kernel_size of a convolution must be an integer, 1 to 255, not 0"),
    ({"kernel_size": True}, "kernel_size of a convolution must be an integer, 1 to 255, not True"),
    ({"stride": 0}, "stride of a convolution must be an integer, 1 to 255, not 0"),
    ({"padding": 3}, "padding of a convolution must be an integer, 0 to 2, not 3"),
    ({"fan_in": 7}, "fan_in of a convolution must be an integer, 2 to 6, not 7"),
    ({"pool": 0.5}, "pool of a convolution must be an integer, 1 to 255, not 0.5"),
    ({"leaves": [[0, 1, 2]] * 2}, "leaves ...fan_in 2, not 2 x 3"),
    ({"leaves": [[0]] * 2}, "leaves ...fan_in 2, not 2 x 1"),
    (
        {"leaves": [0, 1]},
        "leaves ... 2 dimensions, not int64 in 1",
    ),
    ({"leaves": [[0, 1 << 31]] * 2}, "leaves ...int32, not hold 2147483648"),
    ({"tables": [-1] * 6}, "tables ...uint64, not hold -1"),
    ({"tables": [1] * 5}, "tables ... 6 nodes ..., not 5"),
    ({"tables": [1] * 5 + [16]}, "Table 5 has 4 entries; 0x10 ..."),
]


@pytest.mark.parametrize(("changed", "message"), WRONG_KERNELS)
def test_kernels_reject_what_is_no_convolution(changed, message):
    with pytest.raises(ClassifierError, match=telling(message)):
        kernels(**changed)


WRONG_FORMS = [
    ({"shape": (1, 6, 0)}, "shape must be channels, rows and columns, each 1 or more, not (1, 6,"),
    ({"layers": ()}, "layers must be one convolution or more, not none"),
    ({"channel": [0, 1]}, "Plane 1 must look at one of the channels 0 to 0, not 1"),
    ({"missing": [3, 3]}, "missing must ascend, from 0 to 59 at most"),
    ({"missing": [60]}, "missing must ascend, from 0 to 59 at most"),
    ({"threshold": [1]}, "channel and threshold must have one value for each plane, at least one"),
    ({"group": [0.5] * 4}, "group of a convolution must hold integers in 1 dimensions, not floa"),
    (
        {"tail": Netlist(5, np.zeros((0, 6), int), [], [2])},
        "tail must have an input for each of 48 bits of the last maps, not 5",
    ),
    ({"group": [0]}, "group must name a class for each of 4 votes of the convolution, not 1"),
    ({"shape": (1, 2, 2)}, "A window of 3 x 3 does not fit 2 x 2 pixels with padding 0"),
    ({"layers": (kernels(pool=3),)}, "An OR pool of 3 needs rows and columns that are mul"),
    ({"layers": (kernels(leaves=[[0, 1, 2, 18]] * 2),)}, "Leaf 3 of kernel 0 must be one of the"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "message"), WRONG_FORMS)
def test_forms_reject_parts_that_do_not_fit(changed, message):
    with pytest.raises(ClassifierError, match=f"^{re.escape(message)}"):
        replace(random_conv(0).convolution, **changed).shapes  # noqa: B018


WRONG_FEATURES = [
    ({"shape": (1, 6, 6)}, "An image of 1 x 6 x 6 needs 36 features, not 30"),
    ({"threshold": [3, 15]}, "A plane's threshold must lie in its channel's range of codes"),
    (
        {"group": [0, 0, 1, 2]},
        "Vote 3 of the convolution must be for one of the classes 0 to 1, no",
    ),
]


@pytest.mark.parametrize(("changed", "message"), WRONG_FEATURES)
def test_classifiers_reject_a_form_of_other_samples(changed, message):
    classifier = random_conv(0)
    section = replace(classifier.convolution, **changed)
    with pytest.raises(ClassifierError, match=f"^{re.escape(message)}"):
        replace(classifier, convolution=section)


def test_the_pixels_of_a_channel_must_have_one_range():
    section = random_conv(0).convolution
    features = Features.integers([0] * 30, [15] * 29 + [14])
    with pytest.raises(ClassifierError, match=r"^The pixels of a channel must have one range"):
        section.check_features(features, 2)


def test_evaluation_has_an_oracle():
    section = random_conv(5, layers=({"kernels": 4, "padding": 1},)).convolution
    flat = section.expand()
    bits = np.random.default_rng(0).random((5, flat.num_inputs)) < 0.5
    assert (evaluate(flat, bits) == evaluation.evaluate_reference(flat, bits)).all()
