"""Nodes as gates of two inputs: Shannon's expansion at the input that arrives last."""

from collections.abc import Sequence

from lgn_hw.netlist import Netlist
from lgn_hw.netlist.builder import ONE, ZERO, Builder, table_of
from lgn_hw.passes.simplify import simplify

__all__ = ["AND", "OR", "XOR", "two_input_netlist"]

AND = table_of(lambda a, b: a & b, 2)
OR = table_of(lambda a, b: a | b, 2)
XOR = table_of(lambda a, b: a ^ b, 2)


def two_input_netlist(netlist: Netlist) -> Netlist:
    """Return the same function of nodes with one or two inputs.

    A node of more inputs is expanded at the latest of them first, which then passes the fewest
    gates; equal gates are built once.
    """
    gates = _Gates(netlist.num_inputs)
    literals = [ZERO, ONE, *gates.builder.inputs]
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for fanin, arity, table in rows:
        pins = [literals[net] for net in fanin[:arity]]
        literals.append(gates.expanded(table, pins))
    return simplify(gates.builder.netlist([literals[net] for net in netlist.outputs.tolist()]))


class _Gates:
    """Build gates, each once, and know how many of them lie before each."""

    def __init__(self, num_inputs: int) -> None:
        self.builder = Builder(num_inputs)
        self._known: dict[tuple[int, int, int], int] = {}
        self._arrival: dict[int, int] = {}

    def expanded(self, table: int, pins: Sequence[int]) -> int:
        """Return the literal of a table of some literals, pin 0 lowest."""
        full = (1 << (1 << len(pins))) - 1
        if table in (0, full):
            return ONE if table else ZERO
        # The latest input is expanded last, so that it passes one gate or two.
        order = sorted(range(len(pins)), key=lambda pin: (self._at(pins[pin]), pin))
        return self._split(_permuted(table, order), [pins[pin] for pin in order])

    def _split(self, table: int, pins: list[int]) -> int:
        """Expand at the last pin."""
        half = 1 << (len(pins) - 1)
        full = (1 << half) - 1
        low, high, last, rest = table & full, table >> half, pins[-1], pins[:-1]
        if (low, high) in ((0, full), (full, 0)):
            return last ^ (low == full)
        if low == high:
            return self._split(low, rest)
        if low == high ^ full:
            return self._gate(XOR, self._split(low, rest), last)
        if low in (0, full):
            part = self._split(high, rest)
            return self._gate(OR, part, last ^ 1) if low else self._gate(AND, part, last)
        if high in (0, full):
            part = self._split(low, rest)
            return self._gate(OR, part, last) if high else self._gate(AND, part, last ^ 1)
        zero, one = self._split(low, rest), self._split(high, rest)
        # The lower half implies the upper one: one AND less than a multiplexer.
        if low & high == low:
            return self._gate(OR, zero, self._gate(AND, one, last))
        if low & high == high:
            return self._gate(OR, one, self._gate(AND, zero, last ^ 1))
        return self._gate(OR, self._gate(AND, zero, last ^ 1), self._gate(AND, one, last))

    def _gate(self, table: int, a: int, b: int) -> int:
        """Return a gate of two literals that are no constants, in one order."""
        key = (table, min(a, b), max(a, b))
        if key not in self._known:
            self._known[key] = made = self.builder.node(table, key[1:])
            self._arrival[made] = 1 + max(self._at(a), self._at(b))
        return self._known[key]

    def _at(self, literal: int) -> int:
        """Return how many gates lie before a literal."""
        return self._arrival.get(literal & ~1, 0)


def _permuted(table: int, order: Sequence[int]) -> int:
    """Return the table whose pin i is pin order[i] of the one that is given."""
    return sum(
        (table >> sum((entry >> i & 1) << pin for i, pin in enumerate(order)) & 1) << entry
        for entry in range(1 << len(order))
    )
