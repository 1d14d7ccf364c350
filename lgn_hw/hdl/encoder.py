"""The thermometer encoder as a circuit: one comparator for each different threshold."""

from collections.abc import Iterable
from typing import Any, TypeVar

from lgn_hw.circuit.backend import WordBackend
from lgn_hw.circuit.registers import BlockRegisters, Stages
from lgn_hw.encoder import Thermometer
from lgn_hw.hdl.block import Block

__all__ = ["Encoder"]

V = TypeVar("V", bound=Any)


class Encoder(Block):
    """Encode one sample per clock cycle; equal to `Thermometer.encode`.

    i_sample: the features as lgn_hw.features.Features packs them, feature 0 in the lowest bits.
    o_bits: the encoder's bits, bit 0 lowest, `latency` clock cycles later.

    bits_used: the bits that somebody reads, all where not given; the others are constant 0.
    Bits of equal feature and threshold share one comparator. The comparators are its one level;
    registers as in circuit.registers.Stages.
    """

    def __init__(
        self,
        thermometer: Thermometer,
        bits_used: Iterable[int] | None = None,
        registers: BlockRegisters = 0,
    ) -> None:
        self.thermometer = thermometer
        every = range(thermometer.num_bits)
        self.bits_used = sorted({int(bit) for bit in (every if bits_used is None else bits_used)})
        self.stages = Stages(1, registers)
        self.latency = self.stages.latency
        super().__init__(
            ("i_sample", thermometer.features.sample_width), {"o_bits": thermometer.num_bits}
        )

    def lay_out(self, backend: WordBackend[V], source: V) -> tuple[V]:
        """Return the thermometer bits, one comparator for each different threshold of a feature.

        Bits that nobody reads are constant 0, so that the port keeps its width and bits their
        places.
        """
        features, stages = self.thermometer.features, self.stages
        sample = source
        if stages.ends_at(0):
            sample = backend.register("sample", features.sample_width, source)
        pairs = {bit: self._pair(bit) for bit in self.bits_used}
        # In the order of their first use, and not sorted: the text must not depend on a hash.
        different = list(dict.fromkeys(pairs.values()))
        place = {pair: index for index, pair in enumerate(different)}
        start = [0, *features.width.cumsum().tolist()]
        signed = features.signed.tolist()
        fields = {f: backend.slice(sample, start[f], start[f + 1] - start[f]) for f, _ in different}
        # One comparator for each different pair of feature and threshold; signed only where a range
        # goes below 0.
        compared = backend.join(
            backend.exceeds_constant(fields[f], t, signed=signed[f]) for f, t in different
        )
        exceeds = backend.hold("exceeds", len(different), compared, register=stages.ends_at(1))
        zero = backend.constant(0, 1)
        return (
            backend.join(
                backend.slice(exceeds, place[pairs[bit]], 1) if bit in pairs else zero
                for bit in range(self.thermometer.num_bits)
            ),
        )

    def _pair(self, bit: int) -> tuple[int, int]:
        """Return feature and threshold of a bit."""
        return int(self.thermometer.feature[bit]), int(self.thermometer.threshold[bit])
