"""Emit classifiers and netlists as one self-contained Verilog-2001 text.

Verilog-2001 and no more: every simulator, synthesis tool and Python reader takes it. The text has
one file and no parameters, so that what was proven is what is instantiated.
"""

import re
from pathlib import Path

from lgn_hw.circuit.header import CoreHeader, header_text, read_core_header
from lgn_hw.circuit.keywords import KEYWORDS
from lgn_hw.circuit.options import DEFAULT_REGISTERS, CoreOptions
from lgn_hw.circuit.registers import Registers, Stages
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.files.source_text import read_source
from lgn_hw.hdl.core import ClassifierCore
from lgn_hw.hdl.core_text import core_modules
from lgn_hw.hdl.emit import emit
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.verilog_backend import block_module, quiet
from lgn_hw.netlist import Netlist

__all__ = [
    "DEFAULT_NAME",
    "SOURCES",
    "CoreHeader",
    "logic_to_verilog",
    "matching_verilog",
    "read_core_header",
    "to_verilog",
]

DEFAULT_NAME = "classifier_core"
SOURCES = ("text", "amaranth")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def to_verilog(
    classifier: Classifier,
    options: CoreOptions | None = None,
    *,
    name: str = DEFAULT_NAME,
    source: str = "text",
) -> str:
    """Return a classifier's core (see core.ClassifierCore) as Verilog.

    source: `text` writes the blocks as they are; `amaranth` has Amaranth and yosys convert the
    component, which is slower and longer, and the same circuit (the tests prove it).

    The same arguments give the same text. It opens with a comment that describes the ports and
    ends in a line for programs (see read_core_header). Modules are `name`, `name.encoder`,
    `name.logic`, `name.popcount` and `name.argmax`; ports are clk, rst, i_sample__payload,
    i_sample__valid, i_sample__ready, o_result__payload, o_result__valid and o_result__ready.

    Raises UsageError on registers that cannot be, a name that is no identifier, or an unknown
    source.
    """
    options = options or CoreOptions()
    _check(name, options.registers)
    # VHDL knows no case, so that `Entity` as a top module would not be instantiated there.
    if name.lower() in KEYWORDS:
        raise UsageError(f"A module name must be no keyword of Verilog or VHDL, not {name!r}")
    if source not in SOURCES:
        raise UsageError(f"Verilog is made from one of {', '.join(SOURCES)}, not from {source!r}")
    core = ClassifierCore(classifier, options)
    header = CoreHeader(
        digest=classifier.digest,
        latency=core.latency,
        options=options,
        classes=classifier.num_classes,
        sample_bits=classifier.features.sample_width,
        class_bits=core.class_bits,
        score_bits=core.score_bits,
        top=name,
    )
    modules = quiet(core_modules(core, name)) if source == "text" else emit(core, name)
    return f"{header_text(header, classifier)}\n{modules}"


def logic_to_verilog(
    netlist: Netlist, *, registers: int = DEFAULT_REGISTERS, name: str = "logic"
) -> str:
    """Return a netlist's circuit (see logic.Logic) alone as Verilog: clk, i_bits, o_bits.

    Raises as to_verilog does.
    """
    _check(name, registers)
    return block_module(Logic(netlist, registers), name)


def matching_verilog(classifier: Classifier, verilog: str | Path) -> str:
    """Return Verilog, given as a text or as a file, that was emitted from this classifier.

    Raises UsageError where its header names another classifier, or there is none.
    """
    text = read_source(verilog) if isinstance(verilog, Path) else verilog
    found = read_core_header(text).digest
    if found != classifier.digest:
        raise UsageError(
            f"The Verilog was emitted from classifier {found}, not from {classifier.digest};"
            " emit it again with `lgn verilog`"
        )
    return text


def _check(name: str, registers: Registers) -> None:
    """Refuse before there is a component, because Amaranth warns of those that go unused."""
    if isinstance(registers, int):
        # Its constructor has the rule; the object itself is of no use here.
        Stages(0, registers)
    if not NAME.fullmatch(name):
        raise UsageError(
            f"A module name must be letters, digits and _, and begin with no digit, not {name!r}"
        )
