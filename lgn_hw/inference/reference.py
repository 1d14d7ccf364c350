"""What a classifier means, in numpy: the engine's definition, and its place without a compiler."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.encoder import Thermometer
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.evaluate import evaluate_words, pack_samples, unpack_samples

__all__ = ["Reference"]

BLOCK_SAMPLES = 4096  # bounds the memory of the encoded bits


class Reference:
    """Evaluate a classifier's encoder, netlist and head one after the other."""

    def __init__(
        self,
        encoder: Thermometer,
        netlist: Netlist,
        group: NDArray[np.int32],
        num_classes: int,
    ) -> None:
        self.encoder, self.netlist = encoder, netlist
        self.group, self.num_classes = group, num_classes

    def scores(self, codes: ArrayLike, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples, classes] as Engine.scores does, with one thread."""
        codes = self.encoder.features.validated(codes)
        scores = np.zeros((len(codes), self.num_classes), np.int32)
        for start in range(0, len(codes), BLOCK_SAMPLES):
            block = slice(start, start + BLOCK_SAMPLES)
            bits = self.encoder.encode(codes[block])
            votes = evaluate_words(self.netlist, pack_samples(bits))
            for c in range(self.num_classes):
                scores[block, c] = unpack_samples(votes[self.group == c], len(bits)).sum(axis=1)
        return scores

    def predict(self, codes: ArrayLike, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples] as Engine.predict does."""
        return self.scores(codes).argmax(axis=1).astype(np.int32)

    def scores_raw(self, raw: Any, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples, classes] as Engine.scores_raw does, with one thread."""
        return self.scores(self.encoder.features.quantize(raw))

    def predict_raw(self, raw: Any, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples] as Engine.predict_raw does."""
        return self.predict(self.encoder.features.quantize(raw))
