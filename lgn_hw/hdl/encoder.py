"""The thermometer encoder as a circuit: one comparator for each different threshold."""

from collections.abc import Iterable

import numpy as np
from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.encoder import Thermometer

__all__ = ["Encoder"]


class Encoder(wiring.Component):
    """Encode one sample a clock cycle; equal to `Thermometer.encode`.

    i_sample: the features as lgn_hw.features.Features packs them, feature 0 in the lowest bits.
    o_bits: the encoder's bits, bit 0 lowest, one clock cycle later.

    bits_used: the bits that somebody reads, all where not given; the others are constant 0.
    Bits of equal feature and threshold share one comparator and one register.
    """

    latency = 1

    def __init__(self, thermometer: Thermometer, bits_used: Iterable[int] | None = None) -> None:
        self.thermometer = thermometer
        every = range(thermometer.num_bits)
        self.bits_used = sorted({int(bit) for bit in (every if bits_used is None else bits_used)})
        super().__init__(
            {
                "i_sample": In(thermometer.features.sample_width),
                "o_bits": Out(thermometer.num_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pairs = {bit: self._pair(bit) for bit in self.bits_used}
        different = list(dict.fromkeys(pairs.values()))
        exceeds = Signal(len(different), reset_less=True)
        m.d.sync += exceeds.eq(Cat(self._feature(f) > Const(t) for f, t in different))
        register = dict(zip(different, exceeds, strict=True))
        zero = Const(0, 1)
        m.d.comb += self.o_bits.eq(
            Cat(register[pairs[bit]] if bit in pairs else zero for bit in range(len(self.o_bits)))
        )
        return m

    def _pair(self, bit: int) -> tuple[int, int]:
        return int(self.thermometer.feature[bit]), int(self.thermometer.threshold[bit])

    def _feature(self, index: int) -> Value:
        features = self.thermometer.features
        start = int(np.sum(features.width[:index]))
        field = self.i_sample[start : start + int(features.width[index])]
        return field.as_signed() if features.signed[index] else field
