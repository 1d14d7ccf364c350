"""What a classifier makes of samples: which classes it confuses, where it errs, what it heeds."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.features import Features
from lgn_hw.passes.dead import inputs_read
from lgn_hw.samples import Samples, spread

__all__ = ["answers_on", "bits_read"]

MAX_WRONG = 24  # samples that are shown
MAX_HEEDED = 1000  # samples on which features are changed, one at a time
MIN_HEEDED = 100
HEEDED_VALUES = 400_000  # features that are read times samples
BLOCK_VALUES = 4_000_000  # numbers that are tried together: the engine runs 512 samples at a time
MAX_VALUES = 200_000  # numbers of all wrong samples together: a page must stay small
SEED = 0


def answers_on(classifier: Classifier, samples: Samples, *, image: bool) -> dict[str, Any]:
    """Return the figures of a classifier on samples, as JSON values.

    confusion[label][answer] counts labelled samples, and is None where none has a label. wrong:
    some of the samples with another answer than their label, the most frequent confusions first.
    turned[feature]: the share of `turned_of` samples whose answer becomes another where that
    feature alone is changed; of an image, turned over (at most half of its range becomes the
    highest code, more the lowest), else set to what it is in another sample, drawn once.

    image: whether features are pixels, which decides how a feature is changed. Changing one feature
    at a time (permutation importance, Breiman 2001, of one feature) costs a prediction of all
    samples for each feature that is read, so that it is done on 100 to 1 000 samples, fewer the
    more features there are.
    """
    codes, labels = samples.codes, samples.labels
    votes = classifier.scores(codes)
    answer = votes.argmax(axis=1)
    known = np.zeros(len(codes), bool) if labels is None else labels >= 0
    found: dict[str, Any] = {
        "samples": len(codes),
        "labelled": int(known.sum()),
        "confusion": None,
        "wrong": [],
    }
    if labels is not None and known.any():
        k = classifier.num_classes
        # One number for each pair, so that one count over all samples makes the matrix.
        pairs = labels[known] * k + answer[known]
        found["confusion"] = np.bincount(pairs, minlength=k * k).reshape(k, k).tolist()
        most = max(1, min(MAX_WRONG, MAX_VALUES // max(1, codes.shape[1])))
        found["wrong"] = [
            {
                "sample": index,
                "label": int(labels[index]),
                "answer": int(answer[index]),
                "votes": votes[index].tolist(),
                "codes": codes[index].tolist(),
            }
            for index in _some_wrong(labels, answer, most)
        ]
    turned, of = _turned(classifier, codes, image)
    return found | {"turned": turned, "turned_of": of}


def bits_read(classifier: Classifier) -> list[int]:
    """Return for each feature how many of its encoder bits an output depends on."""
    read = classifier.encoder.feature[inputs_read(classifier.netlist)]
    return np.bincount(read, minlength=len(classifier.features)).tolist()


def _some_wrong(labels: NDArray[np.integer], answer: NDArray[np.integer], most: int) -> list[int]:
    """Choose wrong samples by turns from each confusion, the most frequent confusion first.

    labels, answer: int[samples]; a label below 0 is unknown and counts as no error. most: how many
    are returned at most. Turns keep one frequent confusion from filling the page.
    """
    wrong = np.flatnonzero((labels >= 0) & (labels != answer))
    piles: dict[tuple[int, int], list[int]] = {}
    for index in wrong.tolist():
        piles.setdefault((int(labels[index]), int(answer[index])), []).append(index)
    return list(_by_turns(sorted(piles.values(), key=lambda pile: (-len(pile), pile[0]))))[:most]


def _by_turns(piles: list[list[int]]) -> Iterator[int]:
    """Yield the first of each pile, then the second of each, and so on; short piles drop out."""
    for turn in range(max(map(len, piles), default=0)):
        yield from (pile[turn] for pile in piles if turn < len(pile))


def _turned(
    classifier: Classifier, codes: NDArray[np.int64], image: bool
) -> tuple[list[float], int]:
    """Return for each feature the share of samples whose answer it turns, and how many samples
    these shares are of.

    Features without a bit that an output depends on have share 0 and cost nothing.
    """
    read = np.flatnonzero(bits_read(classifier))
    most = min(MAX_HEEDED, max(MIN_HEEDED, HEEDED_VALUES // max(1, len(read))))
    chosen = spread(codes, most)
    others = _turned_over(classifier.features, chosen) if image else _of_others(chosen)
    some, changed = (_narrow(classifier.features, part) for part in (chosen, others))
    before, share = classifier.predict(some), np.zeros(len(classifier.features))
    # Several features are tried in one call, because the engine is only fast on many samples.
    together = max(1, BLOCK_VALUES // max(1, some.size))
    for start in range(0, len(read), together):
        part = read[start : start + together]
        blocks = np.repeat(some[None], len(part), axis=0)
        for block, feature in zip(blocks, part, strict=True):
            block[:, feature] = changed[:, feature]
        answer = classifier.predict(blocks.reshape(-1, some.shape[1])).reshape(len(part), -1)
        share[part] = (answer != before).mean(axis=1)
    return [round(value, 6) for value in share.tolist()], len(some)


def _narrow(features: Features, codes: NDArray[np.int64]) -> NDArray[np.integer]:
    """Return codes in four bytes where they fit, which the engine reads as they are."""
    limits = np.iinfo(np.int32)
    fits = features.low.min() >= limits.min and features.high.max() <= limits.max
    return codes.astype(np.int32) if fits else codes


def _turned_over(features: Features, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each pixel's opposite end: the highest code for one in the lower half of its range,
    else the lowest. An image's background would hardly change if pixels were exchanged between
    samples.
    """
    # Halves, so that ranges near the ends of int64 do not overflow.
    middle = features.low // 2 + features.high // 2
    return np.where(codes <= middle, features.high, features.low)


def _of_others(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the samples in another order, equal for equal counts: each value then is one that the
    feature really takes.
    """
    rng = np.random.default_rng(SEED)
    return codes[rng.permutation(len(codes))]
