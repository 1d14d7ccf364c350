"""The design that is delivered: a classifier's core and the wrapper around it, as Verilog.

The header is read from the text that was emitted, not passed beside it: what is delivered is what
is described.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lgn_hw.circuit.header import CoreHeader, read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.hdl.axi_stream import beats_of
from lgn_hw.hdl.verilog import DEFAULT_NAME, to_verilog
from lgn_hw.hdl.wrappers import check_wrapper, wrapper_latency, wrapper_top, wrapper_verilog

__all__ = ["Design", "make_design"]


@dataclass(frozen=True)
class Design:
    """Hold the Verilog of a core and of its wrapper, and what is known of them.

    wrapper_text: empty for `stream`, which is the core itself. data_bits: the width of TDATA.
    clock_mhz: what the constraints ask for.
    """

    core: str
    wrapper_text: str
    header: CoreHeader
    wrapper: str
    data_bits: int
    clock_mhz: float

    @property
    def top(self) -> str:
        """The name of the top module: of the wrapper, or of the core where there is none."""
        return wrapper_top(self.header, self.wrapper)

    @property
    def clock(self) -> str:
        """The name of the clock's port."""
        return "aclk" if self.wrapper == "axi" else "clk"

    @property
    def latency(self) -> int:
        """Clock cycles from a sample to its result, those of the wrapper included."""
        return wrapper_latency(self.header, self.wrapper, self.data_bits)

    @property
    def files(self) -> Mapping[str, str]:
        """The sources by path, in the order in which they are compiled."""
        files = {"rtl/core.v": self.core}
        return files | ({"rtl/wrapper.v": self.wrapper_text} if self.wrapper_text else {})

    @property
    def text(self) -> str:
        """All of it in one file."""
        return "\n".join(text for text in (self.wrapper_text, self.core) if text)

    @property
    def shape(self) -> dict[str, Any]:
        """The widths and counts that a testbench needs."""
        header = self.header
        shape = {
            "sample_bits": header.sample_bits,
            "result_bits": header.result_bits,
            "class_bits": header.class_bits,
            "score_bits": header.score_bits,
            "classes": header.classes,
        }
        if self.wrapper == "axi":
            shape["data_bits"] = self.data_bits
            shape["sample_beats"] = beats_of(header.sample_bits, self.data_bits)
            shape["result_beats"] = beats_of(header.result_bits, self.data_bits)
        return shape


def make_design(
    classifier: Classifier,
    options: CoreOptions,
    *,
    wrapper: str,
    data_bits: int,
    clock_mhz: float,
    name: str = DEFAULT_NAME,
    source: str = "text",
) -> Design:
    """Emit a classifier's core and its wrapper.

    name: of the core's module, which all others begin with. source: see hdl.verilog.to_verilog.

    Raises UsageError on an unknown wrapper or a width that TDATA cannot have, and what
    hdl.verilog.to_verilog raises.

    options: of the core. wrapper: one of hdl.wrappers.WRAPPERS. data_bits: of TDATA, where the
    wrapper is axi. clock_mhz: for the constraints; nothing in the Verilog depends on it.
    """
    check_wrapper(wrapper, data_bits)
    core = to_verilog(classifier, options, name=name, source=source)
    header = read_core_header(core)
    text = wrapper_verilog(header, wrapper, data_bits=data_bits)
    return Design(core, text, header, wrapper, data_bits, clock_mhz)
