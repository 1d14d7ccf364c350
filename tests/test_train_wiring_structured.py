"""Structured wiring: near, balanced over planes and inputs, even in every group."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lgn_hw import Thermometer
from lgn_hw.features import Features
from lgn_train import Geometry, LogicDense, fit_thermometer, structured_wiring

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores


def distances(geometry, wiring, seed):
    """Return the distance in pixels of each pin's input from the node's place."""
    nodes = geometry.spread(len(wiring), seed)
    rows = (geometry.row[wiring] - nodes.row[:, None]).abs()
    return torch.maximum(rows, (geometry.column[wiring] - nodes.column[:, None]).abs())


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
    st.integers(1, 80),
    st.integers(2, 6),
    st.sampled_from([0.5, 2.0, 30.0]),
    st.integers(0, 3),
)
def test_structured_wiring_reads_every_input_equally_often(shape, nodes, fan_in, radius, seed):
    geometry = Geometry.of_image(*shape)
    wiring = structured_wiring(geometry, nodes, fan_in, radius, seed)
    assert wiring.shape == (nodes, fan_in)
    reads = torch.bincount(wiring.flatten(), minlength=len(geometry))
    assert int(reads.max() - reads.min()) <= 1


@pytest.mark.parametrize("fan_in", [2, 4, 6])
def test_structured_wiring_reads_near_by_and_never_twice(fan_in):
    geometry = Geometry.of_image(6, 16, 16)
    wiring = structured_wiring(geometry, 2000, fan_in, radius=2.0, seed=1)
    found = distances(geometry, wiring, seed=1)
    assert float(found.quantile(0.95)) < 3.0
    assert float(found.max()) < 7.0
    assert float(found.mean()) > 1.0  # not the nearest pixel only
    assert all(len(set(row)) == fan_in for row in wiring.tolist())


def test_structured_wiring_with_the_radius_of_the_image_mixes():
    geometry = Geometry.of_image(1, 32, 32)
    wiring = structured_wiring(geometry, 4000, 2, radius=32, seed=1)
    mean = (geometry.row[wiring[:, 0]] - geometry.row[wiring[:, 1]]).abs().mean()
    assert float(mean) == pytest.approx(32 / 3, rel=0.05)  # of two independent places


def test_structured_wiring_is_balanced_over_planes_and_pairs_them():
    geometry = Geometry.of_image(3, 16, 16)
    planes = geometry.plane[structured_wiring(geometry, 3072, 2, seed=0)]
    assert torch.bincount(planes.flatten()).tolist() == [2048] * 3
    pairs = torch.bincount(planes[:, 0] * 3 + planes[:, 1])
    assert int(pairs.min()) > 0.8 * 3072 / 9


def test_structured_wiring_depends_on_the_seed_alone():
    geometry = Geometry.of_image(3, 8, 8)
    first = structured_wiring(geometry, 100, 2, seed=1)
    assert torch.equal(first, structured_wiring(geometry, 100, 2, seed=1))
    assert not torch.equal(first, structured_wiring(geometry, 100, 2, seed=2))


def test_spread_covers_the_image_in_every_group():
    places = Geometry.of_image(1, 8, 12).spread(1000, seed=3)
    cells = (places.row // 2).long() * 3 + (places.column // 4).long()
    for group in cells.view(10, 100):
        counts = torch.bincount(group, minlength=12)
        assert int(counts.min()) >= 5
        assert int(counts.max()) <= 12


def spec(kind, levels):
    """An encoder of 2 x 2 pixels and 2 channels; pixel 0 of channel 0 is constant."""
    codes = np.random.default_rng(0).integers(0, 100, (200, 8))
    codes[:, 0] = 0
    codes[:, 1] = codes[:, 1] // 10  # lies below all but few thresholds
    return fit_thermometer(Features.integers([0] * 8, [99] * 8), codes, levels, kind)


def test_geometry_of_an_encoder_names_planes_by_threshold():
    encoder = spec("uniform", 3)
    geometry = Geometry.of_encoder(encoder, (2, 2, 2))
    assert geometry.planes == 6
    channel = encoder.feature // 4
    assert geometry.plane.tolist() == [
        int(c) * 3 + [24, 49, 74].index(t) for c, t in zip(channel, encoder.threshold, strict=True)
    ]
    assert geometry.row.tolist() == [0.5 + f % 4 // 2 for f in encoder.feature]
    assert geometry.column.tolist() == [0.5 + f % 2 for f in encoder.feature]


def test_geometry_of_an_encoder_with_thresholds_of_each_pixel_counts_them():
    geometry = Geometry.of_encoder(spec("quantile", 3), (2, 2, 2))
    assert geometry.plane.tolist() == [0, 1, 2] * 3 + [3, 4, 5] * 4


def test_geometry_planes_keep_their_threshold_where_a_pixel_lacks_one():
    features = Features.integers([0, 0], [9, 9])
    encoder = Thermometer(features, np.array([0, 1, 1]), np.array([6, 3, 6]))
    assert Geometry.of_encoder(encoder, (1, 1, 2)).plane.tolist() == [1, 0, 1]


def test_geometry_rejects_another_shape():
    message = r"^image_shape must have 8 pixels, as many as the encoder has features, not 1 x 2 x 2"
    with pytest.raises(ValueError, match=message):
        Geometry.of_encoder(spec("uniform", 3), (1, 2, 2))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"nodes": 0}, ValueError, "^nodes must be 1 or more, not 0$"),
        ({"fan_in": 1.5}, TypeError, r"^fan_in must be an int, not float 1\.5$"),
        ({"radius": -1}, ValueError, "^radius must be a positive finite number, not -1$"),
        ({"seed": "a"}, TypeError, "^seed must be an int, not str 'a'$"),
    ],
)
def test_structured_wiring_rejects_options(options, kind, message):
    with pytest.raises(kind, match=message):
        structured_wiring(Geometry.of_image(1, 4, 4), **({"nodes": 5, "fan_in": 2} | options))


def test_logic_dense_hands_its_geometry_on():
    image = Geometry.of_image(3, 8, 8)
    first = LogicDense(192, 90, wiring="structured", geometry=image, radius=2.0, seed=5)
    assert torch.equal(first.wiring, structured_wiring(image, 90, 2, 2.0, 5))
    assert torch.equal(first.output_geometry.row, image.spread(90, 5).row)
    second = LogicDense(90, 40, wiring="structured", geometry=first.output_geometry, seed=6)
    assert torch.equal(second.wiring, structured_wiring(first.output_geometry, 40, 2, 3.0, 6))
    assert LogicDense(9, 4, seed=0).output_geometry is None
