"""Images and results as words on the ports of a streaming core."""

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.hdl.streaming.header import StreamHeader

__all__ = ["pack_frame_results", "pack_pixels"]


def pack_pixels(classifier: Classifier, codes: NDArray[np.int64]) -> list[list[int]]:
    """Return the codes of each frame's pixels as the core's port has them, without `last`.

    codes: int64[frames, features], of a classifier with a convolutional form.
    """
    section, features = classifier.convolution, classifier.features
    assert section is not None
    channels = section.shape[0]
    widths = features.width[:: len(features) // channels].tolist()
    images = codes.reshape(len(codes), channels, -1).astype(object)
    words, start = 0, 0
    for channel, width in enumerate(widths):
        words = words + ((images[:, channel] & ((1 << width) - 1)) << start)
        start += width
    return np.asarray(words).tolist()


def pack_frame_results(
    header: StreamHeader, scores: NDArray[np.int32], wrong: NDArray[np.bool_] | None = None
) -> list[int]:
    """Return each frame's result as the integer on the core's port.

    scores: int32[frames, classes]. wrong: of which frames the error is set; of none if not given.
    """
    words: list[int] = scores.argmax(axis=1).tolist()
    start = header.class_bits
    for column in scores.T.tolist() if header.scores else ():
        words = [word | score << start for word, score in zip(words, column, strict=True)]
        start += header.score_bits
    if wrong is None:
        return words
    return [word | int(error) << start for word, error in zip(words, wrong.tolist(), strict=True)]
