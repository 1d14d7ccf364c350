"""SAT sweeping: equality of two netlists shown node by node, from the inputs upwards.

The method is that of Kuehlmann and Krohm ("Equivalence checking using cuts and heaps", 1997) and of
FRAIGs (Mishchenko et al. 2005), with truth tables of small windows in the place of a SAT solver.

A solver that is given two large trees of counters has to find out which values they share, and
XORs keep it from proving one of them before the next. Here simulation says which nodes may be
equal, and truth tables over a few nets below them prove it, from the inputs upwards. So the time
grows with the number of nodes. What is not proven so is no verdict: it is left to the solver.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.evaluate import evaluate

__all__ = ["equal_by_sweeping"]

# Nets that a proof of one node may read, and steps down to them that it may take; its truth tables
# have 2**NETS entries.
NETS, STEPS = 12, 4
CANDIDATES = 8  # equal in simulation, of which one may be equal


def equal_by_sweeping(a: Netlist, b: Netlist, samples: NDArray[np.bool_]) -> bool:
    """Say whether two netlists were proven equal; False says nothing.

    a, b: with equally many inputs and outputs. samples: bool[samples, inputs], which should make
    every net take both values; they decide what is tried, not what is true.
    """
    if (a.num_inputs, a.num_outputs) != (b.num_inputs, b.num_outputs):
        return False
    both = _side_by_side(a, b)
    literals = _Sweep(both, _signatures(both, samples)).literals
    half = both.num_outputs // 2
    ends = [literals[net] for net in both.outputs.tolist()]
    return ends[:half] == ends[half:]


def _side_by_side(a: Netlist, b: Netlist) -> Netlist:
    """Return one netlist with the nodes and outputs of b, then those of a.

    Inputs are shared. b comes first, so that what is found for a node of a is a node of b where one
    is equal.
    """
    nets = np.arange(a.num_nets, dtype=np.int32)
    nets[a.first_node :] += b.num_nodes
    return Netlist(
        a.num_inputs,
        np.concatenate([b.fanin, nets[a.fanin]]),
        np.concatenate([b.table, a.table]),
        np.concatenate([b.outputs, nets[a.outputs]]),
    )


def _signatures(netlist: Netlist, samples: NDArray[np.bool_]) -> list[tuple[bytes, bool]]:
    """Return for each net its values, inverted where the first is one, and whether they are.

    The values are packed, 8 samples in a byte. Inverting by the first sample gives a net and its
    inverse one signature.
    """
    nets = np.arange(netlist.num_nets, dtype=np.int32)
    values = evaluate(Netlist(netlist.num_inputs, netlist.fanin, netlist.table, nets), samples)
    inverse = values[0].copy()
    packed = np.packbits(values ^ inverse, axis=0).T.copy()
    return [(row.tobytes(), flag) for row, flag in zip(packed, inverse.tolist(), strict=True)]


class _Sweep:
    """Find for each net the first one that it is proven equal to.

    literals: for each net 2 * that net, plus 1 where it is the inverse.
    """

    def __init__(self, netlist: Netlist, signatures: Sequence[tuple[bytes, bool]]) -> None:
        self.first = netlist.first_node
        arities, tables = netlist.arity.tolist(), netlist.table.tolist()
        # Of a counter's pins its lowest bit needs some only; to follow all would lead far down.
        self.fanin, self.table = list[list[int]](), list[int]()
        for fanin, arity, table in zip(netlist.fanin.tolist(), arities, tables, strict=True):
            pins, needed = _needed(table, arity)
            self.fanin.append([fanin[pin] for pin in pins])
            self.table.append(needed)
        self.literals = [0, 1, *range(2 * FIRST_INPUT, 2 * netlist.num_nets, 2)]
        # Nets whose simulated values are equal, or inverse, have one signature: only they are
        # tried.
        alike: dict[bytes, list[int]] = {}
        for net, (signature, inverse) in enumerate(signatures):
            earlier = alike.setdefault(signature, [])
            # Nets that many others look like in simulation (constants by chance) would make this
            # quadratic.
            for other in earlier[:CANDIDATES] if net >= self.first else ():
                differ = inverse ^ signatures[other][1]
                if self._equal(net, other, differ):
                    self.literals[net] = (0 if other < FIRST_INPUT else 2 * other) ^ (
                        differ ^ (other == 1)
                    )
                    break
            else:
                earlier.append(net)

    def _equal(self, net: int, other: int, differ: bool) -> bool:
        """Prove that a node is another net, or its inverse, over nets one, two, ... steps below."""
        leaves = self._below([net])
        for _ in range(STEPS):
            found = self._functions(net, other, leaves)
            if found is not None and found[0] ^ found[1] == (found[2] if differ else 0):
                return True
            # Two functions of the same few nets may be equal although those nets are not free:
            # going a step further down sees more of what ties them together.
            wider = self._below(leaves)
            if len(wider) > NETS or wider == leaves:
                return False
            leaves = wider
        return False

    def _below(self, nets: Sequence[int]) -> list[int]:
        """Return what some nets read, each as the first net that it equals; inputs stay."""
        read = {
            self.literals[pin] >> 1
            for net in nets
            for pin in (self.fanin[net - self.first] if net >= self.first else (net,))
        }
        return sorted(net for net in read if net >= FIRST_INPUT)

    def _functions(
        self, net: int, other: int, leaves: Sequence[int]
    ) -> tuple[int, int, int] | None:
        """Return both truth tables and that of one, or None where they read too many nets.

        The variables are leaves, and inputs that are met without meeting these.

        Truth tables are integers of 2**variables bits; `known` begins with the constants and the
        leaves.
        """
        variables = sorted({*leaves, *self._inputs([net, other], set(leaves))})
        if len(variables) > NETS:
            return None
        ones = (1 << (1 << len(variables))) - 1
        known = {0: 0, 1: ones}
        known |= {leaf: _variable(i, len(variables)) for i, leaf in enumerate(variables)}
        return self._value(net, known, ones), self._value(other, known, ones), ones

    def _inputs(self, roots: Sequence[int], stop: set[int]) -> set[int]:
        """Return the inputs below some nets that are not below others; some only if too many."""
        waiting, seen, found = list(roots), set(stop), set[int]()
        while waiting and len(found) <= NETS:
            net = waiting.pop()
            if net in seen or net < FIRST_INPUT:
                continue
            seen.add(net)
            if net < self.first:
                found.add(net)
            else:
                waiting += [self.literals[pin] >> 1 for pin in self.fanin[net - self.first]]
        return found

    def _value(self, root: int, known: dict[int, int], ones: int) -> int:
        """Return a net's truth table over what is known; everything below it becomes known.

        Walks with a stack, as far down as `known` goes; variables are among it, so that the walk
        ends.
        """
        waiting = [root]
        while waiting:
            net = waiting[-1]
            if net in known:
                waiting.pop()
                continue
            literals = [self.literals[pin] for pin in self.fanin[net - self.first]]
            missing = [literal >> 1 for literal in literals if literal >> 1 not in known]
            if missing:
                waiting += missing
                continue
            pins = [known[literal >> 1] ^ (ones if literal & 1 else 0) for literal in literals]
            known[net] = _composed(self.table[net - self.first], pins, ones)
        return known[root]


@cache
def _needed(table: int, arity: int) -> tuple[list[int], int]:
    """Return the pins that a table depends on, and the table over these."""
    pins = list(range(arity))
    for pin in reversed(range(arity)):
        run = 1 << pin
        # The table as runs in which the pin is 0, 1, 0, 1, ...: equal neighbours mean that it is
        # not read.
        parts = [table >> at & (1 << run) - 1 for at in range(0, 1 << len(pins), run)]
        if parts[::2] == parts[1::2]:
            pins.remove(pin)
            table = sum(part << i * run for i, part in enumerate(parts[::2]))
    return pins, table


@cache
def _variable(number: int, count: int) -> int:
    """Return the truth table of a variable: entry i is bit `number` of i."""
    run = 1 << number
    block = ((1 << run) - 1) << run
    return sum(block << at for at in range(0, 1 << count, 2 * run))


def _composed(table: int, pins: Sequence[int], ones: int) -> int:
    """Return the truth table of a node whose pins have truth tables.

    table: of the node, entry e in bit e. pins: truth tables, input 0 first. Shannon's expansion at
    the last pin, whose operations are on integers of 2**NETS bits at most.
    """
    if not pins:
        return ones if table & 1 else 0
    half = 1 << len(pins) - 1
    low, high = table & (1 << half) - 1, table >> half & (1 << half) - 1
    zero = _composed(low, pins[:-1], ones)
    if low == high:
        return zero
    one = _composed(high, pins[:-1], ones)
    return zero ^ (pins[-1] & (zero ^ one))
