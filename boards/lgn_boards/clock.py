"""The clock of a design that is not the board's own: a PLL, and the reset until it is steady.

A PLL starts to oscillate some time after power-on. Until it has locked, and the memories hold what
the bitstream says, nothing may be clocked in earnest.
"""

from typing import Any

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Elaboratable,
    Instance,
    Module,
    ResetSignal,
    Signal,
)
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.io import Buffer

from lgn_boards.pll import PllSettings

__all__ = ["PllClock"]

# Memories of the iCE40 read as zeros for some microseconds after configuration; see Amaranth's own
# reset for that family, which is not used here.
RESET_SECONDS = 15e-6


class PllClock(Elaboratable):
    """Drive the domain `sync` of a parent from a PLL on the board's default clock.

    The domain is in reset until RESET_SECONDS after the PLL has locked. Nothing constrains the
    clock: nextpnr derives that from the PLL's settings.
    """

    def __init__(self, settings: PllSettings) -> None:
        self.settings = settings

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        clock, locked, steady = Signal(), Signal(), Signal()
        source = platform.request(platform.default_clk, dir="-")
        if self.settings.cell == "SB_PLL40_PAD":
            reference = source.io
        else:
            m.submodules.buffer = buffer = Buffer("i", source)
            reference = buffer.i
        m.submodules.pll = self._cell(reference, clock, locked)
        m.domains += ClockDomain("pll", reset_less=True, local=True)
        m.submodules.steady = FFSynchronizer(locked, steady, o_domain="pll")
        cycles = int(RESET_SECONDS * self.settings.hz)
        count, ready = Signal(range(cycles + 1)), Signal()
        m.d.comb += [
            ClockSignal("pll").eq(clock),
            ClockSignal("sync").eq(clock),
            ResetSignal("sync").eq(~ready),
        ]
        # The reset ends on an edge of the clock that it belongs to, or flip-flops would leave it
        # apart.
        m.d.pll += ready.eq(count == cycles)
        with m.If(~steady):
            m.d.pll += count.eq(0)
        with m.Elif(count != cycles):
            m.d.pll += count.eq(count + 1)
        return m

    def _cell(self, reference: Any, clock: Signal, locked: Signal) -> Instance:
        """Return the PLL's instance."""
        parameters = {f"p_{name}": value for name, value in self.settings.parameters.items()}
        if self.settings.cell == "EHXPLLL":
            return Instance(
                "EHXPLLL",
                **parameters,
                p_FEEDBK_PATH="CLKOP",
                p_CLKOP_CPHASE=self.settings.parameters["CLKOP_DIV"] - 1,
                # Of the loop filter, as Lattice's own tool sets them.
                a_ICP_CURRENT="12",
                a_LPF_RESISTOR="8",
                a_MFG_ENABLE_FILTEROPAMP="1",
                a_MFG_GMCREF_SEL="2",
                i_CLKI=reference,
                i_CLKFB=clock,
                o_CLKOP=clock,
                o_LOCK=locked,
                **{f"i_{pin}": 0 for pin in UNUSED},
            )
        pin = "PACKAGEPIN" if self.settings.cell == "SB_PLL40_PAD" else "REFERENCECLK"
        return Instance(
            self.settings.cell,
            **parameters,
            p_FEEDBACK_PATH="SIMPLE",
            **{f"i_{pin}": reference},
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=clock,
            o_LOCK=locked,
        )


UNUSED = ("RST", "STDBY", "PHASESEL0", "PHASESEL1", "PHASEDIR", "PHASESTEP", "PHASELOADREG")
