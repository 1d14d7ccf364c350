"""Refuse Verilog that simulators and synthesis read differently: its text, and its drivers.

The elaborated design is slang's, a SystemVerilog front end that reports what the language rules
leave open. A warning is a fault here unless it is known to be harmless.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyslang
from pyslang import analysis, ast, syntax

from lgn_hw.errors import CheckFailed
from lgn_hw.prove.source_rules import Fault, source_faults
from lgn_hw.tools.primitives import PRIMITIVES

__all__ = ["check_source", "module_names"]

SHOWN = 5
# Warnings about what has one meaning only: values are cut or widened as the language says.
HARMLESS = {
    "width-trunc", "width-expand", "port-width-expand-const", "empty-body", "unused-but-set",
    "constant-conversion", "vector-overflow", "missing-top", "case-type", "case-overlap",
    "empty-stmt", "dangling-else", "duplicate-attribute", "unused", "compare-const",
}  # fmt: skip
# These too where nothing is signed: operands of different widths are widened with zeros.
HARMLESS_UNSIGNED = {"arith-op-mismatch", "bitwise-op-mismatch", "comparison-mismatch"}
INITIAL = 8  # of analysis.DriverFlags


def check_source(verilog: str) -> None:
    """Raise CheckFailed with lines and reasons where a simulator may read a text otherwise.

    Read alike are combinational assignments, clocked processes of `<=` at one rising edge, and
    instances, with one driver for each bit (see source_rules and docs/passes.md).

    The message has SHOWN faults at most, those of the lowest lines. Cheap rules of the text come
    first; a text that breaks them is not elaborated.
    """
    tree = syntax.SyntaxTree.fromText(verilog, "verilog")
    faults = source_faults(verilog, tree)
    if not faults:
        faults = sorted({*_elaborated(verilog, tree)})
    if faults:
        shown = "; ".join(f"line {fault.line}: {fault.what}" for fault in faults[:SHOWN])
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise CheckFailed(f"{shown}{more}")


def module_names(verilog: str) -> list[str]:
    """Return the names of the modules of a text, in order."""
    found: list[str] = []
    tree = syntax.SyntaxTree.fromText(verilog, "verilog")

    def visit(node: Any) -> None:
        found.append(node.header.name.valueText)

    tree.root.visit(lookup_table={syntax.SyntaxKind.ModuleDeclaration: visit})
    return found


def _elaborated(verilog: str, tree: Any) -> Iterator[Fault]:
    """Yield the faults of the elaborated design: what slang warns of, and bits with two drivers."""
    compilation = ast.Compilation()
    compilation.addSyntaxTree(tree)
    library = syntax.SyntaxTree.fromText(PRIMITIVES, tree.sourceManager, "primitives")
    # A text that brings its own models of primitives must not have them twice.
    if "module CARRY4" not in verilog:
        compilation.addSyntaxTree(library)
    yield from _diagnostics(compilation.getAllDiagnostics(), tree)
    compilation.freeze()
    manager = analysis.AnalysisManager()
    manager.analyze(compilation)
    yield from _diagnostics(manager.getDiagnostics(), tree)
    values: list[Any] = []
    compilation.getRoot().visit(
        lambda symbol: values.append(symbol) if isinstance(symbol, ast.ValueSymbol) else None
    )
    for value in values:
        yield from _drivers(value, manager, tree)


def _diagnostics(found: Any, tree: Any) -> Iterator[Fault]:
    """Yield what slang says that is an error, or no harmless warning."""
    engine = pyslang.DiagnosticEngine(tree.sourceManager)
    for diagnostic in found:
        option, said = engine.getOptionName(diagnostic.code), engine.formatMessage(diagnostic)
        unsigned = option in HARMLESS_UNSIGNED and "signed" not in said
        if diagnostic.isError() or not (unsigned or option in HARMLESS):
            line = tree.sourceManager.getLineNumber(diagnostic.location)
            yield Fault(line, said.strip())


def _drivers(value: Any, manager: Any, tree: Any) -> Iterator[Fault]:
    """Find bits that two places drive; one process counts as one, and so does an initial value.

    In SystemVerilog a variable has one driver by rule and a net may have several, which a simulator
    resolves and synthesis does not: both are refused here.
    """
    is_net = value.kind == ast.SymbolKind.Net
    # Of each bit: the number of the place that drives it, and its line.
    taken: dict[int, tuple[int, int]] = {}
    by_place: dict[Any, list[tuple[Any, int]]] = defaultdict(list)
    for driver in manager.getDrivers(value):
        if not is_net and driver.flags & INITIAL:
            continue
        line = tree.sourceManager.getLineNumber(driver.sourceRange.start)
        block = driver.containingSymbol
        process = block.kind == ast.SymbolKind.ProceduralBlock
        if not (is_net or process):
            yield Fault(line, f"`{value.name}` is a reg that no process assigns; make it a wire")
            return
        place = (block.location.offset, process) if process else (len(by_place), process)
        by_place[place].append((driver.bounds, line))
    for number, drivers in enumerate(by_place.values()):
        for (low, high), line in drivers:
            for bit in range(low, high + 1):
                other, where = taken.setdefault(bit, (number, line))
                if other != number:
                    first, second = sorted((where, line))
                    yield Fault(
                        second, f"`{value.name}` has two drivers, the other one in line {first}"
                    )
                    return
