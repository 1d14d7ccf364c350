"""What a board holds: UART and device; the very design that is built and simulated."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.link.gateware.button import Button
from lgn_hw.link.gateware.device import LinkDevice
from lgn_hw.link.gateware.uart import Receiver, Transmitter
from lgn_hw.link.plan import LinkPlan

__all__ = ["UartClassifier"]


class UartClassifier(wiring.Component):
    """A classifier behind a UART, as docs/link.md describes it.

    i_rx, o_tx: the UART's pins. i_button: 1 while the button is down that starts the self-test; 0
    where there is none. o_passed: the self-test has passed; for an LED.
    """

    def __init__(self, plan: LinkPlan) -> None:
        self.plan = plan
        super().__init__(
            {
                "i_rx": In(1, init=1),
                "o_tx": Out(1, init=1),
                "i_button": In(1),
                "o_passed": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        clocks = self.plan.rate.clocks_per_bit
        m.submodules.device = device = LinkDevice(self.plan)
        m.submodules.button = button = Button(self.plan.rate.clock_hz)
        m.submodules.receiver = receiver = Receiver(clocks)
        m.submodules.transmitter = transmitter = Transmitter(clocks)
        m.d.comb += [
            receiver.i_rx.eq(self.i_rx),
            button.i_level.eq(self.i_button),
            device.i_test.eq(button.o_pressed),
            device.i_byte.eq(receiver.o_byte),
            device.i_valid.eq(receiver.o_valid),
            device.i_error.eq(receiver.o_error),
            self.o_tx.eq(transmitter.o_tx),
            self.o_passed.eq(device.o_passed),
        ]
        wiring.connect(m, device.o_bytes, transmitter.i_bytes)
        return m
