"""The bench around a streaming core: frames of pixels in, a result for each of them out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from cocotb.triggers import RisingEdge
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.hdl.streaming.frames import pack_frame_results, pack_pixels
from lgn_hw.hdl.streaming.header import StreamHeader
from lgn_sim.bench import Bench, Sink, Source

__all__ = ["FrameBench", "FrameModel"]


class FrameModel:
    """Know the right result of each frame: the classifier in software (see bench.Model)."""

    def __init__(self, classifier: Classifier, header: StreamHeader) -> None:
        self._classifier, self._header = classifier, header
        self.error = 1 << (header.result_bits - 1)

    def frames(self, codes: NDArray[np.int64]) -> list[list[int]]:
        """Return the codes of each frame's pixels."""
        return pack_pixels(self._classifier, codes)

    def transfers(self, frames: Sequence[Sequence[int]]) -> list[int]:
        """Return the words to send: pixels, and above them whether the frame ends."""
        last = 1 << self._header.pixel_bits
        return [
            pixel | (last if place == len(frame) - 1 else 0)
            for frame in frames
            for place, pixel in enumerate(frame)
        ]

    def results(self, codes: NDArray[np.int64]) -> list[int]:
        """Return the words to expect of frames that have the right length."""
        return pack_frame_results(self._header, self._classifier.scores(codes))

    def text(self, word: int | str) -> str:
        """Show a result: `class 3, scores [0, 4], error`, or the bits where some are X or Z."""
        header = self._header
        if isinstance(word, str):
            return word
        shown = f"class {word & ((1 << header.class_bits) - 1)}"
        if header.scores:
            mask = (1 << header.score_bits) - 1
            shifts = (header.class_bits + c * header.score_bits for c in range(header.classes))
            shown += f", scores {[(word >> shift) & mask for shift in shifts]}"
        return shown + (", error" if word & self.error else "")


class FrameBench(Bench):
    """Connect a source and a sink to a streaming core and start its clock."""

    def __init__(self, dut: Any, header: StreamHeader) -> None:
        self.clk, self.rst, self.header = dut.clk, dut.rst, header
        # Half of all cycles are pauses, and a result waits for the whole of its frame.
        patience = 1000 + 8 * (header.interval + header.frame)
        self.source = Source(
            dut.clk, dut.i_pixel__valid, dut.i_pixel__ready, dut.i_pixel__payload, patience
        )
        self.sink = Sink(
            dut.clk, dut.o_result__valid, dut.o_result__ready, dut.o_result__payload, patience
        )

    @property
    def quiet(self) -> int:
        """Cycles in which whatever is under way comes out, and the core comes to rest."""
        return 2 * self.header.interval + self.header.latency + 20

    async def reset(self) -> None:
        """Reset the core as any other, and wait until it has scanned its zeros and rests."""
        await super().reset()
        await self.wait(self.quiet)

    async def wait(self, cycles: int) -> None:
        """Wait for so many cycles; end just after a rising edge."""
        for _ in range(cycles):
            await RisingEdge(self.clk)
