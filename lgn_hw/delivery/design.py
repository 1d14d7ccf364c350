"""The design that is delivered: a classifier's core and the wrapper around it, as Verilog.

The header is read from the text that was emitted, not passed beside it: what is delivered is what
is described.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from lgn_hw.circuit.header import CoreHeader, options_to_json, pack_results, read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.delivery.interface import core_interface
from lgn_hw.hdl.axi_stream import beats_of
from lgn_hw.hdl.verilog import DEFAULT_NAME, to_verilog
from lgn_hw.hdl.wrappers import (
    IDENTITY,
    REGISTERS,
    check_wrapper,
    wrapper_latency,
    wrapper_top,
    wrapper_verilog,
)
from lgn_hw.ports import describe_ports

__all__ = ["CoreDesign", "Design", "Vectors", "make_design"]


@dataclass(frozen=True)
class Vectors:
    """Words for a testbench: what is sent, and what must come back, with the widths of both."""

    sent: list[int]
    sent_bits: int
    expected: list[int]
    expected_bits: int


@dataclass(frozen=True)
class Design(ABC):
    """Hold the Verilog of a core and of its wrapper, and what is known of them.

    wrapper_text: empty for `stream`, which is the core itself. data_bits: the width of TDATA.
    clock_mhz: what the constraints ask for.

    testbench, cocotb: its files in delivery/files. vector_name, vector_files: what a vector is, and
    how the files hold them, in words. carries: whether it has carry chains.
    """

    core: str
    wrapper_text: str
    wrapper: str
    data_bits: int
    clock_mhz: float

    cocotb = "test_cocotb.py.txt"
    vector_name = "vector"
    vector_files = "one vector per line"
    carries = False

    @property
    def clock(self) -> str:
        """The name of the clock's port."""
        return "aclk" if self.wrapper == "axi" else "clk"

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
    @abstractmethod
    def testbench(self) -> str:
        """The name of its testbench in delivery/files."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """The classifier's digest."""

    @property
    @abstractmethod
    def top(self) -> str:
        """The name of the top module: of the wrapper, or of the core where there is none."""

    @property
    @abstractmethod
    def latency(self) -> int:
        """Clock cycles to a result, those of the wrapper included."""

    @property
    @abstractmethod
    def timing(self) -> str:
        """How long a result takes, in words."""

    @property
    @abstractmethod
    def options(self) -> dict[str, Any]:
        """What the core was built like, for the manifest."""

    @property
    @abstractmethod
    def shape(self) -> dict[str, Any]:
        """The widths and counts that a testbench needs."""

    @property
    @abstractmethod
    def macros(self) -> dict[str, str]:
        """The macros of the testbench, by name."""

    @property
    def constants(self) -> dict[str, int]:
        """Further constants of the testbench, by name."""
        return {}

    @abstractmethod
    def vectors(self, classifier: Classifier, codes: NDArray[Any]) -> Vectors:
        """Return samples, codes[samples, features], and their results as words of the ports."""

    @abstractmethod
    def describe(self, classifier: Classifier) -> dict[str, Any]:
        """Return the fields of the ports for the manifest."""

    @abstractmethod
    def interface(self, classifier: Classifier) -> str:
        """Return what the README says of the ports, as Markdown."""


@dataclass(frozen=True)
class CoreDesign(Design):
    """The design of a core that takes a whole sample at once."""

    header: CoreHeader

    @property
    def testbench(self) -> str:
        return f"testbench_{self.wrapper}.v"

    @property
    def digest(self) -> str:
        return self.header.digest

    @property
    def top(self) -> str:
        return wrapper_top(self.header, self.wrapper)

    @property
    def latency(self) -> int:
        return wrapper_latency(self.header, self.wrapper, self.data_bits)

    @property
    def timing(self) -> str:
        return f"latency {counted(self.latency, 'cycle')}"

    @property
    def scores(self) -> bool:
        """Whether results carry the scores."""
        return self.header.scores

    @property
    def carries(self) -> bool:  # type: ignore[override]
        return self.header.options.carries

    @property
    def options(self) -> dict[str, Any]:
        return options_to_json(self.header.options)

    @property
    def shape(self) -> dict[str, Any]:
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

    @property
    def macros(self) -> dict[str, str]:
        # A macro and no constant: without scores the port is not there to be named.
        return {"TOP": self.top} | ({"SCORES": ""} if self.scores else {})

    @property
    def constants(self) -> dict[str, int]:
        if self.wrapper != "axi":
            return {}
        addressed = ("id", "samples", "results", "malformed")
        return {f"{name.upper()}_ADDRESS": REGISTERS[name] for name in addressed} | {"ID": IDENTITY}

    def vectors(self, classifier: Classifier, codes: NDArray[Any]) -> Vectors:
        header = self.header
        results = pack_results(header, classifier.scores(codes))
        return Vectors(
            classifier.features.pack(codes), header.sample_bits, results, header.result_bits
        )

    def describe(self, classifier: Classifier) -> dict[str, Any]:
        return describe_ports(classifier)

    def interface(self, classifier: Classifier) -> str:
        return core_interface(classifier, self)


def make_design(
    classifier: Classifier,
    options: CoreOptions,
    *,
    wrapper: str,
    data_bits: int,
    clock_mhz: float,
    name: str = DEFAULT_NAME,
    source: str = "text",
) -> CoreDesign:
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
    return CoreDesign(core, text, wrapper, data_bits, clock_mhz, header)
