"""The UART: 8 data bits, no parity, one stop bit, least significant bit first.

Sampling three times and taking the majority is what UARTs have always done against short
disturbances; the synchroniser in front keeps a metastable first flip-flop from being seen.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from lgn_hw.link.baud import BITS_PER_BYTE

__all__ = ["Receiver", "Transmitter"]


class Receiver(wiring.Component):
    """Receive bytes; each bit is the majority of three samples around its middle.

    i_rx: the pin, idle 1, asynchronous. o_valid: for one clock cycle, o_byte is a byte.
    o_error: for one clock cycle, a byte had no stop bit (noise, a break, a wrong baud rate); it is
    dropped, and the line must be 1 again before the next start bit.

    clocks_per_bit: 4 or more; the samples lie at 3/8, 1/2 and 5/8 of a bit.
    """

    def __init__(self, clocks_per_bit: int) -> None:
        self.clocks_per_bit = clocks_per_bit
        super().__init__(
            {
                "i_rx": In(1),
                "o_byte": Out(8),
                "o_valid": Out(1),
                "o_error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        last = self.clocks_per_bit - 1
        middle = self.clocks_per_bit // 2
        apart = max(1, self.clocks_per_bit // 8)
        line = Signal(init=1)
        m.submodules.line = FFSynchronizer(self.i_rx, line, init=1)
        clocks, bits = Signal(range(last + 1)), Signal(range(BITS_PER_BYTE))
        samples, busy, broken = Signal(2), Signal(), Signal()
        majority = (samples[0] & samples[1]) | (line & (samples[0] | samples[1]))
        decide = busy & (clocks == middle + apart)

        # The clock cycle in which a start bit is seen is its first one.
        m.d.sync += clocks.eq(Mux(busy, Mux(clocks == last, 0, clocks + 1), 1))
        # The third sample is the line itself, in the cycle in which is decided.
        with m.If((clocks == middle - apart) | (clocks == middle)):
            m.d.sync += samples.eq(Cat(line, samples))
        with m.If(busy & (clocks == last)):
            m.d.sync += bits.eq(bits + 1)
        with m.If(~busy):
            m.d.sync += [busy.eq(~line & ~broken), bits.eq(0)]
            with m.If(line):
                m.d.sync += broken.eq(0)
        with m.Elif(decide):
            with m.If(bits == 0):
                m.d.sync += busy.eq(~majority)  # else it was no start bit
            with m.Elif(bits == BITS_PER_BYTE - 1):
                # A break leaves the line at 0: no start bit before it has been 1 again.
                m.d.sync += [busy.eq(0), broken.eq(~majority)]
                m.d.comb += [self.o_valid.eq(majority), self.o_error.eq(~majority)]
            with m.Else():
                m.d.sync += self.o_byte.eq(Cat(self.o_byte[1:], majority))
        return m


class Transmitter(wiring.Component):
    """Send bytes, one in BITS_PER_BYTE * clocks_per_bit + 1 clock cycles.

    i_bytes: a stream of bytes. o_tx: the pin, idle 1.
    """

    def __init__(self, clocks_per_bit: int) -> None:
        self.clocks_per_bit = clocks_per_bit
        super().__init__(
            {
                "i_bytes": In(stream.Signature(8)),
                "o_tx": Out(1, init=1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        clocks, bits = Signal(range(self.clocks_per_bit)), Signal(range(BITS_PER_BYTE + 1))
        # The start bit and eight data bits; ones follow from above, which are the stop bit and the
        # idle line.
        shift = Signal(9, init=-1)
        m.d.comb += [self.i_bytes.ready.eq(bits == 0), self.o_tx.eq(shift[0])]
        with m.If(bits == 0), m.If(self.i_bytes.valid):
            m.d.sync += [shift.eq(Cat(0, self.i_bytes.payload)), bits.eq(BITS_PER_BYTE)]
        with m.Elif(clocks == self.clocks_per_bit - 1):
            m.d.sync += [clocks.eq(0), shift.eq(Cat(shift[1:], 1)), bits.eq(bits - 1)]
        with m.Else():
            m.d.sync += clocks.eq(clocks + 1)
        return m
