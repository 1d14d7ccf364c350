"""A classifier for samples that arrive byte by byte: intake, logic, serial argmax."""

from amaranth.hdl import Cat, EnableInserter, Module, Signal
from amaranth.lib import wiring

from lgn_hw.hdl.logic import Logic
from lgn_hw.link.gateware.byte_ports import byte_ports
from lgn_hw.link.gateware.intake import Intake
from lgn_hw.link.gateware.serial_argmax import SerialArgmax
from lgn_hw.link.plan import LinkPlan
from lgn_hw.passes.dead import inputs_read

__all__ = ["ByteCore"]


class ByteCore(wiring.Component):
    """Classify samples that arrive byte by byte; equal to Classifier.predict.

    i_start: forget the sample under way. i_byte, i_valid: the bytes of packed samples.
    o_between: no sample is under way. o_class, o_done: the class of a sample, valid for the one
    clock cycle of o_done, `latency` clock cycles after the one of its last byte.

    A byte may come in every clock cycle, but the last byte of a sample not before o_done of the
    sample before it, nor the first one before the logic has taken its bits (logic.latency + 1
    clock cycles). See decision 0004 for why this is not core.ClassifierCore.

    plan: sizes, netlist in the order of lanes, and encoder. latency: of one byte in the intake, the
    logic's registers, and the serial argmax, which counts a word of votes in each clock cycle.
    """

    def __init__(self, plan: LinkPlan) -> None:
        classifier = plan.core
        self.intake = Intake(classifier.encoder, inputs_read(classifier.netlist))
        self.logic = Logic(plan.votes, plan.registers)
        self.tally = SerialArgmax(classifier.group_sizes, plan.lanes)
        self.latency = 1 + self.logic.latency + self.tally.cycles
        super().__init__(byte_ports(classifier.num_classes))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        under_way = Signal(self.logic.latency)  # bit i: the sample is in the logic's stage i + 1
        # The logic's registers only move while a sample is in them; so the votes stay as they are
        # while the tally counts them.
        taking = self.intake.o_complete | under_way[:-1].any()
        m.submodules.intake = self.intake
        m.submodules.logic = EnableInserter(taking)(self.logic)
        m.submodules.tally = self.tally
        m.d.sync += under_way.eq(Cat(self.intake.o_complete, under_way))
        m.d.comb += [
            self.intake.i_start.eq(self.i_start),
            self.intake.i_byte.eq(self.i_byte),
            self.intake.i_valid.eq(self.i_valid),
            self.o_between.eq(self.intake.o_between),
            self.logic.i_bits.eq(self.intake.o_bits),
            self.tally.i_votes.eq(self.logic.o_bits),
            self.tally.i_start.eq(under_way[-1]),
            self.o_class.eq(self.tally.o_class),
            self.o_done.eq(self.tally.o_done),
        ]
        return m
