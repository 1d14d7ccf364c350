"""What of a sample goes over the link: the bits of its features that some gate's input needs."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.encoder import Thermometer
from lgn_hw.features import Features
from lgn_hw.passes.dead import read_inputs_only

__all__ = ["in_pixels", "SampleFormat", "packed_samples"]


@dataclass(frozen=True, eq=False)
class SampleFormat:
    """How the link carries samples: some features, each without its lowest bits.

    feature: int32[carried], which features, ascending; of a convolutional classifier all of them,
    pixel by pixel. shift: int64[carried], how many of its lowest bits each one is carried without.
    features: the carried ones, as Features.pack has them.

    A comparison with a threshold t does not depend on the bits under the lowest one that is set in
    t + 1; x > 127 only asks whether x has bit 7. A feature loses the bits under which all its
    thresholds are blind. docs/link.md states the rule, and host and device keep to it by itself:
    it depends on nothing but the classifier.
    """

    feature: NDArray[np.int32]
    shift: NDArray[np.int64]
    features: Features

    @classmethod
    def of(cls, classifier: Classifier) -> "SampleFormat":
        """Return the format of a classifier's samples; where it reads none, that is feature 0.

        MNIST with thresholds at 63, 127 and 191 is carried with 2 bits per pixel instead of 8, a
        quarter of the time on the line.
        """
        if classifier.convolution is not None:
            return cls._of_pixels(classifier)
        encoder, whole = classifier.encoder, classifier.features
        _, bits = read_inputs_only(classifier.netlist)
        feature = np.unique(encoder.feature[bits]) if bits else np.zeros(1, np.int32)
        # A feature keeps its highest bit.
        least = whole.width[feature].astype(np.int64) - 1 if bits else np.zeros(1, np.int64)
        # x > t is x >= t + 1: bits below the lowest one of t + 1 cannot matter.
        blind = _trailing_zeros(encoder.threshold[bits] + 1)
        np.minimum.at(least, np.searchsorted(feature, encoder.feature[bits]), blind)
        names = [whole.names[number] for number in feature]
        low, high = whole.low[feature] >> least, whole.high[feature] >> least
        return cls(feature, least, Features.integers(low, high, names))

    @classmethod
    def _of_pixels(cls, classifier: Classifier) -> "SampleFormat":
        """Return the format of an image: pixel by pixel, the codes of all channels at once."""
        section, whole = classifier.convolution, classifier.features
        assert section is not None
        shift = _blind_bits(classifier)
        # From channel by channel to pixel by pixel: a core in time needs all channels of a pixel at
        # once.
        feature = np.arange(len(whole), dtype=np.int32).reshape(section.shape[0], -1).T.reshape(-1)
        least = np.tile(shift, section.shape[1] * section.shape[2])
        names = [whole.names[number] for number in feature]
        low, high = whole.low[feature] >> least, whole.high[feature] >> least
        return cls(feature, least, Features.integers(low, high, names))

    @property
    def sample_bytes(self) -> int:
        """The bytes of one sample."""
        return -(-self.features.sample_width // 8)

    def bits_of(self, whole: Features) -> list[int]:
        """Return which bits of a sample of the whole features are carried, ascending."""
        width = whole.width.astype(np.int64)
        start = np.cumsum(width) - width
        places = zip(self.feature.tolist(), self.shift.tolist(), strict=True)
        return [int(start[f]) + bit for f, shift in places for bit in range(shift, int(width[f]))]

    def pack(self, codes: NDArray[np.int64]) -> bytes:
        """Return codes[samples, features] of the classifier's as they are carried."""
        carried = codes[:, self.feature] >> self.shift
        size = self.sample_bytes
        return b"".join(word.to_bytes(size, "little") for word in self.features.pack(carried))

    def narrowed(self, classifier: Classifier) -> Classifier:
        """Return the classifier that takes the carried features, and gives the same scores.

        Its features are those carried, with ranges shifted as they are; its convolutional form is
        gone, because pixels that nobody reads are, too.
        """
        netlist, bits = read_inputs_only(classifier.netlist)
        places = np.zeros(len(classifier.features), np.int64)
        places[self.feature] = np.arange(len(self.feature))
        place = places[classifier.encoder.feature[bits]]
        # x > t equals (x >> s) > (t >> s) where the s lowest bits of t are ones, which is how s was
        # chosen.
        threshold = classifier.encoder.threshold[bits] >> self.shift[place]
        encoder = Thermometer(self.features, place.astype(np.int32), threshold)
        return replace(classifier, encoder=encoder, netlist=netlist, convolution=None)


def in_pixels(classifier: Classifier) -> Classifier:
    """Return a convolutional classifier of pixels as they are carried, for a streaming core.

    Unlike narrowed(), every pixel stays: a streaming core counts them to know where it is in the
    image.
    """
    section, whole = classifier.convolution, classifier.features
    assert section is not None
    shift = _blind_bits(classifier)
    least = np.repeat(shift, section.shape[1] * section.shape[2])
    features = Features.integers(whole.low >> least, whole.high >> least, whole.names)
    narrow = replace(section, threshold=section.threshold >> shift[section.channel])
    return replace(
        classifier,
        encoder=narrow.encoder(features),
        netlist=narrow.expand(),
        group=narrow.vote_group,
        convolution=narrow,
    )


def _blind_bits(classifier: Classifier) -> NDArray[np.int64]:
    """Return for each channel how many of its lowest bits no threshold looks at.

    Returns int64[channels]. All pixels of a channel share one shift, since one comparator serves
    them.
    """
    section, encoder = classifier.convolution, classifier.encoder
    assert section is not None
    pixels = section.shape[1] * section.shape[2]
    shift = classifier.features.width[::pixels].astype(np.int64) - 1
    np.minimum.at(shift, section.channel, _trailing_zeros(section.threshold + 1))
    np.minimum.at(shift, encoder.feature // pixels, _trailing_zeros(encoder.threshold + 1))
    return shift


def packed_samples(classifier: Classifier, codes: NDArray[np.int64]) -> bytes:
    """Return codes[samples, features] as the link carries them (see SampleFormat)."""
    return SampleFormat.of(classifier).pack(codes)


def _trailing_zeros(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many bits lie under the lowest one that is set; 63 where none is."""
    # The lowest bit that is set, alone: -v is ~v + 1 in two's complement.
    lowest = values & -values
    return np.array([(int(bit) or 1 << 63).bit_length() - 1 for bit in lowest], np.int64)
