"""The engine's program as arrays: what C on other machines runs; and a netlist again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist

__all__ = ["Program"]

THREE = 16  # functions from here on are tables of three inputs, others of two
NOT = 1  # a table of one input


@dataclass(frozen=True, eq=False)
class Program:
    """Hold what a classifier computes, instruction by instruction, on numbered slots.

    First slot i becomes `x[feature[i]] > threshold[i]`. Then run r, count[r] instructions, computes
    function[r]: a truth table of two inputs, or 16 + one of three. Its instructions follow each
    other in code: the slots read, then the slot written. At last a class has constant[c] votes,
    one for each 1 in the slots votes[first[c]:inverted[c]], and one for each 0 in those of
    votes[inverted[c]:first[c + 1]].

    output: for each output of the netlist 2 * (1 + slot), and 1 more where the slot holds its
    complement; 0 and 1 are constants.
    """

    slots: int
    function: NDArray[np.integer]
    count: NDArray[np.integer]
    code: NDArray[np.integer]
    feature: NDArray[np.integer]
    threshold: NDArray[np.integer]
    votes: NDArray[np.integer]
    first: NDArray[np.integer]
    inverted: NDArray[np.integer]
    constant: NDArray[np.integer]
    output: NDArray[np.integer]

    @property
    def num_bits(self) -> int:
        """How many encoder bits the program compares."""
        return len(self.feature)

    def netlist(self) -> Netlist:
        """Return the netlist that the instructions compute, with the outputs that output names."""
        # Slots are used again once nobody reads their value, nets never are: this says which net a
        # slot holds at the moment.
        net_of = np.zeros(self.slots, np.int64)
        net_of[: self.num_bits] = FIRST_INPUT + np.arange(self.num_bits)
        net = FIRST_INPUT + self.num_bits
        fanin: list[list[int]] = []
        table: list[int] = []
        place, code = 0, self.code.tolist()
        for function, count in zip(self.function.tolist(), self.count.tolist(), strict=True):
            pins = 2 if function < THREE else 3
            for _ in range(count):
                read = net_of[code[place : place + pins]].tolist()
                net_of[code[place + pins]] = net
                fanin.append(read + [0] * (MAX_FANIN - pins))
                table.append(function % THREE if pins == 2 else function - THREE)
                place, net = place + pins + 1, net + 1
        outputs = []
        for literal in self.output.tolist():
            of = int(net_of[literal // 2 - 1]) if literal > 1 else literal
            if literal > 1 and literal % 2:
                fanin.append([of] + [0] * (MAX_FANIN - 1))
                table.append(NOT)
                of, net = net, net + 1
            outputs.append(of)
        rows = np.array(fanin, np.int32).reshape(-1, MAX_FANIN)
        return Netlist(self.num_bits, rows, np.array(table, np.uint64), np.array(outputs, np.int32))

    def votes_of(self, c: int) -> tuple[int, list[int], list[int]]:
        """Return a class's constant votes, and the slots that vote with 1 and with 0, sorted."""
        first, middle, last = self.first[c], self.inverted[c], self.first[c + 1]
        ones, zeros = self.votes[first:middle], self.votes[middle:last]
        return int(self.constant[c]), sorted(ones.tolist()), sorted(zeros.tolist())

    def counts_outputs(self, group: NDArray[np.integer]) -> bool:
        """Return whether the votes are those of the outputs, which vote for the classes group."""
        for c in range(len(self.constant)):
            of = self.output[group == c].tolist()
            ones = sorted(x // 2 - 1 for x in of if x > 1 and x % 2 == 0)
            zeros = sorted(x // 2 - 1 for x in of if x > 1 and x % 2)
            if self.votes_of(c) != (of.count(1), ones, zeros):
                return False
        return True
