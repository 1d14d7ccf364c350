"""Classify the vectors that lie in the device's memory, and compare the classes."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.circuit.argmax import class_width
from lgn_hw.link.plan import LinkPlan

__all__ = ["SelfTest"]


class SelfTest(wiring.Component):
    """Run the self-test once after reset, and again on i_start.

    start, stop: where in memory plan.self_test lies. o_address, i_data: the memory, one clock
    cycle later. o_start, o_byte, o_valid, i_class, i_done, i_between: the core; i_ready too where
    it is a streaming core. o_running: memory and core are in use. o_failures: how many vectors had
    a wrong class; o_passed: none of them, and the test is over.
    """

    def __init__(self, plan: LinkPlan, start: int, stop: int) -> None:
        self.plan, self.start, self.stop = plan, start, stop
        super().__init__(
            {
                "i_start": In(1),
                "o_address": Out(range(stop + 1)),
                "i_data": In(8),
                "o_start": Out(1),
                "o_byte": Out(8),
                "o_valid": Out(1),
                "i_class": In(class_width(plan.classifier.num_classes)),
                "i_done": In(1),
                "i_between": In(1),
                **({} if plan.in_time is None else {"i_ready": In(1)}),
                "o_running": Out(1, init=1),
                "o_failures": Out(8),
                "o_passed": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the loop over vectors: in memory, each is a sample's bytes and then its class.

        How many bytes a sample has is not counted here: the core says by i_between that it is
        complete.
        """
        m = Module()
        m.d.comb += [self.o_byte.eq(self.i_data), self.o_passed.eq(0)]
        with m.FSM(init="BEGIN"):
            with m.State("IDLE"):
                m.d.comb += self.o_passed.eq(self.o_failures == 0)
                with m.If(self.i_start):
                    m.d.sync += self.o_running.eq(1)
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.sync += [self.o_address.eq(self.start), self.o_failures.eq(0)]
                m.next = "VECTOR"
            with m.State("VECTOR"):
                m.d.comb += self.o_start.eq(1)
                m.next = "FETCH"
                with m.If(self.o_address == self.stop):
                    m.d.sync += self.o_running.eq(0)
                    m.next = "IDLE"
            # The memory answers one clock cycle after its address; the vector's first byte is there
            # in BYTE.
            with m.State("FETCH"):
                m.next = "BYTE"
            with m.State("BYTE"):
                m.d.comb += self.o_valid.eq(1)
                m.d.sync += self.o_address.eq(self.o_address + 1)
                m.next = "TAKEN"
            # The core takes no byte in this cycle, and says whether that was the sample's last one.
            with m.State("TAKEN"):
                if self.plan.in_time is None:
                    self._go_on(m)
                else:
                    with m.If(self.i_ready):
                        self._go_on(m)
            with m.State("CLASS"), m.If(self.i_done):
                m.d.sync += self.o_address.eq(self.o_address + 1)
                with m.If(self.i_data != self.i_class):
                    m.d.sync += self.o_failures.eq(self.o_failures + 1)
                m.next = "VECTOR"
        return m

    def _go_on(self, m: Module) -> None:
        """Give the next byte, or compare the class of a sample that is complete."""
        m.next = "BYTE"
        with m.If(self.i_between):
            m.next = "CLASS"
