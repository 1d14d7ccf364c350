"""Emit classifiers and netlists as one self-contained Verilog-2001 text."""

import re
import shutil
import tempfile
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib import wiring

from lgn_hw.circuit.header import CoreHeader, header_text, read_core_header
from lgn_hw.circuit.stages import Spacing, Stages
from lgn_hw.classifier import Classifier
from lgn_hw.errors import ToolError, UsageError
from lgn_hw.hdl.core import DEFAULT_LEVELS_PER_STAGE, ClassifierCore
from lgn_hw.hdl.core_text import core_modules
from lgn_hw.hdl.keywords import KEYWORDS
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.verilog_backend import block_module, quiet
from lgn_hw.netlist import Netlist
from lgn_hw.tools.yosys import run_yosys

__all__ = [
    "DEFAULT_NAME",
    "SOURCES",
    "CoreHeader",
    "emit",
    "logic_to_verilog",
    "matching_verilog",
    "read_core_header",
    "to_verilog",
]

DEFAULT_NAME = "classifier_core"
SOURCES = ("text", "amaranth")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# No `clean`, `opt_expr` or `opt_dff`: they leave wide vectors that are driven a slice at a time,
# and Icarus resolves those bit by bit. Synthesis finds the clock enables. Without pmuxtree a choice
# of many is written as a casez with a pragma, which simulators and synthesis read differently.
SCRIPT = """read_rtlil wrapper.il
proc -noopt
pmuxtree
write_verilog -noattr wrapper.v
"""


def to_verilog(
    classifier: Classifier,
    *,
    levels_per_stage: Spacing = DEFAULT_LEVELS_PER_STAGE,
    scores: bool = False,
    lut_size: int | None = None,
    chains: bool = False,
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

    Raises UsageError on a levels_per_stage that cannot be, a name that is no identifier, or an
    unknown source.
    """
    _check(name, levels_per_stage)
    if source not in SOURCES:
        raise UsageError(f"Verilog is made from one of {', '.join(SOURCES)}, not from {source!r}")
    core = ClassifierCore(
        classifier,
        levels_per_stage=levels_per_stage,
        scores=scores,
        lut_size=lut_size,
        chains=chains,
    )
    header = CoreHeader(
        digest=classifier.digest,
        latency=core.latency,
        levels_per_stage=levels_per_stage,
        lut_size=lut_size,
        chains=chains,
        scores=scores,
        classes=classifier.num_classes,
        sample_bits=classifier.features.sample_width,
        class_bits=core.class_bits,
        score_bits=core.score_bits,
        top=name,
    )
    modules = quiet(core_modules(core, name)) if source == "text" else emit(core, name)
    return f"{header_text(header, classifier)}\n{modules}"


def logic_to_verilog(
    netlist: Netlist, *, levels_per_stage: int = DEFAULT_LEVELS_PER_STAGE, name: str = "logic"
) -> str:
    """Return a netlist's circuit (see logic.Logic) alone as Verilog: clk, i_bits, o_bits.

    Raises as to_verilog does.
    """
    _check(name, levels_per_stage)
    return block_module(Logic(netlist, levels_per_stage), name)


def matching_verilog(classifier: Classifier, verilog: str | Path) -> str:
    """Return Verilog, given as a text or as a file, that was emitted from this classifier.

    Raises UsageError where its header names another classifier, or there is none.
    """
    text = verilog.read_text() if isinstance(verilog, Path) else verilog
    found = read_core_header(text).digest
    if found != classifier.digest:
        raise UsageError(
            f"The Verilog was emitted from classifier {found}, not from {classifier.digest};"
            " emit it again with `lgn verilog`"
        )
    return text


def emit(component: wiring.Component, name: str) -> str:
    """Return a component's Verilog, its top module called `name`.

    For what is small and stands around a core; the core itself is written as it is (see
    core_text). The way leads over RTLIL; yosys' folder stays for a look where yosys fails. Raises
    ToolNotFound or ToolError where yosys is missing or fails.
    """
    text = rtlil.convert(component, name=name, emit_src=False)
    folder = Path(tempfile.mkdtemp(prefix="lgn-verilog-"))
    (folder / "wrapper.il").write_text(text)
    run_yosys(SCRIPT, folder=folder, log=folder / "yosys.log")
    verilog = folder / "wrapper.v"
    if not verilog.exists():
        raise ToolError(f"yosys ended without an error and without {verilog}")
    lines = verilog.read_text().splitlines()
    shutil.rmtree(folder)
    # The first line is yosys' own version, which is not part of what was asked for.
    kept = (line for line in lines if not line.startswith("/* Generated by"))
    return quiet("\n".join(kept).strip() + "\n", "WIDTHEXPAND")


def _check(name: str, levels_per_stage: Spacing) -> None:
    """Refuse before there is a component, because Amaranth warns of those that go unused."""
    if isinstance(levels_per_stage, int):
        Stages(0, levels_per_stage)
    if not NAME.fullmatch(name):
        raise UsageError(
            f"A module name must be letters, digits and _, and begin with no digit, not {name!r}"
        )
    if name.lower() in KEYWORDS:
        raise UsageError(f"A module name must be no keyword of Verilog or VHDL, not {name!r}")
