"""Finding frames in the bytes from the UART; the gateware beside frame.Parser."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.link.frame import MAX_PAYLOAD, SYNC
from lgn_hw.link.gateware.compare import exceeds
from lgn_hw.link.gateware.crc import CrcRegister

__all__ = ["FrameReceiver"]


class FrameReceiver(wiring.Component):
    """Find frames; equal to frame.Parser with MAX_PAYLOAD.

    i_byte, i_valid: bytes, as they come. i_error: a byte is missing (see frame.Parser.disturb).

    o_start: for one clock cycle, a head was right, and o_length is the frame's; o_sequence and
    o_command are the frame's until the next head. o_payload: i_byte is a byte of its payload.
    o_done: for one clock cycle, the frame is over; o_intact, in that cycle: nothing was wrong.
    o_crc: from then until the next SYNC, the CRC over the frame as received. o_damaged: for one
    clock cycle, a head or a frame was damaged.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "i_byte": In(8),
                "i_valid": In(1),
                "i_error": In(1),
                "o_start": Out(1),
                "o_sequence": Out(8),
                "o_command": Out(8),
                "o_length": Out(range(MAX_PAYLOAD + 1)),
                "o_payload": Out(1),
                "o_done": Out(1),
                "o_intact": Out(1),
                "o_crc": Out(16),
                "o_damaged": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build one state per byte of a frame; HUNT waits for SYNC.

        Each byte of a CRC is compared as it comes, so that no CRC is stored.
        """
        m = Module()
        m.submodules.crc = crc = CrcRegister()
        # One register for both, since the length is needed until the first byte only.
        left = Signal(16)  # of the payload; before its first byte the length
        # wrong: a byte of the CRC before differs; disturbed: a byte of this frame is missing.
        wrong, disturbed = Signal(), Signal()
        expected, differs = Signal(8), Signal()
        m.d.comb += [
            crc.i_byte.eq(self.i_byte),
            self.o_crc.eq(crc.o_crc),
            self.o_length.eq(left),
            differs.eq(self.i_byte != expected),
        ]
        with m.FSM():
            with m.State("HUNT"):
                m.d.comb += crc.i_start.eq(1)
                m.d.sync += disturbed.eq(0)
                with m.If(self.i_valid & (self.i_byte == SYNC)):
                    m.next = "SEQUENCE"
            for state, register, following in (
                ("SEQUENCE", self.o_sequence, "COMMAND"),
                ("COMMAND", self.o_command, "LENGTH_LOW"),
                ("LENGTH_LOW", left[:8], "LENGTH_HIGH"),
                ("LENGTH_HIGH", left[8:], "HEAD_CRC_LOW"),
            ):
                with m.State(state):
                    m.d.comb += crc.i_valid.eq(self.i_valid)
                    with m.If(self.i_valid):
                        m.d.sync += register.eq(self.i_byte)
                        m.next = following
                    self._give_up(m)
            with m.State("HEAD_CRC_LOW"):
                m.d.comb += expected.eq(crc.o_crc[:8])
                with m.If(self.i_valid):
                    # A length beyond the limit counts as damage: its CRC may be right, and the
                    # frame would be skipped for seconds.
                    m.d.sync += wrong.eq(differs | exceeds(left, MAX_PAYLOAD))
                    m.next = "HEAD_CRC_HIGH"
                self._give_up(m)
            with m.State("HEAD_CRC_HIGH"):
                m.d.comb += expected.eq(crc.o_crc[8:])
                with m.If(self.i_valid):
                    m.d.comb += [
                        self.o_damaged.eq(wrong | differs),
                        self.o_start.eq(~(wrong | differs)),
                    ]
                    with m.If(wrong | differs):
                        m.next = "HUNT"
                    with m.Elif(left == 0):
                        m.next = "CRC_LOW"
                    with m.Else():
                        m.next = "PAYLOAD"
                self._give_up(m)
            with m.State("PAYLOAD"):
                m.d.comb += [crc.i_valid.eq(self.i_valid), self.o_payload.eq(self.i_valid)]
                with m.If(self.i_valid):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 1):
                        m.next = "CRC_LOW"
            with m.State("CRC_LOW"):
                m.d.comb += expected.eq(crc.o_crc[:8])
                with m.If(self.i_valid):
                    m.d.sync += wrong.eq(differs)
                    m.next = "CRC_HIGH"
            with m.State("CRC_HIGH"):
                m.d.comb += expected.eq(crc.o_crc[8:])
                with m.If(self.i_valid):
                    m.d.comb += [
                        self.o_done.eq(1),
                        self.o_intact.eq(~(wrong | differs | disturbed)),
                        self.o_damaged.eq(~self.o_intact),
                    ]
                    m.next = "HUNT"
        with m.If(self.i_error):
            m.d.sync += disturbed.eq(1)
        return m

    def _give_up(self, m: Module) -> None:
        """Leave a head in which a byte is missing.

        In a head a missing byte would shift the length: hunting for the next SYNC is safer.
        """
        # In a payload the frame goes on, as its length is known; it just is not intact.
        with m.If(self.i_error):
            m.d.comb += self.o_damaged.eq(1)
            m.next = "HUNT"
