"""AXI4-Stream video around a streaming core: pixels in, a packet for each frame's result out."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.errors import UsageError
from lgn_hw.hdl.axi_stream import Buffer, PacketSender
from lgn_hw.hdl.emit import emit
from lgn_hw.hdl.streaming.header import StreamHeader
from lgn_hw.hdl.streaming.video import VideoReceiver, bytes_of
from lgn_hw.hdl.wrappers import DEFAULT_DATA_BITS, check_wrapper
from lgn_hw.version import __version__

__all__ = [
    "VideoWrapper",
    "check_stream_wrapper",
    "stream_wrapper_latency",
    "stream_wrapper_top",
    "stream_wrapper_verilog",
]


class VideoWrapper(wiring.Component):
    """Put a streaming core between AXI4-Stream video and AXI4-Stream packets.

    header: of the core, which is instantiated by the name of its module. s_axis: a pixel a beat
    (see video.VideoReceiver). m_axis: a packet for each frame's result, in order, data_bits wide.
    aclk, aresetn: of both; the reset is synchronous and active low, and forgets frames under way.
    """

    def __init__(self, header: StreamHeader, data_bits: int) -> None:
        self.header, self.data_bits = header, data_bits
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axis_tdata": In(8 * bytes_of(header.pixel_bits)),
                "s_axis_tuser": In(1),
                "s_axis_tlast": In(1),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "m_axis_tdata": Out(data_bits),
                "m_axis_tkeep": Out(data_bits // 8),
                "m_axis_tlast": Out(1),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, header = Module(), self.header
        reset = Signal()
        m.domains.sync = domain = ClockDomain("sync")
        domain.clk, domain.rst = self.aclk, reset
        m.d.comb += reset.eq(~self.aresetn)  # AXI's reset is low when active
        m.submodules.receiver = receiver = VideoReceiver(
            header.rows, header.columns, header.pixel_bits
        )
        # The buffer cuts the path from m_axis_tready through all stages to s_axis_tready.
        m.submodules.buffer = buffer = Buffer(header.result_bits)
        m.submodules.sender = sender = PacketSender(header.result_bits, self.data_bits)
        m.submodules.core = Instance(
            header.top,
            i_clk=ClockSignal(),
            i_rst=reset,
            i_i_pixel__valid=receiver.o_pixel.valid,
            o_i_pixel__ready=receiver.o_pixel.ready,
            i_i_pixel__payload=Cat(receiver.o_pixel.payload.codes, receiver.o_pixel.payload.last),
            o_o_result__valid=buffer.i_word.valid,
            i_o_result__ready=buffer.i_word.ready,
            o_o_result__payload=buffer.i_word.payload,
        )
        wiring.connect(m, buffer.o_word, sender.i_word)
        for name in ("tdata", "tuser", "tlast", "tvalid"):
            m.d.comb += getattr(receiver, name).eq(getattr(self, f"s_axis_{name}"))
        for name in ("tdata", "tkeep", "tlast", "tvalid"):
            m.d.comb += getattr(self, f"m_axis_{name}").eq(getattr(sender, name))
        m.d.comb += [
            self.s_axis_tready.eq(receiver.tready),
            sender.tready.eq(self.m_axis_tready),
        ]
        return m


def check_stream_wrapper(wrapper: str, data_bits: int) -> None:
    """Raise UsageError where there is no such wrapper of streaming cores, or no such TDATA."""
    check_wrapper(wrapper, data_bits)
    if wrapper == "parallel":
        raise UsageError(
            "A streaming core takes pixels one after the other, and has no wrapper 'parallel'; use"
            " --wrapper stream or axi, or --conv unrolled"
        )


def stream_wrapper_top(header: StreamHeader, wrapper: str) -> str:
    """Return the name of the top module."""
    return header.top if wrapper == "stream" else f"{header.top}_{wrapper}"


def stream_wrapper_latency(header: StreamHeader, wrapper: str) -> int:
    """Return the cycles from a frame's last pixel to its result, or the first beat of it."""
    return header.latency + (0 if wrapper == "stream" else 2)


def stream_wrapper_verilog(
    header: StreamHeader, wrapper: str, *, data_bits: int = DEFAULT_DATA_BITS
) -> str:
    """Return the Verilog of a wrapper alone, which instantiates the core; none for `stream`.

    data_bits: of m_axis_tdata. Raises what check_stream_wrapper and emit raise.
    """
    check_stream_wrapper(wrapper, data_bits)
    if wrapper == "stream":
        return ""
    top = stream_wrapper_top(header, wrapper)
    lines = [
        f"{top}: {header.top} with AXI4-Stream video ports, by lgn-hw {__version__}.",
        f"Classifier {header.digest}",
        f"Frames of {header.columns} x {header.rows} pixels; the result of one follows its last"
        f" pixel by {stream_wrapper_latency(header, wrapper)} clock cycles.",
    ]
    return (
        "".join(f"// {line}\n" for line in lines)
        + "\n"
        + emit(VideoWrapper(header, data_bits), top)
    )
