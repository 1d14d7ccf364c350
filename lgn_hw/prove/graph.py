"""An and-inverter graph that grows while a circuit is played with symbols for values."""

from collections.abc import Sequence, Set

import numpy as np

from lgn_hw.netlist.aig import Aig, to_aig
from lgn_hw.netlist.netlist import Netlist

__all__ = ["Graph"]


class Graph:
    """Hold ANDs that are each made once; a literal is 2 * variable, plus 1 for its inverse.

    Literal 0 is constant 0 and literal 1 constant 1. Variables are symbols or ANDs of earlier ones.
    """

    def __init__(self) -> None:
        self.ands: list[tuple[int, int] | None] = [None]  # of each variable; None: a symbol
        self.known: dict[tuple[int, int], int] = {}

    def symbol(self) -> int:
        """Return the literal of a new symbol: any value."""
        self.ands.append(None)
        return 2 * (len(self.ands) - 1)

    def symbols(self, count: int) -> list[int]:
        """Return the literals of new symbols."""
        return [self.symbol() for _ in range(count)]

    def conjunction(self, a: int, b: int) -> int:
        """Return the literal of a & b.

        Constants and equal or opposite pins are folded, and equal ANDs shared (strash), so that two
        ways of computing the same often give the same literal and need no proof.
        """
        # One order of the pins, so that a & b and b & a are one AND.
        if a < b:
            a, b = b, a
        if b == 0 or a == b ^ 1:
            return 0
        if b == 1 or a == b:
            return a
        found = self.known.get((a, b))
        if found is None:
            self.ands.append((a, b))
            found = self.known[a, b] = 2 * (len(self.ands) - 1)
        return found

    def exclusive_or(self, a: int, b: int) -> int:
        """Return the literal of a ^ b."""
        both, none = self.conjunction(a, b), self.conjunction(a ^ 1, b ^ 1)
        return self.conjunction(both ^ 1, none ^ 1)

    def full_adder(self, a: int, b: int, carry: int) -> tuple[int, int]:
        """Return the literals of the sum and the carry of three bits, as prove.ripples has them."""
        either = self.conjunction(a ^ 1, b ^ 1) ^ 1
        on = self.conjunction(carry, either)
        after = self.conjunction(self.conjunction(a, b) ^ 1, on ^ 1) ^ 1
        return self.exclusive_or(self.exclusive_or(a, b), carry), after

    def add(self, netlist: Netlist, inputs: Sequence[int]) -> list[int]:
        """Add a netlist that reads some literals; return those of its outputs."""
        aig = to_aig(netlist)
        # By variable of the AIG: 0 the constant, then its inputs, then its ANDs as they are added.
        literal = [0, *inputs]
        for a, b in aig.ands.tolist():
            literal.append(self.conjunction(literal[a >> 1] ^ (a & 1), literal[b >> 1] ^ (b & 1)))
        return [literal[out >> 1] ^ (out & 1) for out in aig.outputs.tolist()]

    def functions(self, sides: Sequence[Sequence[int]], stops: Set[int] = frozenset()) -> list[Aig]:
        """Return groups of literals as functions of the same inputs.

        These are the symbols that they read, and variables to stop at, whatever these depend on.

        sides: groups of literals. The inputs of all functions returned are the same, in ascending
        order of their variables, so that they can be compared.
        """
        cones = [self._cone(side, stops) for side in sides]
        ends = {v for cone in cones for v in cone if v in stops or self.ands[v] is None}
        inputs = {0: 0} | {variable: index + 1 for index, variable in enumerate(sorted(ends))}
        return [self._function(side, cone, inputs) for side, cone in zip(sides, cones, strict=True)]

    def _function(self, outputs: Sequence[int], cone: list[int], inputs: dict[int, int]) -> Aig:
        """Return literals as a function of inputs, which have a place each."""
        # Variables are numbered anew: inputs first, then the ANDs of the cone in ascending order,
        # in which each reads earlier ones only.
        place, rows = dict(inputs), list[list[int]]()
        for variable in cone:
            pair = self.ands[variable]
            if variable not in inputs and pair is not None:
                place[variable] = len(inputs) + len(rows)
                rows.append([2 * place[x >> 1] + (x & 1) for x in pair])
        ends = [2 * place[out >> 1] + (out & 1) for out in outputs]
        ands = np.array(rows, np.int64).reshape(-1, 2)
        return Aig(len(inputs) - 1, ands, np.array(ends, np.int64))

    def _cone(self, outputs: Sequence[int], stops: Set[int]) -> list[int]:
        """Return the variables that literals depend on, ascending, without the constant."""
        # A search of its own and no recursion: cones are deeper than Python's stack.
        seen, front = set(), [out >> 1 for out in outputs]
        while front:
            variable = front.pop()
            if variable and variable not in seen:
                seen.add(variable)
                pair = None if variable in stops else self.ands[variable]
                if pair is not None:
                    front += (pair[0] >> 1, pair[1] >> 1)
        return sorted(seen)
