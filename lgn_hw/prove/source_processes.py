"""Rules for processes: clocked ones assign with `<=`; those under `@*` always give a value.

Two traps of Verilog are refused here: a blocking assignment in a clocked process, whose value
depends on the order in which a simulator runs processes, and a variable under `@*` that keeps its
old value on some path, which synthesis turns into a latch or forgets.
"""

from collections.abc import Iterator
from typing import Any

from pyslang import syntax

__all__ = ["NAMES", "Found", "Kind", "nodes_of", "process_faults"]

Found = Iterator[tuple[Any, str]]  # a node of slang's syntax tree, and what is wrong with it
Kind = syntax.SyntaxKind
NAMES = (Kind.IdentifierName, Kind.IdentifierSelectName)
EDGE = "a process must wait for one clock's rising edge, or for `@*`"


def process_faults(node: Any) -> Found:
    """Yield what is refused in an `always`.

    node: of an `always`. Two forms pass: `@(posedge NAME)` and `@*`; both are what synthesis
    expects.
    """
    timed = node.statement
    if timed.kind != Kind.TimingControlStatement:
        yield node, EDGE
    elif timed.timingControl.kind == Kind.ImplicitEventControl:
        yield from _combinational(timed.statement)
    elif timed.timingControl.kind == Kind.EventControlWithExpression:
        yield from _clocked(timed)
    if any(inner.kind == Kind.TimingControlStatement for inner in nodes_of(timed.statement)):
        yield node, "a process must wait once, at its beginning"


def nodes_of(root: Any) -> list[Any]:
    """Return a node and all nodes below it."""
    found: list[Any] = []

    def visit(node: Any) -> None:
        if isinstance(node, syntax.SyntaxNode):
            found.append(node)

    root.visit(visit)
    return found


def _clocked(timed: Any) -> Found:
    """Check that a process waits for one rising edge, and assigns with `<=` only.

    timed: the statement with its event. A negative edge, two events or an expression are refused:
    the proof takes every register to have the same rising edge.
    """
    event = timed.timingControl.expr
    while event.kind == Kind.ParenthesizedEventExpression:
        event = event.expr
    is_edge = event.kind == Kind.SignalEventExpression and event.edge.valueText == "posedge"
    if not is_edge or event.expr.kind != Kind.IdentifierName:
        yield timed, EDGE
    for inner in nodes_of(timed.statement):
        if inner.kind == Kind.AssignmentExpression:
            yield (
                inner,
                f"`{str(inner.left).strip()}` is assigned with `=` in a clocked process, which"
                " races with its readers in a simulator; write `<=`",
            )


def _combinational(statement: Any) -> Found:
    """Check that every variable gets a value first, and that none of them is read.

    Assigning a whole value first is what makes a latch impossible, whatever the branches behind it
    do; reading an own target would let the order of statements decide.
    """
    block = statement.kind == Kind.SequentialBlockStatement
    whole, targets, places = set[str](), set[str](), list[Any]()
    for item in statement.items if block else (statement,):
        assigned = item.kind == Kind.ExpressionStatement and (
            item.expr.kind == Kind.AssignmentExpression
        )
        if assigned and item.expr.left.kind == Kind.IdentifierName:
            whole.add(_name(item.expr.left))
        for inner in nodes_of(item):
            if inner.kind == Kind.NonblockingAssignmentExpression:
                yield inner, "`<=` belongs into a clocked process, not under `@*`"
            elif inner.kind == Kind.AssignmentExpression:
                targets.add(_name(inner.left))
                places.append(inner.left)
                if _name(inner.left) not in whole:
                    yield (
                        inner,
                        f"`{_name(inner.left)}` must get a whole value at the beginning of its"
                        " process; else it is a latch",
                    )
    names = [inner for inner in nodes_of(statement) if inner.kind in NAMES]
    for name in names:
        if _name(name) in targets and name not in places:
            yield name, f"`{_name(name)}` is read in the process under `@*` that assigns it"
    # A simulator wakes `@*` when something that it reads changes; parameters never do.
    fixed = _parameters_around(statement)
    if all(_name(name) in targets | fixed for name in names):
        yield statement, "a process under `@*` that reads nothing never runs in a simulator"


def _parameters_around(node: Any) -> set[str]:
    """Return the names of the parameters of a node's module, which never change."""
    while node.kind != Kind.ModuleDeclaration:
        node = node.parent
    inside = [inner for inner in nodes_of(node) if inner.kind == Kind.ParameterDeclaration]
    return {
        str(name.name.valueText) for declared in inside for name in declared.declarators
        if name is not None and hasattr(name, "name")
    }  # fmt: skip


def _name(node: Any) -> str:
    """Return the name that an expression reads or assigns, else its text."""
    return str(node.identifier.valueText) if node.kind in NAMES else str(node).strip()
