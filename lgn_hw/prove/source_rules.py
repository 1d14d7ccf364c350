"""Refuse Verilog that simulators and synthesis may understand differently, line by line.

A proof is about what yosys reads. It says something of a simulation only where the text leaves a
simulator no other reading. So this is a closed world: what is not ALLOWED, or breaks one of the
rules below, is refused, whether or not it would do harm. The parser is slang. Rules for processes
are in source_processes; for what only the elaborated design shows, in source_check.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from lgn_hw.prove.source_processes import NAMES, Found, Kind, nodes_of, process_faults

__all__ = ["Fault", "source_faults"]


@dataclass(frozen=True, order=True)
class Fault:
    """A line, from 1, and what is wrong there."""

    line: int
    what: str


ALLOWED = """
CompilationUnit ModuleDeclaration ModuleHeader AnsiPortList NonAnsiPortList ImplicitAnsiPort
ImplicitNonAnsiPort EmptyNonAnsiPort PortReference PortDeclaration VariablePortHeader NetPortHeader
ImplicitType RegType VariableDimension RangeDimensionSpecifier
ParameterPortList ParameterDeclaration ParameterDeclarationStatement ParameterValueAssignment
OrderedParamAssignment NamedParamAssignment
NetDeclaration DataDeclaration Declarator EqualsValueClause ContinuousAssign
HierarchyInstantiation HierarchicalInstance InstanceName
NamedPortConnection OrderedPortConnection EmptyPortConnection SimplePropertyExpr SimpleSequenceExpr
AttributeInstance AttributeSpec StringLiteralExpression
AlwaysBlock TimingControlStatement EventControlWithExpression ParenthesizedEventExpression
SignalEventExpression ImplicitEventControl
SequentialBlockStatement ExpressionStatement EmptyStatement ConditionalStatement ElseClause
ConditionalPredicate ConditionalPattern CaseStatement StandardCaseItem DefaultCaseItem
AssignmentExpression NonblockingAssignmentExpression
IdentifierName IdentifierSelectName ElementSelect BitSelect SimpleRangeSelect
IntegerLiteralExpression IntegerVectorExpression ParenthesizedExpression
ConcatenationExpression MultipleConcatenationExpression ConditionalExpression
InvocationExpression SystemName ArgumentList OrderedArgument
UnaryBitwiseNotExpression UnaryBitwiseAndExpression UnaryBitwiseOrExpression
UnaryBitwiseXorExpression UnaryBitwiseNandExpression UnaryBitwiseNorExpression
UnaryBitwiseXnorExpression UnaryLogicalNotExpression UnaryMinusExpression UnaryPlusExpression
BinaryAndExpression BinaryOrExpression BinaryXorExpression BinaryXnorExpression
LogicalAndExpression LogicalOrExpression EqualityExpression InequalityExpression
LessThanExpression LessThanEqualExpression GreaterThanExpression GreaterThanEqualExpression
AddExpression SubtractExpression MultiplyExpression
LogicalShiftLeftExpression LogicalShiftRightExpression
"""
EDGE = "a process must wait for one clock's rising edge, or for `@*`"
OUTER = "an assignment that goes on from within a process is refused"
WHY = {
    "InitialBlock": "an initial block acts at the start of a simulation only",
    "FinalBlock": "a final block acts at the end of a simulation only",
    "AlwaysLatchBlock": "a latch is no register",
    "DelayControl": "synthesis leaves delays out",
    "Delay3": "synthesis leaves delays out",
    "DefParam": "defparam changes a parameter from elsewhere; give it at the instance",
    "ProceduralForceStatement": "synthesis leaves `force` out",
    "ProceduralReleaseStatement": "synthesis leaves `release` out",
    "ProceduralAssignStatement": OUTER,
    "ProceduralDeassignStatement": OUTER,
    "CaseEqualityExpression": "`===` tells x and z apart, which synthesis cannot",
    "CaseInequalityExpression": "`!==` tells x and z apart, which synthesis cannot",
    "WildcardEqualityExpression": "`==?` takes x and z for any value",
    "WildcardInequalityExpression": "`!=?` takes x and z for any value",
    "DriveStrength": "synthesis leaves strengths out",
    "ChargeStrength": "synthesis leaves strengths out",
    "PullStrength": "synthesis leaves strengths out",
    "PrimitiveInstantiation": "a gate primitive is refused; write an operator",
    "FunctionDeclaration": "a function is refused; write its expression",
    "TaskDeclaration": "a task is refused; write what it does",
    "DivideExpression": "a division by zero is x in a simulator only",
    "ModExpression": "a division by zero is x in a simulator only",
    "PowerExpression": "a power can be x in a simulator only",
    "ScopedName": "a name reaches into another module",
    "BinaryEventExpression": EDGE,
    "EventControl": EDGE,
    "IffEventClause": EDGE,
}
# They say which names stay, or what is there before the first reset; or nothing at all.
ATTRIBUTES = {
    "src", "generator", "top", "hdlname", "keep", "keep_hierarchy", "module_not_derived", "init",
    "cells_not_processed", "unused_bits", "dont_touch", "amaranth.hierarchy", "amaranth.decoding",
    "force_downto",
}  # fmt: skip
FUNCTIONS = {"$signed", "$unsigned"}
DIRECTIVES = {"timescale", "default_nettype", "resetall", "celldefine", "endcelldefine"}
# Comments that Synopsys, Xilinx, Altera, Verilator and others read: translate_off and the like make
# synthesis see another text than a simulator.
PRAGMA = re.compile(
    r"(?://|/\*)\s*(synopsys|synthesis|pragma|verilator|rtl_synthesis|cadence|ambit|xilinx|altera"
    r"|exemplar|lint|vcs|slang|\$s|@)\b"
)
# Verilator's switches for its warnings change nothing but what it prints.
WARNINGS = re.compile(r"(?://|/\*)\s*verilator lint_(on|off|save|restore)( [A-Z]+)?\s*(\*/)?$")
# Comments, strings and escaped names first, so that a backtick within one is no directive.
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\\\S+|`\s*\w*', re.DOTALL)
UNKNOWN = re.compile(r"[xX]")
LONE_RETURN = re.compile(r"\r(?!\n)")
HIGH_IMPEDANCE = re.compile(r"[zZ?]")


def source_faults(text: str, tree: Any) -> list[Fault]:
    """Return what is refused in a file's text, of which tree is slang's SyntaxTree, by line.

    The handlers are called by kind of node: those that are not ALLOWED are refused as such, those
    of CHECKS by their own rule. Each line is told once for each fault.
    """
    faults = {*_comments_and_directives(text)}

    def visited(check: Callable[[Any], Found], node: Any) -> None:
        for place, what in check(node):
            line = tree.sourceManager.getLineNumber(place.sourceRange.start)
            # A set: slang may visit one node twice, as part of two lists.
            faults.add(Fault(line, what))

    allowed = {*ALLOWED.split()}
    kinds = [name for name in dir(Kind) if isinstance(getattr(Kind, name), Kind)]
    handlers = {
        getattr(Kind, name): partial(visited, partial(_refused, name))
        for name in kinds
        if name not in allowed
    }
    handlers |= {getattr(Kind, name): partial(visited, check) for name, check in CHECKS.items()}
    tree.root.visit(lookup_table=handlers)
    return sorted(faults)


def _comments_and_directives(text: str) -> Iterator[Fault]:
    """Find comments that tools take as commands, and what a preprocessor may change."""
    for found in LONE_RETURN.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Fault(
            line, "a carriage return alone ends a line for some tools only; write a newline"
        )
    for found in TOKEN.finditer(text):
        token, what = found[0], ""
        if token.startswith("/") and PRAGMA.match(token) and not WARNINGS.match(token):
            what = f"tools take the comment {token.splitlines()[0]!r} as a command"
        elif token.startswith("`") and token[1:].strip() not in DIRECTIVES:
            what = f"the directive {token!r} is refused; what it does depends on the tool"
        if what:
            yield Fault(text.count("\n", 0, found.start()) + 1, what)


def _refused(kind: str, node: Any) -> Found:
    """Refuse a construct that is not ALLOWED, with the reason where there is a known one."""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower()
    yield node, WHY.get(kind, f"tools may read a construct ({words}) differently; it is refused")


def _attribute(node: Any) -> Found:
    """Refuse attributes that a tool may obey."""
    name = node.name.valueText
    if name not in ATTRIBUTES:
        yield node, f"the attribute {name!r} may change what synthesis makes of it"


def _net(node: Any) -> Found:
    """Refuse nets that resolve several drivers, or keep a value."""
    if node.netType.valueText != "wire":
        yield node, f"a net must be a wire, not {node.netType.valueText}"


def _module(node: Any) -> Found:
    """Refuse interfaces, programs and packages."""
    word = node.header.moduleKeyword.valueText
    if word != "module":
        yield node, f"a file must hold modules, not a {word}"


def _port(node: Any) -> Found:
    """Refuse ports that go both ways."""
    # Empty where a port takes the direction of the one before it.
    direction = node.direction.valueText
    if direction and direction not in ("input", "output"):
        yield node, f"a port must be an input or an output, not {direction}"
    if node.kind == Kind.NetPortHeader:
        yield from _net(node)


def _dimension(node: Any) -> Found:
    """Refuse memories and vectors of vectors."""
    # Dimensions before the name are bits of one word; those behind it count words of a memory.
    packed = node.parent.kind in (Kind.ImplicitType, Kind.RegType)
    if not packed or len(list(node.parent.dimensions)) > 1:
        yield node, "an array is refused; a memory is no register of a pipeline"


def _bounds(node: Any) -> Found:
    """Refuse [0:3], whose order the attribute force_downto turns for synthesis only."""
    low, high = (str(side).strip() for side in (node.left, node.right))
    if low.isdecimal() and high.isdecimal() and int(low) < int(high):
        yield node, f"a vector must be written [{high}:{low}], its highest bit first"


def _system(node: Any) -> Found:
    """Refuse system functions but conversions of sign."""
    name = node.systemIdentifier.valueText
    if name not in FUNCTIONS:
        yield node, f"{name} is refused; a simulator and synthesis may differ in it"


def _literal(node: Any) -> Found:
    """Refuse z everywhere, and x where anything is computed with it.

    An x that is only passed on is a value for "not cared about", which setundef finds again in the
    netlist, with all that reads it.
    """
    text = "".join(token.rawText for token in (node.size, node.base, node.value))
    if HIGH_IMPEDANCE.search(text):
        yield node, f"{text} is z, which a circuit does not compute with"
    elif UNKNOWN.search(text) and not _only_passed_on(node):
        yield node, f"{text} is x here, which simulators and synthesis treat differently"


PASSING_ON = (
    Kind.ConcatenationExpression,
    Kind.MultipleConcatenationExpression,
    Kind.ParenthesizedExpression,
    Kind.SimplePropertyExpr,
    Kind.SimpleSequenceExpr,
)
TAKING = (Kind.EqualsValueClause, Kind.NamedPortConnection, Kind.OrderedPortConnection)


def _only_passed_on(node: Any) -> bool:
    """Say whether a literal is the value of bits as it stands; who reads them is found later."""
    child, parent = node, node.parent
    while parent.kind in PASSING_ON:
        child, parent = parent, parent.parent
    assigned = parent.kind == Kind.AssignmentExpression and child != parent.left
    return parent.kind in TAKING or (assigned and parent.parent.kind == Kind.ContinuousAssign)


def _case(node: Any) -> Found:
    """Refuse casez and casex."""
    word = node.caseKeyword.valueText
    if word != "case":
        yield node, f"{word} takes x or z for any value; write `case`"
    yield from _choice(node)


def _choice(node: Any) -> Found:
    """Refuse `unique` and `priority`."""
    word = node.uniqueOrPriority.valueText
    if word:
        yield node, f"{word} lets synthesis leave cases out"


def _select(node: Any) -> Found:
    """Refuse indices that are not constant."""
    if any(inner.kind in NAMES for inner in nodes_of(node.expr)):
        yield node, "an index must be a constant; beyond the vector it is x in a simulator only"


CHECKS: dict[str, Callable[[Any], Found]] = {
    "AttributeSpec": _attribute,
    "NetDeclaration": _net,
    "ModuleDeclaration": _module,
    "VariablePortHeader": _port,
    "NetPortHeader": _port,
    "VariableDimension": _dimension,
    "SimpleRangeSelect": _bounds,
    "SystemName": _system,
    "IntegerVectorExpression": _literal,
    "CaseStatement": _case,
    "ConditionalStatement": _choice,
    "BitSelect": _select,
    "AlwaysBlock": process_faults,
}
