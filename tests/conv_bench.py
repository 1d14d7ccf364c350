"""Random classifiers with a convolutional form, without training."""

import numpy as np
from hypothesis import strategies as st
from strategies import random_netlist

from lgn_hw import Classifier
from lgn_hw.convolution import Convolution, Kernels
from lgn_hw.features import Features

__all__ = ["conv_classifiers", "random_conv", "random_kernels"]


def random_kernels(rng, channels, kernels, size=3, stride=1, padding=0, fan_in=2, levels=2, pool=1):
    """Return a convolution with random leaves and tables."""
    leaves = rng.integers(0, channels * size**2, (kernels, fan_in**levels))
    nodes = kernels * sum(fan_in**level for level in range(levels))
    tables = rng.integers(0, 2**64, nodes, np.uint64)
    if fan_in < 6:
        tables &= np.uint64((1 << (1 << fan_in)) - 1)
    return Kernels(size, stride, padding, leaves, fan_in, tables, pool)


def random_conv(
    seed=0, shape=(1, 6, 5), planes=2, layers=({"kernels": 4},), dense=(), classes=2, missing=0.0,
    low=0, high=15,
):  # fmt: skip
    """Return a classifier on images with that form; votes straight from positions without dense.

    layers: the arguments of random_kernels, convolution by convolution. missing: the share of the
    planes' places that lack their bit.
    """
    rng = np.random.default_rng(seed)
    of, channels = [], planes
    rows, columns = shape[1:]
    for options in layers:
        of.append(random_kernels(rng, channels, **options))
        channels, (rows, columns) = of[-1].num_kernels, of[-1].output_size(rows, columns)
    tail = random_netlist(seed, channels * rows * columns, dense) if dense else None
    group = np.arange(dense[-1] if dense else channels) * classes // (dense or (channels,))[-1]
    lacking = np.flatnonzero(rng.random(planes * shape[1] * shape[2]) < missing)
    section = Convolution(
        shape,
        np.arange(planes) % shape[0],
        rng.permutation(high - low)[:planes] + low,
        lacking,
        tuple(of),
        tail,
        group,
    )
    pixels = int(np.prod(shape))
    encoder = section.encoder(Features.integers([low] * pixels, [high] * pixels))
    names = tuple(f"class{number}" for number in range(classes))
    return Classifier(encoder, section.expand(), section.vote_group, 1.0, names, {}, section)


@st.composite
def conv_classifiers(draw, max_side=7):
    """Draw small convolutional classifiers: odd sizes, strides, paddings, one and many channels."""
    channels, rows, columns = (draw(st.integers(1, n)) for n in (3, max_side, max_side))
    planes = draw(st.integers(1, 4))
    layers, size = [], (rows, columns)
    for _ in range(draw(st.integers(1, 2))):
        kernel_size = draw(st.integers(1, 3))
        padding = draw(st.integers(0, kernel_size - 1))
        while min(size) + 2 * padding < kernel_size:
            padding += 1
        if padding >= kernel_size:
            kernel_size, padding = 1, 0
        options = {
            "kernels": draw(st.integers(1, 4)), "size": kernel_size, "padding": padding,
            "stride": draw(st.integers(1, 3)), "fan_in": draw(st.sampled_from([2, 3, 6])),
            "levels": draw(st.integers(1, 2)),
        }  # fmt: skip
        size = random_kernels(np.random.default_rng(0), 1, **options).positions(*size)
        pools = [n for n in (1, 2, 3) if size[0] % n == 0 == size[1] % n]
        options["pool"] = draw(st.sampled_from(pools))
        size = (size[0] // options["pool"], size[1] // options["pool"])
        layers.append(options)
    dense = draw(st.sampled_from([(), (5,), (6, 4)]))
    return random_conv(
        draw(st.integers(0, 2**16)), (channels, rows, columns), planes, layers, dense,
        classes=draw(st.integers(2, 3)), missing=draw(st.sampled_from([0.0, 0.3])),
        low=draw(st.sampled_from([0, -8])), high=draw(st.sampled_from([4, 15])),
    )  # fmt: skip
