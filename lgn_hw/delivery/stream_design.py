"""The design of a streaming core that is delivered: frames in, a result for each of them out."""

from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.delivery.design import Design, Vectors
from lgn_hw.delivery.stream_interface import channels_of, stream_interface
from lgn_hw.hdl.axi_stream import beats_of
from lgn_hw.hdl.streaming import StreamingOptions
from lgn_hw.hdl.streaming.frames import pack_frame_results, pack_pixels
from lgn_hw.hdl.streaming.header import StreamHeader, read_stream_header
from lgn_hw.hdl.streaming.verilog import STREAM_NAME, streaming_verilog
from lgn_hw.hdl.streaming.video import bytes_of
from lgn_hw.hdl.streaming.wrapper import (
    check_stream_wrapper,
    stream_wrapper_latency,
    stream_wrapper_top,
    stream_wrapper_verilog,
)

__all__ = ["StreamDesign", "make_stream_design"]


@dataclass(frozen=True)
class StreamDesign(Design):
    """The design of a core that takes an image pixel by pixel."""

    header: StreamHeader

    cocotb = "test_cocotb_frames.py.txt"
    vector_name = "frame"
    vector_files = "a pixel and a result per line"

    @property
    def testbench(self) -> str:
        return "testbench_frames.v"

    @property
    def digest(self) -> str:
        return self.header.digest

    @property
    def top(self) -> str:
        return stream_wrapper_top(self.header, self.wrapper)

    @property
    def latency(self) -> int:
        return stream_wrapper_latency(self.header, self.wrapper)

    @property
    def interval(self) -> int:
        """Clock cycles from one frame to the next, back to back."""
        # A result that takes longer to send than a frame to arrive is what limits the rate.
        return max(self.header.interval, self.shape["result_beats"])

    @property
    def timing(self) -> str:
        return (
            f"a frame every {counted(self.interval, 'cycle')}, its result"
            f" {counted(self.latency, 'cycle')} after its last pixel"
        )

    @property
    def options(self) -> dict[str, Any]:
        return {"levels_per_stage": self.header.registers, "scores": self.header.scores}

    @property
    def shape(self) -> dict[str, Any]:
        header, beat = self.header, self.header.result_bits
        if self.wrapper == "axi":
            beat = self.data_bits
        return {
            "rows": header.rows,
            "columns": header.columns,
            "pixels": header.rows * header.columns,
            "pixel_bits": header.pixel_bits,
            "pixel_bytes": bytes_of(header.pixel_bits),
            "result_bits": header.result_bits,
            "class_bits": header.class_bits,
            "score_bits": header.score_bits,
            "classes": header.classes,
            "beat_bits": beat,
            "result_beats": beats_of(header.result_bits, beat),
        }

    @property
    def macros(self) -> dict[str, str]:
        return {"TOP": self.top} | ({"VIDEO": ""} if self.wrapper == "axi" else {})

    @property
    def constants(self) -> dict[str, int]:
        return {"INTERVAL": self.interval}

    def vectors(self, classifier: Classifier, codes: NDArray[Any]) -> Vectors:
        # One list for all frames: the testbench knows how many pixels make one.
        pixels = [word for frame in pack_pixels(classifier, codes) for word in frame]
        results = pack_frame_results(self.header, classifier.scores(codes))
        return Vectors(pixels, self.header.pixel_bits, results, self.header.result_bits)

    def describe(self, classifier: Classifier) -> dict[str, Any]:
        channels = [asdict(channel) for channel in channels_of(classifier)]
        return {
            "channels": channels,
            "class_names": list(classifier.classes),
            "interval_cycles": self.interval,
        }

    def interface(self, classifier: Classifier) -> str:
        return stream_interface(classifier, self)


def make_stream_design(
    classifier: Classifier,
    options: StreamingOptions,
    *,
    wrapper: str,
    data_bits: int,
    clock_mhz: float,
    name: str = STREAM_NAME,
) -> StreamDesign:
    """Emit a classifier's streaming core and its wrapper.

    Raises UsageError on a wrapper that streaming cores do not have, or a width that TDATA cannot
    have, and what streaming_verilog raises.

    wrapper: stream or axi. data_bits: of the results' TDATA, where it is axi. clock_mhz: for the
    constraints. name: of the core's module, which all others begin with.
    """
    check_stream_wrapper(wrapper, data_bits)
    core = streaming_verilog(classifier, options, name=name)
    header = read_stream_header(core)
    assert header is not None
    text = stream_wrapper_verilog(header, wrapper, data_bits=data_bits)
    return StreamDesign(core, text, wrapper, data_bits, clock_mhz, header)
