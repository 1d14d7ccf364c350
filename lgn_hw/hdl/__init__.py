"""The hardware: a classifier's encoder, gates, counters and comparison in Amaranth."""

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.hdl.argmax import Argmax
from lgn_hw.hdl.core import ClassifierCore
from lgn_hw.hdl.encoder import Encoder
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.popcount import Popcount
from lgn_hw.hdl.verilog import matching_verilog, read_core_header, to_verilog

__all__ = [
    "ClassifierCore",
    "CoreOptions",
    "Encoder",
    "Logic",
    "Popcount",
    "Argmax",
    "to_verilog",
    "read_core_header",
    "matching_verilog",
]
