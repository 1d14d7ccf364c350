"""The clock of a board whose platform has no reset of its own that the open tools build."""

from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Const, Module
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.io import Buffer

__all__ = ["clock_domain"]


def clock_domain(platform: Any) -> Module:
    """Return the domain `sync` on the default clock of a platform, in reset for two cycles.

    Registers hold their first values when the FPGA starts, at any time of the clock: without a
    reset that ends on an edge some would go on a cycle before others.
    """
    m = Module()
    m.submodules.buffer = clock = Buffer("i", platform.request(platform.default_clk, dir="-"))
    m.domains += ClockDomain("sync")
    m.d.comb += ClockSignal("sync").eq(clock.i)
    m.submodules.reset = ResetSynchronizer(Const(0), domain="sync")
    return m
