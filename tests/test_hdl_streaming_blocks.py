"""Each block of a streaming core alone: pauses on both sides, odd sizes, strides, paddings."""

import random

import numpy as np
import pytest
from amaranth.hdl import Value
from amaranth_bench import codes_of, simulate
from conv_bench import random_conv, random_kernels

from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.streaming.collector import Collector
from lgn_hw.hdl.streaming.framer import Framer
from lgn_hw.hdl.streaming.or_pool import OrPool
from lgn_hw.hdl.streaming.staged import Staged
from lgn_hw.hdl.streaming.tally import Tally
from lgn_hw.hdl.streaming.window import LineWindow
from lgn_hw.netlist.evaluate import evaluate_reference

FRAMES = 3
FLOWS = [(0, 0), (0.5, 0), (0, 0.6), (0.4, 0.5)]
every_flow = pytest.mark.parametrize(("idle", "backpressure"), FLOWS)


def given(block, words, idle, backpressure, wanted, others=()):
    """Send words through a block; return those that come out of its second stream.

    others: names of further streams that are taken, whose words are returned too. A word that waits
    must keep still, and nothing may come behind what is wanted.
    """
    names = list(block.signature.members)
    source, sinks = getattr(block, names[0]), [getattr(block, n) for n in (names[1], *others)]
    rng, found = random.Random(7), [[] for _ in sinks]
    payload = Value.cast(source.payload)

    async def bench(ctx):
        sent, offered, waiting, still = 0, False, [None] * len(sinks), 0
        while still < 300:
            offered = offered or (sent < len(words) and rng.random() >= idle)
            ctx.set(source.valid, offered)
            ctx.set(payload, words[sent] if offered else rng.getrandbits(len(payload)))
            ready = [rng.random() >= backpressure for _ in sinks]
            for sink, takes in zip(sinks, ready, strict=True):
                ctx.set(sink.ready, takes)
            for place, sink in enumerate(sinks):
                valid, word = ctx.get(sink.valid), int(ctx.get(sink.payload))
                assert waiting[place] is None or (valid and word == waiting[place])
                waiting[place] = word if valid and not ready[place] else None
                if valid and ready[place]:
                    found[place].append(word)
            if offered and ctx.get(source.ready):
                sent, offered = sent + 1, False
            still = still + 1 if len(found[0]) >= wanted else 0
            await ctx.tick()

    simulate(block, bench)
    return found if others else found[0]


def packed(bits):
    """Return bits[..., n] as words, bit 0 lowest."""
    bits = np.asarray(bits).astype(object)
    return (bits << np.arange(bits.shape[-1]).astype(object)).sum(axis=-1)


def images_of(shape, seed=3):
    return np.random.default_rng(seed).integers(0, 2, (FRAMES, *shape))


