"""The thermometer encoder for samples that arrive byte by byte: it keeps bits, not samples."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.encoder import Thermometer
from lgn_hw.link.gateware.compare import exceeds

__all__ = ["Intake"]


class Intake(wiring.Component):
    """Encode a sample while it arrives; equal to `Thermometer.encode`.

    i_start: the next byte is the first of a sample. i_byte, i_valid: the bytes of a packed sample
    (see samples.packed_samples). o_bits: the encoder's bits, bit 0 lowest, from o_complete on until
    a byte of the next sample changes them; bits that nobody reads (bits_used) are 0. o_complete:
    for the clock cycle after a sample's last byte. o_between: no sample is under way.

    A feature is compared when its last byte is there, and only the result is kept: a flip-flop for
    each bit, and one clock enable for all bits of a byte, which then lie together. Features at the
    same place in a byte share their comparators, and the number of the byte is decoded in two
    parts, so that an enable is one LUT.
    """

    def __init__(self, thermometer: Thermometer, bits_used: list[int]) -> None:
        self.features = thermometer.features
        self.thermometer = thermometer
        self.bits_used = bits_used
        self.sample_bytes = -(-self.features.sample_width // 8)
        super().__init__(
            {
                "i_start": In(1),
                "i_byte": In(8),
                "i_valid": In(1),
                "o_bits": Out(thermometer.num_bits),
                "o_complete": Out(1),
                "o_between": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # For each bit its feature, how far back it begins, and at which bit of that byte.
        place = {bit: self._place(bit) for bit in self.bits_used}
        lines = self._byte_lines(m)
        window = self._window(m, max((first for _, first, _ in place.values()), default=0))
        # By place in the window, width, sign and threshold: equal ones are one comparator, whatever
        # the feature.
        compared: dict[tuple[int, int, bool, int], Value] = {}
        by_byte: dict[int, list[tuple[int, Value]]] = {}
        for bit in self.bits_used:
            feature, first, offset = place[bit]
            width, signed = int(self.features.width[feature]), bool(self.features.signed[feature])
            key = (offset - 8 * first, width, signed, int(self.thermometer.threshold[bit]))
            if key not in compared:
                start = len(window) - 8 * (first + 1) + offset
                compared[key] = Signal(name=f"exceeds{len(compared)}")
                code = window[start : start + width]
                # A two's complement number with its highest bit inverted is unsigned, and shifted.
                shift = (1 << (width - 1)) if signed else 0
                m.d.comb += compared[key].eq(exceeds(code ^ shift, key[3] + shift))
            by_byte.setdefault(self._last_byte(feature), []).append((bit, compared[key]))
        kept: dict[int, Value] = {}
        for number, members in sorted(by_byte.items()):
            bits = Signal(len(members), name=f"byte{number}", reset_less=True)
            # All bits of a byte have one enable, and an FPGA's slice has one for its flip-flops.
            with m.If(lines[number]):
                m.d.sync += bits.eq(Cat(member[1] for member in members))
            kept |= {bit: value for (bit, _), value in zip(members, bits, strict=True)}
        zero = Const(0, 1)
        m.d.comb += self.o_bits.eq(Cat(kept.get(bit, zero) for bit in range(len(self.o_bits))))
        return m

    def _byte_lines(self, m: Module) -> list[Value]:
        """Count the bytes; return for each its line, 1 while it is taken.

        Returns sample_bytes values. A full decoder for hundreds of bytes would take a LUT tree for
        each.
        """
        # The number of a byte is decoded like a row and a column: two small decoders and an AND per
        # byte.
        low_bits = (self.sample_bytes - 1).bit_length() // 2
        low = Signal(low_bits)
        high = Signal((self.sample_bytes - 1).bit_length() - low_bits)
        count = Cat(low, high)
        last = Signal()
        m.d.comb += [
            last.eq(self.i_valid & (count == self.sample_bytes - 1)),
            self.o_between.eq(count == 0),
        ]
        m.d.sync += self.o_complete.eq(last)
        with m.If(self.i_start | last):
            m.d.sync += count.eq(0)
        with m.Elif(self.i_valid):
            m.d.sync += count.eq(count + 1)
        rows = Signal(1 << len(high))
        columns = Signal(1 << low_bits)
        m.d.comb += [
            rows.eq(Mux(self.i_valid, 1 << high, 0)),
            columns.eq(1 << low),
        ]
        return [
            rows[number >> low_bits] & columns[number & ((1 << low_bits) - 1)]
            for number in range(self.sample_bytes)
        ]

    def _window(self, m: Module, earlier: int) -> Value:
        """Return the byte that is taken, highest, and so many bytes before it.

        earlier: how many bytes a feature may reach back. Only so many are kept.
        """
        kept = Signal(8 * earlier, reset_less=True)
        window = Cat(kept, self.i_byte)
        with m.If(self.i_valid):
            m.d.sync += kept.eq(window[8:])
        return window

    def _place(self, bit: int) -> tuple[int, int, int]:
        """Return a bit's feature, how many bytes before its last it starts, and where in there."""
        feature = int(self.thermometer.feature[bit])
        start = int(np.sum(self.features.width[:feature]))
        return feature, self._last_byte(feature) - start // 8, start % 8

    def _last_byte(self, feature: int) -> int:
        """Return the byte that completes a feature."""
        return int(np.sum(self.features.width[: feature + 1]) - 1) // 8
