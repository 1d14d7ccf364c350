"""The CRC of frames in a register."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.link.crc import CRC_START, crc_step

__all__ = ["CrcRegister"]


class CrcRegister(wiring.Component):
    """Hold the CRC of bytes.

    i_start: begin again. i_byte, i_valid: take a byte, unless i_start is 1. o_crc: of all bytes
    taken so far, from the next clock cycle on.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "i_start": In(1),
                "i_byte": In(8),
                "i_valid": In(1),
                "o_crc": Out(16),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        crc = Signal(16, init=CRC_START)
        m.d.comb += self.o_crc.eq(crc)
        with m.If(self.i_start):
            m.d.sync += crc.eq(CRC_START)
        with m.Elif(self.i_valid):
            m.d.sync += crc.eq(crc_step(crc, self.i_byte))
        return m
