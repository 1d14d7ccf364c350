"""A button: pressed once, however its contact bounces."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["Button"]

BOUNCE_SECONDS = 0.005  # contacts of small buttons settle within that


class Button(wiring.Component):
    """Say when a button was pressed.

    i_level: the button, asynchronous, 1 while it is down. o_pressed: for one clock cycle, once for
    each time that it goes down.

    The level is looked at every `period` clock cycles, which is longer than a contact bounces: of
    the looks before and after a press at most one sees it bouncing, and either level is right then.
    """

    def __init__(self, clock_hz: int) -> None:
        self.period = 1 << max(1, int(clock_hz * BOUNCE_SECONDS)).bit_length()
        super().__init__({"i_level": In(1), "o_pressed": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        level, seen = Signal(), Signal()
        count = Signal(range(self.period))
        # The button knows no clock: two flip-flops keep a metastable level out of the logic.
        m.submodules.level = FFSynchronizer(self.i_level, level)
        m.d.sync += count.eq(count + 1)
        with m.If(count == 0):
            m.d.sync += seen.eq(level)
            m.d.comb += self.o_pressed.eq(level & ~seen)
        return m
