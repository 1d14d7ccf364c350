"""Put wires in the place of registers that only delay, checking that they do."""

from collections.abc import Sequence

import numpy as np

from lgn_hw.aig import Aig
from lgn_hw.errors import CheckFailed

__all__ = ["Unrolled"]


class Unrolled:
    """The graph with wires in the place of latches; each variable knows its clock cycle.

    graph: latches count as inputs after the real ones. next_: the literals that they take.
    inputs: which inputs are a sample's bits. zeros: those that are held at 0. results: literals.

    Raises CheckFailed where a result depends on another input, on itself, or on two cycles at once.
    """

    def __init__(
        self,
        graph: Aig,
        next_: Sequence[int],
        *,
        inputs: Sequence[int],
        zeros: Sequence[int],
        results: Sequence[int],
    ) -> None:
        self._graph, self._next, self._results = graph, next_, results
        self._first_latch = 1 + graph.num_inputs - len(next_)
        self._inputs = [1 + index for index in inputs]
        # Cycle -1: a constant, which is the same in all.
        self._cycle = {0: -1} | {1 + index: -1 for index in zeros}
        self._cycle |= dict.fromkeys(self._inputs, 0)
        self._ands = graph.ands.tolist()
        self._order: list[int] = []
        self._visit([literal >> 1 for literal in results])

    def check_latency(self, latency: int) -> None:
        """Raise CheckFailed where a bit of the result is not of the sample `latency` cycles ago."""
        for literal in self._results:
            if self._cycle[literal >> 1] not in (-1, latency):
                raise CheckFailed(
                    f"Every bit of a result must come {latency} cycles after its sample, as valid"
                    f" does, not {self._cycle[literal >> 1]}"
                )

    def function(self) -> Aig:
        """Return the results as a function of the sample's bits."""
        literal = dict.fromkeys([v for v, cycle in self._cycle.items() if cycle == -1], 0)
        literal |= {v: 2 * (i + 1) for i, v in enumerate(self._inputs)}
        ands: list[tuple[int, int]] = []
        for variable in self._order:
            pins = [literal[lit >> 1] ^ (lit & 1) for lit in self._pins(variable)]
            if len(pins) == 1:
                literal[variable] = pins[0]
            else:
                ands.append((pins[0], pins[1]))
                literal[variable] = 2 * (len(self._inputs) + len(ands))
        outputs = [literal[lit >> 1] ^ (lit & 1) for lit in self._results]
        pairs = np.array(ands, np.int64).reshape(-1, 2)
        return Aig(len(self._inputs), pairs, np.array(outputs, np.int64))

    def _pins(self, variable: int) -> list[int]:
        """Return the literals that a latch or an AND reads; refuse inputs that are no sample's."""
        if variable >= self._graph.first_and:
            return list(self._ands[variable - self._graph.first_and])
        if variable < self._first_latch:
            raise CheckFailed("A result must depend on nothing but the bits of its own sample")
        return [self._next[variable - self._first_latch]]

    def _visit(self, roots: list[int]) -> None:
        """Order what the roots depend on, and give each variable its cycle; no recursion."""
        under_way: set[int] = set()
        stack = list(roots)
        while stack:
            variable = stack[-1]
            if variable in self._cycle:
                stack.pop()
                continue
            pins = [literal >> 1 for literal in self._pins(variable)]
            missing = [pin for pin in pins if pin not in self._cycle]
            if not missing:
                self._settle(variable, pins)
            elif variable in under_way:
                raise CheckFailed("A result must not depend on itself; the core has a loop")
            else:
                under_way.add(variable)
                stack += missing

    def _settle(self, variable: int, pins: list[int]) -> None:
        cycles = {self._cycle[pin] for pin in pins} - {-1}
        if len(cycles) > 1:
            raise CheckFailed(
                f"A gate must join bits of one sample, not of {max(cycles) - min(cycles)} cycles"
                " apart"
            )
        passed = len(pins) == 1 and variable < self._graph.first_and
        self._cycle[variable] = cycles.pop() + passed if cycles else -1
        self._order.append(variable)
