"""AXI4-Stream packets to samples, results to packets, and a buffer that cuts the ready path."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Buffer", "PacketReceiver", "PacketSender", "beats_of"]


def beats_of(bits: int, data_bits: int) -> int:
    """Return how many beats of data_bits carry a word of so many bits; at least 1.

    A word without bits still takes a beat: AXI4-Stream has no empty packet.
    """
    return max(1, -(-bits // data_bits))


def _keep(bits: int, data_bits: int, last: Value) -> Value:
    """Return TKEEP: every byte, but in the last beat only those that hold bits of the word.

    Bytes above the word's highest bit are 0 in TKEEP of the last beat; a byte that the word fills
    in part is kept.
    """
    rest = bits - (beats_of(bits, data_bits) - 1) * data_bits
    every, some = (1 << data_bits // 8) - 1, (1 << -(-rest // 8)) - 1
    return Mux(last, Const(some, data_bits // 8), Const(every, data_bits // 8))


class PacketReceiver(wiring.Component):
    """Assemble one word from each packet: beat 0 holds the lowest bits.

    tdata, tkeep, tlast, tvalid, tready: the AXI4-Stream. A packet must have beats_of(bits) beats,
    the last with TLAST, and TKEEP for each byte that holds bits of the word; further bytes may be
    kept or not, and are not looked at. o_word: a stream of the words, registered.

    o_malformed: 1 for one cycle for each packet that is too short, too long, or lacks bytes. Such
    a packet gives no word, and the next beat after its TLAST begins the next packet.
    i_restart: forget what is held, and pass over the rest of a packet that has begun.
    """

    def __init__(self, bits: int, data_bits: int) -> None:
        self.bits, self.data_bits = bits, data_bits
        super().__init__(
            {
                "tdata": In(data_bits),
                "tkeep": In(data_bits // 8),
                "tlast": In(1),
                "tvalid": In(1),
                "tready": Out(1),
                "o_word": Out(stream.Signature(bits)),
                "o_malformed": Out(1),
                "i_restart": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beats = beats_of(self.bits, self.data_bits)
        index, word = Signal(range(max(2, beats))), self.tdata[: self.bits]
        # lacking: a beat of this packet had too few bytes; skipping: what is left of a packet that
        # was too long.
        lacking, skipping = Signal(), Signal()
        at_last, beat, lacks_now, whole = Signal(), Signal(), Signal(), Signal()
        needed = Signal(self.data_bits // 8)
        m.d.comb += [
            at_last.eq(index == beats - 1),
            needed.eq(_keep(self.bits, self.data_bits, at_last)),
            lacks_now.eq((self.tkeep & needed) != needed),
            # Only a beat that completes a word has to wait for room.
            self.tready.eq(skipping | ~at_last | ~self.o_word.valid | self.o_word.ready),
            beat.eq(self.tvalid & self.tready),
            whole.eq(at_last & self.tlast & ~lacking & ~lacks_now),
        ]
        if beats > 1:  # else there is nothing to hold, and no vector without bits in the Verilog
            held = Signal(self.data_bits * (beats - 1))
            word = Cat(held, self.tdata)[: self.bits]
        # A word that is taken leaves; one that completes in the same cycle takes its place below.
        with m.If(self.o_word.ready):
            m.d.sync += self.o_word.valid.eq(0)
        with m.If(beat & skipping):
            m.d.sync += skipping.eq(~self.tlast)
        with m.Elif(beat & (self.tlast | at_last)):
            m.d.comb += self.o_malformed.eq(~whole)
            # A packet that is too long has no TLAST here: what is left of it is skipped.
            m.d.sync += [index.eq(0), lacking.eq(0), skipping.eq(~self.tlast)]
            with m.If(whole):
                m.d.sync += [self.o_word.payload.eq(word), self.o_word.valid.eq(1)]
        with m.Elif(beat):
            m.d.sync += [index.eq(index + 1), lacking.eq(lacking | lacks_now)]
            if beats > 1:
                m.d.sync += held.word_select(index, self.data_bits).eq(self.tdata)
        with m.If(self.i_restart):
            # A restart in the middle of a packet must not take its second half for a packet.
            begun = (index != 0) | skipping
            m.d.sync += [index.eq(0), lacking.eq(0), self.o_word.valid.eq(0)]
            m.d.sync += skipping.eq(Mux(beat, ~self.tlast, begun))
        return m


class PacketSender(wiring.Component):
    """Send one packet for each word: beat 0 holds the lowest bits, unused bits are 0.

    i_word: a stream of words. tdata, tkeep, tlast, tvalid, tready: the AXI4-Stream; TKEEP marks
    the bytes that hold bits of the word. One cycle from a word to its first beat.
    """

    def __init__(self, bits: int, data_bits: int) -> None:
        self.bits, self.data_bits = bits, data_bits
        super().__init__(
            {
                "i_word": In(stream.Signature(bits)),
                "tdata": Out(data_bits),
                "tkeep": Out(data_bits // 8),
                "tlast": Out(1),
                "tvalid": Out(1),
                "tready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beats = beats_of(self.bits, self.data_bits)
        index, word = Signal(range(max(2, beats))), Signal(beats * self.data_bits)
        m.d.comb += [
            # Not word_select: its Verilog is a shift as wide as the word, which linters warn of.
            self.tdata.eq(Array(word.word_select(i, self.data_bits) for i in range(beats))[index]),
            self.tlast.eq(index == beats - 1),
            self.tkeep.eq(_keep(self.bits, self.data_bits, self.tlast)),
            # The next word may come while the last beat of this one leaves, so that packets follow
            # without a gap.
            self.i_word.ready.eq(~self.tvalid | (self.tready & self.tlast)),
        ]
        with m.If(self.tvalid & self.tready):
            m.d.sync += index.eq(Mux(self.tlast, 0, index + 1))
        with m.If(self.i_word.ready):
            m.d.sync += [word.eq(self.i_word.payload), self.tvalid.eq(self.i_word.valid)]
        return m


class Buffer(wiring.Component):
    """Hold two words, so that i_word.ready comes from a register; one cycle of latency.

    Without it, ready would be a path through all logic between the two ends of the stream. This is
    a skid buffer: the second word is what was on its way when ready fell. Both ports are streams of
    `bits` bits.
    """

    def __init__(self, bits: int) -> None:
        super().__init__(
            {"i_word": In(stream.Signature(bits)), "o_word": Out(stream.Signature(bits))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count, second = Signal(2), Signal.like(self.o_word.payload, reset_less=True)
        push, pop = Signal(), Signal()
        m.d.comb += [
            self.i_word.ready.eq(count != 2),
            self.o_word.valid.eq(count != 0),
            push.eq(self.i_word.valid & self.i_word.ready),
            pop.eq(self.o_word.valid & self.o_word.ready),
        ]
        m.d.sync += count.eq(count + push - pop)
        with m.If(pop):
            m.d.sync += self.o_word.payload.eq(second)
        # The new word becomes the first one: nothing is held, or the only one leaves now.
        with m.If(push & (count == pop)):
            m.d.sync += self.o_word.payload.eq(self.i_word.payload)
        with m.Elif(push):
            m.d.sync += second.eq(self.i_word.payload)
        return m
