"""What may stand around a core: AXI4-Stream with AXI4-Lite registers, or a bare parallel port."""

import re
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.circuit.header import CoreHeader
from lgn_hw.errors import UsageError
from lgn_hw.hdl.axi_lite import CONTROL, AxiLiteRegisters
from lgn_hw.hdl.axi_stream import Buffer, PacketReceiver, PacketSender, beats_of
from lgn_hw.hdl.emit import emit
from lgn_hw.version import __version__

__all__ = [
    "DEFAULT_DATA_BITS",
    "IDENTITY",
    "REGISTERS",
    "WRAPPERS",
    "AxiWrapper",
    "ParallelWrapper",
    "check_wrapper",
    "wrapper_latency",
    "wrapper_top",
    "wrapper_verilog",
]

WRAPPERS = ("stream", "axi", "parallel")
DEFAULT_DATA_BITS = 32
# The widest that Xilinx's AXI4-Stream cores take (PG085). Writing the wrapper takes a time that
# grows with the square of the width: 4 seconds here, 44 for four times as many bits.
MAX_DATA_BITS = 4096
IDENTITY = int.from_bytes(b"LGN1", "little")
COUNTERS = {0x40: "samples", 0x44: "results", 0x48: "malformed", 0x4C: "stalls"}
# Of the AXI wrapper, by byte address; docs/hardware.md has the table.
REGISTERS = {
    "id": 0x00, "version": 0x04, "latency": 0x08, "control": CONTROL, "sample_bits": 0x10,
    "result_bits": 0x14, "classes": 0x18, "data_bits": 0x1C, "digest": 0x20,
    **{name: address for address, name in COUNTERS.items()},
}  # fmt: skip


class AxiWrapper(wiring.Component):
    """Put a core between AXI4-Stream packets, with a block of AXI4-Lite registers beside it.

    header: of the core, which is instantiated by the name of its module. s_axis: one packet
    per sample (see axi_stream.PacketReceiver); m_axis: one packet per result, in order; both
    data_bits wide. s_axi: REGISTERS; all other words of the digest follow its first, lowest first,
    and `stalls` counts the cycles in which s_axis waits. aclk, aresetn: of all three.

    A restart (bit 0 of control) drops samples under way and results that are not yet offered,
    passes over the rest of a packet that has begun, and sets the counters to 0.
    """

    def __init__(self, header: CoreHeader, data_bits: int) -> None:
        self.header, self.data_bits = header, data_bits
        axis = {"tdata": data_bits, "tkeep": data_bits // 8, "tlast": 1, "tvalid": 1}
        # Made here and not in elaborate(), because its signature says which ports the wrapper has.
        self._registers = AxiLiteRegisters(_constants(header, data_bits), COUNTERS)
        lite = {
            f"s_axi_{name}": member
            for name, member in self._registers.signature.members.items()
            if not name.startswith(("i_", "o_"))
        }
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                **{f"s_axis_{name}": In(width) for name, width in axis.items()},
                "s_axis_tready": Out(1),
                **{f"m_axis_{name}": Out(width) for name, width in axis.items()},
                "m_axis_tready": In(1),
                **lite,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        reset, restart = Signal(), Signal()
        m.domains.sync = domain = ClockDomain("sync")
        domain.clk, domain.rst = self.aclk, reset
        # AXI's reset is low when active, and Amaranth's is high.
        m.d.comb += reset.eq(~self.aresetn)
        m.submodules.receiver = receiver = PacketReceiver(self.header.sample_bits, self.data_bits)
        buffer = Buffer(self.header.result_bits)
        # The buffer cuts the path from m_axis_tready through the core to s_axis_tready, which would
        # otherwise pass all of a design's streams in one clock cycle.
        m.submodules.buffer = ResetInserter(restart)(buffer)
        m.submodules.sender = sender = PacketSender(self.header.result_bits, self.data_bits)
        m.submodules.registers = registers = self._registers
        m.submodules.core = _core(self.header, reset | restart, receiver.o_word, buffer.i_word)
        wiring.connect(m, buffer.o_word, sender.i_word)
        for name in ("tdata", "tkeep", "tlast", "tvalid"):
            m.d.comb += getattr(receiver, name).eq(getattr(self, f"s_axis_{name}"))
            m.d.comb += getattr(self, f"m_axis_{name}").eq(getattr(sender, name))
        m.d.comb += [
            self.s_axis_tready.eq(receiver.tready),
            sender.tready.eq(self.m_axis_tready),
            receiver.i_restart.eq(restart),
            restart.eq(registers.o_restart),
            registers.i_samples.eq(receiver.o_word.valid & receiver.o_word.ready),
            registers.i_results.eq(sender.tvalid & sender.tready & sender.tlast),
            registers.i_malformed.eq(receiver.o_malformed),
            registers.i_stalls.eq(receiver.tvalid & ~receiver.tready),
        ]
        self._connect_registers(m)
        return m

    def _connect_registers(self, m: Module) -> None:
        """Bring the bus of the registers out under the prefix s_axi_."""
        for name, member in self._registers.signature.members.items():
            if not name.startswith(("i_", "o_")):
                outer, inner = getattr(self, f"s_axi_{name}"), getattr(self._registers, name)
                m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)