@every_flow
@pytest.mark.parametrize(
    ("shape", "size", "stride", "padding"),
    [((1, 5, 7), 3, 1, 0), ((5, 7, 5), 3, 1, 1), ((2, 5, 3), 5, 1, 2), ((3, 7, 9), 3, 2, 1),
     ((1, 9, 7), 2, 3, 1), ((4, 3, 5), 1, 1, 0), ((1, 1, 1), 2, 1, 1), ((2, 1, 7), 1, 2, 0)],
)  # fmt: skip
def test_windows_are_those_of_the_image(shape, size, stride, padding, idle, backpressure):
    kernels = random_kernels(np.random.default_rng(0), shape[0], 2, size, stride, padding)
    images = images_of(shape)
    around = np.pad(images, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(around, (size, size), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride].transpose(0, 2, 3, 1, 4, 5)
    expected = packed(windows.reshape(-1, shape[0] * size**2)).tolist()
    words = packed(images.transpose(0, 2, 3, 1)).reshape(-1).tolist()
    block = LineWindow(shape, kernels)
    assert given(block, words, idle, backpressure, len(expected)) == expected


@every_flow
@pytest.mark.parametrize(
    ("channels", "rows", "columns", "size"),
    [(1, 4, 6, 2), (7, 6, 2, 2), (3, 9, 3, 3), (2, 5, 5, 5)],
)
def test_a_pool_is_the_or_of_its_windows(channels, rows, columns, size, idle, backpressure):
    maps = images_of((channels, rows, columns)) & images_of((channels, rows, columns), 4)
    cut = maps.reshape(FRAMES, channels, rows // size, size, columns // size, size)
    expected = packed(cut.max(axis=(3, 5)).transpose(0, 2, 3, 1)).reshape(-1).tolist()
    words = packed(maps.transpose(0, 2, 3, 1)).reshape(-1).tolist()
    found = given(OrPool(channels, columns, size), words, idle, backpressure, len(expected))
    assert found == expected


@every_flow
@pytest.mark.parametrize("shape", [(1, 3, 5), (6, 5, 3), (2, 1, 1)])
def test_a_collector_keeps_the_maps_of_a_frame(shape, idle, backpressure):
    maps = images_of(shape)
    words = packed(maps.transpose(0, 2, 3, 1)).reshape(-1).tolist()
    expected = packed(maps.reshape(FRAMES, -1)).tolist()
    assert given(Collector(shape), words, idle, backpressure, FRAMES) == expected


@every_flow
@pytest.mark.parametrize(
    ("group", "classes", "positions"), [([0, 1], 2, 15), ([2, 0, 1, 2, 0, 0, 2], 3, 7), ([0], 2, 1)]
)
def test_a_tally_adds_up_the_votes_of_each_class(group, classes, positions, idle, backpressure):
    votes = images_of((positions, len(group)))
    words = packed(votes).reshape(-1).tolist()
    block = Tally(group, classes, positions, 1)
    sums = np.stack([votes[..., np.array(group) == c].sum(axis=(1, 2)) for c in range(classes)])
    expected = [
        sum(int(score) << (c * block.width) for c, score in enumerate(frame)) for frame in sums.T
    ]
    assert given(block, words, idle, backpressure, FRAMES) == expected


@every_flow
@pytest.mark.parametrize("registers", [0, 1])
def test_a_staged_block_keeps_order_and_values(registers, idle, backpressure):
    kernels = random_kernels(np.random.default_rng(1), 3, 4, levels=3).window(3)
    bits = images_of((20, kernels.num_inputs)).reshape(-1, kernels.num_inputs)
    expected = packed(evaluate_reference(kernels, bits.astype(bool))).tolist()
    block = Staged(Logic(kernels, registers))
    words = packed(bits).tolist()
    assert given(block, words, idle, backpressure, len(words)) == expected


@every_flow
@pytest.mark.parametrize("channels", [1, 3])
def test_a_framer_gives_whole_frames_and_tells_wrong_ones(channels, idle, backpressure):
    classifier = random_conv(3, (channels, 5, 3), 3, missing=0.2)
    section, features = classifier.convolution, classifier.features
    codes = codes_of(classifier, 4, np.random.default_rng(0))
    images = codes.reshape(4, channels, -1).transpose(0, 2, 1)
    pixels = [
        sum(int(code) << (4 * channel) for channel, code in enumerate(pixel))
        for pixel in images.reshape(-1, channels)
    ]
    frames = [pixels[i : i + 15] for i in range(0, 60, 15)]
    frames[1], frames[2] = frames[1][:9], frames[2] + frames[0][:4]  # cut short; too long
    last = 1 << (4 * channels)
    words = [w | (last if i == len(f) - 1 else 0) for f in frames for i, w in enumerate(f)]
    above = images[:, :, section.channel] > section.threshold
    above &= ~np.isin(np.arange(3 * 15).reshape(3, 15).T, section.missing)
    above[1, 9:] = 0
    planes, ends = given(
        Framer(section, features, 2), words, idle, backpressure, 60, others=("o_frame",)
    )
    assert planes == packed(above.reshape(-1, 3)).tolist()
    assert ends == [0, 1, 1, 0]
