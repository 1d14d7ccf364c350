"""What a board holds: UART and device; the very design that is built and simulated."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.hdl.link.device import LinkDevice
from lgn_hw.hdl.link.plan import LinkPlan
from lgn_hw.hdl.link.uart import Receiver, Transmitter

__all__ = ["Terminal"]


class Terminal(wiring.Component):
    """A classifier behind a UART, as docs/link.md describes it.

    i_rx, o_tx: the UART's pins. o_passed: the self-test has passed; for an LED.
    """

    def __init__(self, plan: LinkPlan) -> None:
        self.plan = plan
        super().__init__(
            {
                "i_rx": In(1, init=1),
                "o_tx": Out(1, init=1),
                "o_passed": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        clocks = self.plan.rate.clocks_per_bit
        m.submodules.device = device = LinkDevice(self.plan)
        m.submodules.receiver = receiver = Receiver(clocks)
        m.submodules.transmitter = transmitter = Transmitter(clocks)
        m.d.comb += [
            receiver.i_rx.eq(self.i_rx),
            device.i_byte.eq(receiver.o_byte),
            device.i_valid.eq(receiver.o_valid),
            device.i_error.eq(receiver.o_error),
            self.o_tx.eq(transmitter.o_tx),
            self.o_passed.eq(device.o_passed),
        ]
        wiring.connect(m, device.o_bytes, transmitter.i_bytes)
        return m