class ParallelWrapper(wiring.Component):
    """Classify what stands on i_sample at each rising edge of clk: no handshake, no reset.

    header: of the core, which is instantiated by the name of its module. i_sample is registered,
    and o_class, and o_scores where the core has scores, belong to the sample of
    wrapper_latency(header) cycles before.
    """

    def __init__(self, header: CoreHeader) -> None:
        self.header = header
        ports = {
            "clk": In(1),
            "i_sample": In(header.sample_bits),
            "o_class": Out(header.class_bits),
        }
        if header.scores:
            ports["o_scores"] = Out(header.classes * header.score_bits)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # There is no reset port, and nothing to reset: samples that were there at power-up leave by
        # themselves.
        m.domains.sync = domain = ClockDomain("sync", reset_less=True)
        domain.clk = self.clk
        # The port's own register: without it the path from the pin would lead into the encoder.
        sample = Signal(self.header.sample_bits, reset_less=True)
        result = Signal(self.header.result_bits)
        ready, valid = Signal(), Signal()  # always 1, after the first samples
        m.d.sync += sample.eq(self.i_sample)
        m.submodules.core = Instance(
            self.header.top, i_clk=ClockSignal(), i_rst=0, i_i_sample__valid=1,
            o_i_sample__ready=ready, i_i_sample__payload=sample, i_o_result__ready=1,
            o_o_result__valid=valid, o_o_result__payload=result,
        )  # fmt: skip
        m.d.comb += self.o_class.eq(result[: self.header.class_bits])
        if self.header.scores:
            m.d.comb += self.o_scores.eq(result[self.header.class_bits :])
        return m


def check_wrapper(wrapper: str, data_bits: int) -> None:
    """Raise UsageError where there is no such wrapper, or TDATA cannot be so wide."""
    if wrapper not in WRAPPERS:
        raise UsageError(f"The wrapper must be one of {', '.join(WRAPPERS)}, not {wrapper!r}")
    # A byte is what TKEEP counts in.
    if data_bits < 8:
        raise UsageError(f"TDATA is too narrow: it must be 8 bits or more, not {data_bits}")
    if data_bits > MAX_DATA_BITS:
        raise UsageError(
            f"TDATA must be {MAX_DATA_BITS:,} bits at most, not {data_bits:,}; a word that is wider"
            " travels in several beats"
        )
    if data_bits % 8:
        raise UsageError(f"TDATA must be a multiple of 8 bits, not {data_bits}")


def wrapper_top(header: CoreHeader, wrapper: str) -> str:
    """Return the name of the top module."""
    return header.top if wrapper == "stream" else f"{header.top}_{wrapper}"


def wrapper_latency(header: CoreHeader, wrapper: str, data_bits: int = DEFAULT_DATA_BITS) -> int:
    """Return the cycles from the one in which a sample enters to the one with its result.

    For axi: from the acceptance of the first beat to the first beat of the result, both ends
    being ready at once.

    data_bits: of TDATA, which matters to axi only: a sample of several beats is complete with its
    last.
    """
    if wrapper == "stream":
        return header.latency
    if wrapper == "parallel":
        return header.latency + 1
    return beats_of(header.sample_bits, data_bits) + header.latency + 2


def wrapper_verilog(header: CoreHeader, wrapper: str, *, data_bits: int = DEFAULT_DATA_BITS) -> str:
    """Return the Verilog of a wrapper alone, which instantiates the core; none for `stream`.

    Raises UsageError as check_wrapper does, and what emit raises.
    """
    check_wrapper(wrapper, data_bits)
    if wrapper == "stream":
        return ""
    top = wrapper_top(header, wrapper)
    component = AxiWrapper(header, data_bits) if wrapper == "axi" else ParallelWrapper(header)
    lines = [
        f"{top}: {header.top} with {_DESCRIPTION[wrapper]}, by lgn-hw {__version__}.",
        f"Classifier {header.digest}",
        f"Latency {wrapper_latency(header, wrapper, data_bits)} clock cycles.",
    ]
    return "".join(f"// {line}\n" for line in lines) + "\n" + emit(component, top)


_DESCRIPTION = {
    "axi": "AXI4-Stream ports and AXI4-Lite registers",
    "parallel": "a parallel port without handshake",
}


def _core(header: CoreHeader, reset: Any, sample: Any, result: Any) -> Instance:
    """Return the instance of the core inside a wrapper.

    reset, sample, result: Amaranth values and streams of the wrapper. The core is known by its
    module's name only, so that any core with this header fits.
    """
    return Instance(
        header.top,
        i_clk=ClockSignal(),
        i_rst=reset,
        i_i_sample__valid=sample.valid,
        o_i_sample__ready=sample.ready,
        i_i_sample__payload=sample.payload,
        o_o_result__valid=result.valid,
        i_o_result__ready=result.ready,
        o_o_result__payload=result.payload,
    )


def _constants(header: CoreHeader, data_bits: int) -> dict[int, int]:
    """Return what the registers of identity and shape say.

    By byte address. A host reads them to see that it talks to what it was built for.
    """
    version = [int(part) for part in re.findall(r"\d+", __version__)[:3]]
    values = {
        "id": IDENTITY,
        "version": version[0] << 16 | version[1] << 8 | version[2],
        "latency": header.latency,
        "sample_bits": header.sample_bits,
        "result_bits": header.result_bits,
        "classes": header.classes,
        "data_bits": data_bits,
    }
    # A SHA-256 has 256 bits: eight registers, the lowest word first.
    words = [int(header.digest[-8 * (i + 1) : len(header.digest) - 8 * i], 16) for i in range(8)]
    digest = {REGISTERS["digest"] + 4 * i: word for i, word in enumerate(words)}
    return {REGISTERS[name]: value for name, value in values.items()} | digest
