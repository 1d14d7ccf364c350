"""Sending one answer frame; the gateware beside Frame.answer and Frame.encode."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.link.frame import SYNC
from lgn_hw.link.gateware.crc import CrcRegister
from lgn_hw.link.plan import RESULTS

__all__ = ["CRC_BYTES", "AnswerSender"]

CRC_BYTES = 2  # of the request, at the head of an answer's payload
MAX_ANSWER = RESULTS + CRC_BYTES


class AnswerSender(wiring.Component):
    """Send an answer: the request's CRC and data in a frame.

    i_start: for one clock cycle, while o_busy is 0: take the sequence, the command with its flags,
    the request's CRC, and the length of the payload, which is that CRC and the data. i_wait: do not
    begin to send yet. o_index: the number in the payload of the byte that i_data must be, from
    CRC_BYTES on, two clock cycles later and until the next one. o_busy: from i_start on until the
    last byte is handed to o_bytes. o_command: as taken.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "i_start": In(1),
                "i_sequence": In(8),
                "i_command": In(8),
                "i_request_crc": In(16),
                "i_length": In(range(MAX_ANSWER + 1)),
                "i_wait": In(1),
                "i_data": In(8),
                "o_index": Out(range(MAX_ANSWER + 1)),
                "o_command": Out(8),
                "o_busy": Out(1),
                "o_bytes": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build one state per byte of a frame: SYNC, head, head's CRC, request's CRC, data, CRC.

        A state puts its byte on o_bytes, and goes on when it is taken; those that the CRC covers
        give it to the register in the same cycle.
        """
        m = Module()
        m.submodules.crc = crc = CrcRegister()
        sequence, request_crc = Signal(8), Signal(16)
        length = Signal(range(MAX_ANSWER + 1))
        # settled: two clock cycles without a byte sent; the memory's data are then those of
        # o_index.
        settled, sent = Signal(2), Signal()
        byte = self.o_bytes.payload
        m.d.comb += [
            sent.eq(self.o_bytes.valid & self.o_bytes.ready),
            self.o_bytes.valid.eq(self.o_busy & ~self.i_wait & settled.all()),
            crc.i_byte.eq(byte),
        ]
        # A byte from memory needs two clock cycles after the one before it.
        m.d.sync += settled.eq(Mux(sent, 0, Cat(1, settled)))

        with m.FSM():
            with m.State("IDLE"), m.If(self.i_start):
                m.d.sync += [
                    sequence.eq(self.i_sequence),
                    self.o_command.eq(self.i_command),
                    request_crc.eq(self.i_request_crc),
                    length.eq(self.i_length),
                    self.o_busy.eq(1),
                ]
                m.next = "SYNC"
            # SYNC is in no CRC, so the register starts while it is sent.
            with m.State("SYNC"):
                m.d.comb += [byte.eq(SYNC), crc.i_start.eq(1)]
                m.d.sync += self.o_index.eq(CRC_BYTES)
                self._go_on(m, sent, "SEQUENCE")
            for state, value, following in (
                ("SEQUENCE", sequence, "COMMAND"),
                ("COMMAND", self.o_command, "LENGTH_LOW"),
                ("LENGTH_LOW", length[:8], "LENGTH_HIGH"),
                ("LENGTH_HIGH", length[8:], "HEAD_CRC_LOW"),
            ):
                with m.State(state):
                    m.d.comb += [byte.eq(value), crc.i_valid.eq(sent)]
                    self._go_on(m, sent, following)
            with m.State("HEAD_CRC_LOW"):
                # The head's CRC goes on into the payload's: it is not reset between them.
                m.d.comb += byte.eq(crc.o_crc[:8])
                self._go_on(m, sent, "HEAD_CRC_HIGH")
            with m.State("HEAD_CRC_HIGH"):
                m.d.comb += byte.eq(crc.o_crc[8:])
                self._go_on(m, sent, "REQUEST_CRC_LOW")
            with m.State("REQUEST_CRC_LOW"):
                m.d.comb += [byte.eq(request_crc[:8]), crc.i_valid.eq(sent)]
                self._go_on(m, sent, "REQUEST_CRC_HIGH")
            with m.State("REQUEST_CRC_HIGH"):
                m.d.comb += [byte.eq(request_crc[8:]), crc.i_valid.eq(sent)]
                # A refusal, and an answer without data, end with the request's CRC.
                with m.If(length == CRC_BYTES):
                    self._go_on(m, sent, "CRC_LOW")
                with m.Else():
                    self._go_on(m, sent, "DATA")
            with m.State("DATA"):
                m.d.comb += [byte.eq(self.i_data), crc.i_valid.eq(sent)]
                with m.If(sent):
                    m.d.sync += self.o_index.eq(self.o_index + 1)
                with m.If(self.o_index + 1 == length):
                    self._go_on(m, sent, "CRC_LOW")
            with m.State("CRC_LOW"):
                m.d.comb += byte.eq(crc.o_crc[:8])
                self._go_on(m, sent, "CRC_HIGH")
            with m.State("CRC_HIGH"):
                m.d.comb += byte.eq(crc.o_crc[8:])
                with m.If(sent):
                    m.d.sync += self.o_busy.eq(0)
                self._go_on(m, sent, "IDLE")
        return m

    def _go_on(self, m: Module, sent: Signal, following: str) -> None:
        """Go to the next state when the byte has been handed over."""
        with m.If(sent):
            m.next = following
