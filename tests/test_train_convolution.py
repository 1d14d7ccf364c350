"""The convolutional form of trained networks."""

import numpy as np
import pytest
import torch
from test_train_layers_conv import CODES, SPEC, network
from torch import nn

from lgn_hw import CheckFailed
from lgn_hw.features import Features
from lgn_train import (
    BitPlanes,
    GroupSum,
    LogicConv2d,
    LogicDense,
    OrPool2d,
    ThermometerLayer,
    export_model,
    fit_thermometer,
)
from lgn_train.convolution import check_structure

torch.set_num_threads(1)


def straight(spec=SPEC, classes=2, kernels=4):
    conv = LogicConv2d(6, kernels, 3, padding=1, init="gaussian", seed=1)
    return nn.Sequential(
        ThermometerLayer(spec), BitPlanes(spec, (2, 6, 6)), conv, OrPool2d(2), nn.Flatten(),
        GroupSum(classes, 1.0),
    )  # fmt: skip


def test_export_keeps_the_form():
    classifier = export_model(network({"kernel_size": 3, "padding": 1}, 2, 3, "gaussian", 1), "abc")
    section = classifier.convolution
    assert section.shapes == ((6, 6, 6), (3, 3, 3), (2, 4, 4))
    assert (section.layers[0].pool, section.layers[1].kernel_size) == (2, 2)
    assert section.channel.tolist() == [0, 0, 0, 1, 1, 1]
    assert section.threshold.tolist() == [63, 127, 191] * 2
    assert len(section.missing) == 6 * 36 - SPEC.num_bits
    assert section.tail.num_inputs == 32
    assert section.group.tolist() == np.repeat(range(3), 4).tolist()


def test_votes_straight_from_positions_belong_to_kernels():
    section = export_model(straight(), "ab").convolution
    assert section.tail is None
    assert section.group.tolist() == [0, 0, 1, 1]


def test_votes_of_one_kernel_for_two_classes_need_a_tail():
    section = export_model(straight(classes=3, kernels=4), "abc").convolution
    assert section.tail.num_nodes == 0
    assert len(section.group) == 4 * 9


def test_export_of_other_networks_has_no_form():
    dense = nn.Sequential(ThermometerLayer(SPEC), LogicDense(201, 4, seed=0), GroupSum(2, 1.0))
    assert export_model(dense, "ab").convolution is None
    quantile = fit_thermometer(Features.integers([0] * 72, [255] * 72), CODES, 3, "quantile")
    assert export_model(straight(quantile), "ab").convolution is None
    uneven = Features.integers([0] * 72, [255] * 71 + [254])
    assert (
        export_model(straight(fit_thermometer(uneven, np.minimum(CODES, 254), 3)), "ab").convolution
        is None
    )


def test_a_form_that_is_not_the_netlist_is_refused():
    classifier = export_model(straight(), "ab")
    other = classifier.netlist.with_flipped_bit(0, 0)
    with pytest.raises(
        CheckFailed, match=r"^The convolutional form differs from the netlist in its"
    ):
        check_structure(classifier.convolution, classifier.encoder, other)
