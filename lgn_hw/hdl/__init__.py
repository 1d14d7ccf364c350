"""The hardware: a classifier's encoder, gates, counters and comparison in Amaranth.

Each block describes itself once, in operations on words (circuit.backend.WordBackend). From that
description Amaranth gets a component, which is simulated and put into boards' designs, and
verilog_backend the text of a module. core joins the four blocks into one stream, core_text writes
that as Verilog, verilog is the door for users, and wrappers put other ports around it.
"""

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
