"""The device between the UART and the core: requests in, answers out, and its self-test."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.link.frame import ANSWER, COUNTERS_SIZE, IDENTITY_SIZE, REFUSED, Command
from lgn_hw.link.gateware.answer import CRC_BYTES, MAX_ANSWER, AnswerSender
from lgn_hw.link.gateware.compare import exceeds
from lgn_hw.link.gateware.core import ByteCore
from lgn_hw.link.gateware.frame_receiver import FrameReceiver
from lgn_hw.link.gateware.pixel_core import PixelCore
from lgn_hw.link.gateware.self_test import SelfTest
from lgn_hw.link.plan import LinkPlan

__all__ = ["LinkDevice"]


class LinkDevice(wiring.Component):
    """Answer requests; equal to model.DeviceModel for a host that keeps to docs/link.md.

    i_byte, i_valid, i_error: from uart.Receiver; a byte at most every 40 clock cycles.
    i_test: for one clock cycle: run the self-test as soon as no answer is being sent. o_bytes: to
    uart.Transmitter. o_passed: the self-test has passed. It runs after reset and on request, too.

    Classes lie in one of two halves of a memory until they are sent: while an answer is sent, the
    next request fills the other half. A frame that ends while an answer is being sent gets no
    answer, and counts as damaged.
    """

    def __init__(self, plan: LinkPlan) -> None:
        self.plan = plan
        self.core = ByteCore(plan) if plan.in_time is None else PixelCore(plan)
        identity = plan.identity.pack()
        self.half = max(32, 1 << (plan.max_samples - 1).bit_length())
        # Data are counted from CRC_BYTES on, as the answer's payload is.
        # The memory: two halves of results, two bytes that align what follows with the answer's
        # index, the identity, the self-test. Its initial content is part of the bitstream.
        head = bytes(2 * self.half + CRC_BYTES) + identity
        self.image = head + plan.self_test
        self.self_test = SelfTest(plan, len(head), len(self.image))
        super().__init__(
            {
                "i_byte": In(8),
                "i_valid": In(1),
                "i_error": In(1),
                "i_test": In(1),
                "o_bytes": Out(stream.Signature(8)),
                "o_passed": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Connect receiver, core, memory and sender; the core and the memory each have two users.

        Whether the self-test runs decides who has them. A request whose payload meets a running
        self-test is refused.
        """
        m = Module()
        m.submodules.core = self.core
        m.submodules.self_test = self.self_test
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.answer = answer = AnswerSender()
        m.submodules.memory = store = memory.Memory(
            shape=8, depth=len(self.image), init=list(self.image)
        )
        half, counters = Signal(), self._counters(m, receiver, answer)
        self._read(m, store.read_port(), answer, ~half, counters)
        length = self._classify(m, receiver, store.write_port(), half)
        self._test(m, receiver, answer)
        m.d.comb += [
            receiver.i_byte.eq(self.i_byte),
            receiver.i_valid.eq(self.i_valid),
            receiver.i_error.eq(self.i_error),
            answer.i_start.eq(receiver.o_done & ~answer.o_busy),
        ]
        with m.If(answer.i_start):
            # The half that was filled is sent from now on, and the next request fills the other
            # one.
            m.d.sync += half.eq(~half)
        self._answer(m, receiver, answer, length)
        wiring.connect(m, answer.o_bytes, wiring.flipped(self.o_bytes))
        return m

    def _classify(
        self, m: Module, receiver: FrameReceiver, write: memory.WritePort, half: Value
    ) -> Signal:
        """Give payload to the core, and store the classes; return the length of their answer."""
        core, test = self.core, self.self_test
        length = Signal(range(MAX_ANSWER + 1), init=CRC_BYTES)
        classify = receiver.o_payload & (receiver.o_command == Command.CLASSIFY)
        m.d.comb += [
            core.i_start.eq(Mux(test.o_running, test.o_start, receiver.o_start)),
            core.i_byte.eq(Mux(test.o_running, test.o_byte, self.i_byte)),
            core.i_valid.eq(Mux(test.o_running, test.o_valid, classify)),
            write.addr.eq(Cat(length[: (self.half - 1).bit_length()], half)),
            write.data.eq(core.o_class),
            write.en.eq(core.o_done & ~test.o_running),
        ]
        with m.If(receiver.o_start):
            m.d.sync += length.eq(CRC_BYTES)
        with m.Elif(write.en):
            m.d.sync += length.eq(length + 1)
        return length

    def _answer(
        self, m: Module, receiver: FrameReceiver, answer: AnswerSender, length: Signal
    ) -> None:
        """Decide what is answered when a frame is over."""
        hurt, fits = Signal(), Signal()
        most = self.plan.sample_bytes * self.plan.max_samples
        with m.If(receiver.o_start):
            m.d.sync += fits.eq(~exceeds(receiver.o_length, most))
        with m.If(self.self_test.i_start | self.self_test.o_running):
            m.d.sync += hurt.eq(1)  # the core is not free
        with m.Elif(receiver.o_start):
            m.d.sync += hurt.eq(0)
        carried_out = Signal()
        with m.Switch(receiver.o_command):
            with m.Case(Command.CLASSIFY):
                m.d.comb += [
                    # In the middle of a sample the payload had no whole number of samples.
                    carried_out.eq(fits & ~hurt & self.core.o_between),
                    answer.i_length.eq(length),
                ]
            with m.Case(Command.IDENTIFY):
                m.d.comb += [carried_out.eq(1), answer.i_length.eq(CRC_BYTES + IDENTITY_SIZE)]
            with m.Case(Command.SELF_TEST, Command.COUNTERS):
                m.d.comb += [carried_out.eq(1), answer.i_length.eq(CRC_BYTES + COUNTERS_SIZE)]
        refused = ~(carried_out & receiver.o_intact)
        with m.If(refused):
            m.d.comb += answer.i_length.eq(CRC_BYTES)
        flags = Mux(refused, ANSWER | REFUSED, ANSWER)
        m.d.comb += [
            answer.i_sequence.eq(receiver.o_sequence),
            answer.i_command.eq(receiver.o_command[:4] | flags),
            answer.i_request_crc.eq(receiver.o_crc),
        ]

    def _test(self, m: Module, receiver: FrameReceiver, answer: AnswerSender) -> None:
        """Run the self-test after reset, before its answer, and between answers on i_test."""
        test, begun, wanted, by_hand = self.self_test, Signal(), Signal(), Signal()
        asked = answer.o_busy & (answer.o_command == ANSWER | Command.SELF_TEST)
        m.d.comb += by_hand.eq(wanted & ~(answer.o_busy | receiver.o_done | test.o_running))
        m.d.sync += wanted.eq((wanted & ~by_hand) | self.i_test)
        m.d.comb += [
            test.i_start.eq((asked & ~begun) | by_hand),
            # The test has the memory, which most answers are read from.
            answer.i_wait.eq((asked & ~begun) | test.o_running),
            test.i_class.eq(self.core.o_class),
            test.i_done.eq(self.core.o_done),
            test.i_between.eq(self.core.o_between),
            *([test.i_ready.eq(self.core.o_ready)] if isinstance(self.core, PixelCore) else []),
            self.o_passed.eq(test.o_passed),
        ]
        m.d.sync += begun.eq(asked)

    def _counters(self, m: Module, receiver: FrameReceiver, answer: AnswerSender) -> list[Value]:
        """Count up to 255 damaged and lost frames, and framing errors."""
        lost = receiver.o_done & receiver.o_intact & answer.o_busy
        damaged, framing = Signal(8), Signal(8)
        for counter, event in ((damaged, receiver.o_damaged | lost), (framing, self.i_error)):
            # Counters stop at 255: one that wraps would look like a good link.
            with m.If(event & ~counter.all()):
                m.d.sync += counter.eq(counter + 1)
        return [damaged, framing, self.self_test.o_failures]

    def _read(
        self,
        m: Module,
        read: memory.ReadPort,
        answer: AnswerSender,
        half: Value,
        counters: list[Value],
    ) -> None:
        """Choose what the memory reads, and what the answer's data are.

        Addresses: the self-test's own while it runs; the identity behind both halves; else the half
        that is not being filled. Counters are registers and not in the memory.
        """
        # o_index counts from CRC_BYTES on, and the memory is laid out so that no subtraction is
        # needed.
        place = answer.o_index[: (self.half - 1).bit_length()]
        command = answer.o_command[:4]
        identity = command == Command.IDENTIFY
        m.d.comb += read.addr.eq(
            Mux(
                self.self_test.o_running,
                self.self_test.o_address,
                Mux(identity, 2 * self.half | answer.o_index[:6], Cat(place, half)),
            )
        )
        m.d.comb += self.self_test.i_data.eq(read.data)
        damaged, framing, failures = counters
        by_index = Array([failures, failures, damaged, framing])  # from CRC_BYTES on, modulo 4
        stored = identity | (command == Command.CLASSIFY)
        m.d.comb += answer.i_data.eq(Mux(stored, read.data, by_index[answer.o_index[:2]]))
