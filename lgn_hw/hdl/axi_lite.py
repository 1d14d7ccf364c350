"""A block of 32-bit registers behind AXI4-Lite: constants, counters and a restart bit.

The rules are those of Arm's AMBA AXI specification: a response is held until it is taken, valid
never waits for ready, and write address and write data may come in any order.
"""

from collections.abc import Mapping

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ADDRESS_BITS", "CONTROL", "AxiLiteRegisters"]

ADDRESS_BITS = 8
CONTROL = 0x0C
OKAY, SLVERR = 0, 2


class AxiLiteRegisters(wiring.Component):
    """Answer reads and writes of 32-bit registers.

    constants: the value at each byte address. counters: the name at each byte address; input
    `i_NAME` counts each cycle in which it is 1, modulo 2**32.

    Writing a 1 to bit 0 of CONTROL gives one cycle of o_restart and sets the counters to 0;
    CONTROL reads as 0. Every other address answers SLVERR: to writes, and to reads where there is
    no register. One access per two cycles. Ports are those of AXI4-Lite without AxPROT.
    """

    def __init__(self, constants: Mapping[int, int], counters: Mapping[int, str]) -> None:
        self._constants, self._counters = dict(constants), dict(counters)
        super().__init__(
            {
                "awaddr": In(ADDRESS_BITS), "awvalid": In(1), "awready": Out(1),
                "wdata": In(32), "wstrb": In(4), "wvalid": In(1), "wready": Out(1),
                "bresp": Out(2), "bvalid": Out(1), "bready": In(1),
                "araddr": In(ADDRESS_BITS), "arvalid": In(1), "arready": Out(1),
                "rdata": Out(32), "rresp": Out(2), "rvalid": Out(1), "rready": In(1),
                "o_restart": Out(1),
                **{f"i_{name}": In(1) for name in self._counters.values()},
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._write(m)
        counts = {address: self._count(m, name) for address, name in self._counters.items()}
        # One read at a time: the next address is taken when the last answer is gone.
        m.d.comb += self.arready.eq(~self.rvalid)
        # An answer goes in the cycle in which it is taken; a new read may set it again below.
        with m.If(self.rready):
            m.d.sync += self.rvalid.eq(0)
        with m.If(self.arvalid & self.arready):
            m.d.sync += [self.rvalid.eq(1), self.rdata.eq(0), self.rresp.eq(OKAY)]
            # Registers are 32 bits wide, so the two lowest bits of a byte address say nothing here.
            with m.Switch(self.araddr[2:]):
                for address, value in (self._constants | counts | {CONTROL: 0}).items():
                    with m.Case(address >> 2):
                        m.d.sync += self.rdata.eq(value)
                with m.Default():
                    m.d.sync += self.rresp.eq(SLVERR)
        return m

    def _write(self, m: Module) -> None:
        """Take address and data in any order, then answer.

        bvalid rises one cycle after both halves are there. wstrb of byte 0 must be set for the
        restart bit, as a write of other bytes does not mean it.
        """
        has_address, has_data, reset_bit = Signal(), Signal(), Signal()
        is_control, act = Signal(), Signal()
        m.d.comb += [
            self.awready.eq(~has_address),
            self.wready.eq(~has_data),
            # A write acts once, when both halves are there and the answer before it is gone.
            act.eq(has_address & has_data & ~self.bvalid),
            self.o_restart.eq(act & is_control & reset_bit),
        ]
        with m.If(self.bready):
            m.d.sync += self.bvalid.eq(0)
        with m.If(self.awvalid & self.awready):
            m.d.sync += [has_address.eq(1), is_control.eq(self.awaddr[2:] == CONTROL >> 2)]
        with m.If(self.wvalid & self.wready):
            m.d.sync += [has_data.eq(1), reset_bit.eq(self.wdata[0] & self.wstrb[0])]
        with m.If(act):
            m.d.sync += [has_address.eq(0), has_data.eq(0), self.bvalid.eq(1)]
            with m.If(is_control):
                m.d.sync += self.bresp.eq(OKAY)
            with m.Else():
                m.d.sync += self.bresp.eq(SLVERR)

    def _count(self, m: Module, name: str) -> Signal:
        """Count the clock cycles in which a port is 1."""
        count = Signal(32, name=name)
        m.d.sync += count.eq(count + getattr(self, f"i_{name}"))
        with m.If(self.o_restart):
            # Behind the increment, and therefore stronger: an event in the cycle of a restart is
            # not counted.
            m.d.sync += count.eq(0)
        return count
