"""Count votes with full adders of two-input gates, as standard cells have them; for ASICs."""

import heapq
from collections.abc import Sequence
from itertools import count

from lgn_hw.circuit.heads.head import Head
from lgn_hw.circuit.two_input import AND, OR, XOR, two_input_netlist
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.builder import ZERO
from lgn_hw.passes.dead import remove_dead_nodes

__all__ = ["GateTree"]

LUT_SIZE = 2
BUFFER = 0b10
# The arrival of a full adder's outputs behind its inputs, in gates: the late input goes past one
# XOR for the sum and past AND and OR for the carry, the others past one XOR more.
EARLY, LATE_SUM, LATE_CARRY = 1, 1, 2


class GateTree(Head):
    """Count with full adders, weight by weight, the earliest three bits first.

    Which bits are added next is decided by when they arrive (Oklobdzija, Villeger and Liu, "A
    method for speed optimized partial product reduction", 1996); the latest of the three is the
    carry, which has the shortest way. A weight takes a half adder only where two bits are left, so
    that there are as few adders as can be: each full adder removes a bit. Two full adders, one
    behind the other, are a 4:2 compressor.

    Every node has one or two inputs. The sum and the carry of an adder share their first XOR, as
    in the full adder of a library of standard cells, which `lgn synth --liberty` finds again.
    """

    lut_sizes = (LUT_SIZE,)

    def logic(self, netlist: Netlist) -> Netlist:
        """Return the gates of a classifier as gates of two inputs."""
        return two_input_netlist(remove_dead_nodes(netlist))

    def _count(self, bits: Sequence[tuple[int, int]], highest: int) -> list[int]:
        """Add up weight by weight; the carries of one are bits of the next."""
        width, order = highest.bit_length(), count()
        # (arrival, number, literal): the number breaks ties in the order of making, so that equal
        # classifiers give equal circuits.
        columns: list[list[tuple[int, int, int]]] = [[] for _ in range(width)]
        for power, literal in bits:
            columns[power].append((0, next(order), self._own_net(power, literal)))
        score = []
        for power, column in enumerate(columns):
            heapq.heapify(column)
            while len(column) > 1:
                taken = [heapq.heappop(column) for _ in range(min(3, len(column)))]
                (low, low_at), (carry, carry_at) = self._adder(power, taken, width)
                heapq.heappush(column, (low_at, next(order), low))
                # A carry beyond the highest score is 0 for every sample, and would cost gates.
                if power + 1 < width:
                    columns[power + 1].append((carry_at, next(order), carry))
            score.append(column[0][2] if column else ZERO)
        return self._padded(score)

    def _own_net(self, power: int, literal: int) -> int:
        """Return a literal that is no inverse: an inverter before the adders leaves them whole."""
        if literal == ZERO or not literal & 1:
            return literal
        net = self.builder.node(BUFFER, [literal])
        self._record([(power, literal)], [(power, net)])
        return net

    def _adder(
        self, power: int, bits: Sequence[tuple[int, int, int]], width: int
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        """Add two or three bits, the latest last; return sum and carry, each with its arrival."""
        node = self.builder.node
        pins = [literal for *_, literal in bits]
        ready = bits[1][0] + EARLY
        low, carry = node(XOR, pins[:2]), node(AND, pins[:2])
        low_at = carry_at = ready
        if len(bits) > 2:
            late = max(ready, bits[2][0])
            through = node(AND, [low, pins[2]])
            low, carry = node(XOR, [low, pins[2]]), node(OR, [carry, through])
            low_at, carry_at = late + LATE_SUM, late + LATE_CARRY
        outputs = [(power, low), (power + 1, carry)]
        self._record([(power, pin) for pin in pins], outputs[: 1 + (power + 1 < width)])
        return (low, low_at), (carry, carry_at)
