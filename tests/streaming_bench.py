"""Send frames through a streaming core in Amaranth's simulator."""

import random

from amaranth.hdl import ClockDomain
from amaranth_bench import Receiver, simulate

from lgn_hw.circuit.argmax import class_width

__all__ = ["frame_results", "pixels_of", "words_of"]


def pixels_of(classifier, codes):
    """Return the words of the pixels of frames, codes[frames, features]; a list for each frame."""
    features = classifier.features
    channels = classifier.convolution.shape[0]
    pixels = len(features) // channels
    widths = features.width[::pixels].tolist()
    frames = []
    for image in codes.reshape(len(codes), channels, pixels):
        words = []
        for pixel in image.T:
            word, start = 0, 0
            for code, width in zip(pixel.tolist(), widths, strict=True):
                word |= (code & ((1 << width) - 1)) << start
                start += width
            words.append(word)
        frames.append(words)
    return frames


def frame_results(core, frames, *, seed=0, idle=0.0, backpressure=0.0, reset_at=None, start=0):
    """Send frames, lists of codes words, through a core.

    Returns ([cycle of each accepted pixel], [(cycle, result word)]). idle, backpressure: the
    probabilities of a pause. start: the cycle of the first pixel. reset_at: a cycle of a reset,
    after which all is sent again. Checks that a waiting result keeps still.
    """
    rng = random.Random(seed)
    words = [(word, i == len(frame) - 1) for frame in frames for i, word in enumerate(frame)]
    accepted, receiver = [], Receiver(core, rng, backpressure)
    width = len(core.i_pixel.payload.codes)
    domain = ClockDomain("sync")
    patience = 40 * (sum(len(f) for f in frames[:1]) + 20)

    async def bench(ctx):
        sent, offered, still, cycle = 0, False, 0, 0
        while still < patience:
            offered = offered or (cycle >= start and sent < len(words) and rng.random() >= idle)
            receiver.choose(ctx)
            word, last = words[sent] if offered else (rng.getrandbits(width), rng.random() < 0.5)
            ctx.set(core.i_pixel.valid, offered)
            ctx.set(core.i_pixel.payload.codes, word)
            ctx.set(core.i_pixel.payload.last, last)
            receiver.look(ctx, cycle)
            if offered and ctx.get(core.i_pixel.ready):
                accepted.append(cycle)
                sent, offered = sent + 1, False
            still = 0 if sent < len(words) or receiver.waiting is not None else still + 1
            if len(receiver.received) >= len(frames) and sent == len(words):
                still = max(still, patience - 30)
            if cycle == reset_at:
                ctx.set(domain.rst, 1)
                ctx.set(core.i_pixel.valid, 0)
                await ctx.tick()
                ctx.set(domain.rst, 0)
                sent, offered = 0, False
                accepted.clear()
                receiver.clear()
            else:
                await ctx.tick()
            cycle += 1

    simulate(core, bench, domain)
    return accepted, receiver.received


def words_of(core, scores, errors=None):
    """Return the result words of scores[frames, classes]; errors: which had a wrong length."""
    words = []
    errors = errors or [0] * len(scores)
    for row, error in zip(scores.tolist(), errors, strict=True):
        word, start = row.index(max(row)), class_width(core.classes)
        if core.options.scores:
            for score in row:
                word |= score << start
                start += core.score_bits
        words.append(word | error << start)
    return words
