"""Put wires in the place of registers that only delay, checking that they do.

In a pipeline in which every path from sample to result passes the same registers, replacing each by
a wire changes when a result comes and not what it is. This is retiming taken to its end; the cycles
that are counted on the way are what shows that it is allowed.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import CheckFailed
from lgn_hw.netlist.aig import Aig

__all__ = ["WithoutRegisters"]

CONSTANT = -1  # the cycle of what is the same in all
NOTHING_BUT = "A result must depend on nothing but the bits of its own sample"


class WithoutRegisters:
    """A graph with wires in the place of the latches that results depend on.

    graph: latches count as inputs after the real ones. next_: the literals that they take.
    inputs: which inputs are a sample's bits; -1 for those that are none. zeros: which ones are 0
    while a sample is under way, though not when its result is there. results: literals.

    function: the results, as a function of a sample's bits.

    Raises CheckFailed where a result depends on another input, on itself, or on two cycles at once;
    or on a constant that passes more registers than the sample does, and is not there in time for
    the first one.
    """

    def __init__(
        self,
        graph: Aig,
        next_: NDArray[np.int64],
        *,
        inputs: Sequence[int],
        zeros: Sequence[int],
        results: NDArray[np.int64],
    ) -> None:
        self._graph, self._results = graph, results
        self._first_latch = graph.first_and - len(next_)
        # What each variable reads, as literals; a latch the same one twice, an input itself.
        # Latches and ANDs in one array of two pins: one walk treats both.
        self._pins = np.stack([2 * np.arange(self._first_latch)] * 2, axis=1)
        self._pins = np.concatenate([self._pins, np.stack([next_] * 2, axis=1), graph.ands])
        # For each variable, how many registers lie between it and its sample.
        self._cycle = np.full(len(self._pins), CONSTANT)
        self._literal = np.full(len(self._pins), -1)
        self._delay = np.zeros(len(self._pins), np.int64)  # of constants, in registers
        self._literal[[0, *(1 + index for index in zeros)]] = 0
        for i, index in enumerate(inputs):
            if index >= 0:
                self._cycle[1 + index], self._literal[1 + index] = 0, 2 * (i + 1)
        self._check_results(zeros)
        self.function = self._function(len(inputs))

    def check_latency(self, latency: int) -> None:
        """Raise CheckFailed where a bit of the result is not of the sample `latency` cycles ago."""
        cycles = self._cycle[self._results >> 1]
        wrong = cycles[(cycles != CONSTANT) & (cycles != latency)]
        if len(wrong):
            raise CheckFailed(
                f"Every bit of a result must come {latency} cycles after its sample, as valid"
                f" does, not {wrong[0]}"
            )
        self._check_delays(self._results[cycles == CONSTANT] >> 1, latency)

    def literals_of(self, literals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the graph's literals as those of the function; -1 where no result needs them."""
        found = self._literal[literals >> 1]
        return np.where(found < 0, -1, found ^ (literals & 1))

    def _check_results(self, zeros: Sequence[int]) -> None:
        """Raise CheckFailed where no register is between one of the zeros and a result."""
        # Walk from the results back to the first registers: a reset that is met on the way would
        # change a result that is there.
        variables = np.arange(len(self._pins))
        stops = (variables < self._graph.first_and) & (variables >= self._first_latch)
        seen, front = stops | (variables == 0), self._results >> 1
        while len(front := np.unique(front[~seen[front]])):
            seen[front] = True
            front = self._pins[front].ravel() >> 1
        if seen[[1 + index for index in zeros]].any():
            raise CheckFailed(NOTHING_BUT)

    def _check_delays(self, constants: NDArray[np.int64], cycles: NDArray[np.int64] | int) -> None:
        late = self._delay[constants] > cycles
        if late.any():
            raise CheckFailed(
                f"A constant must pass no more registers than the sample it joins, not"
                f" {self._delay[constants][late][0]}; before that it is not there"
            )

    def _function(self, num_inputs: int) -> Aig:
        """Build the function level by level: latches pass on what they take, ANDs get new
        variables.
        """
        first, found = 1 + num_inputs, [np.zeros((0, 2), np.int64)]
        for variables in self._levels():
            pins = self._pins[variables]
            self._literal[variables], self._cycle[variables] = self._passed_on(variables, pins)
            joining = variables >= self._graph.first_and
            found.append(self._placed(pins[joining]))
            self._literal[variables[joining]] = 2 * (first + np.arange(len(found[-1])))
            first += len(found[-1])
        return Aig(num_inputs, np.concatenate(found), self._placed(self._results))

    def _passed_on(
        self, variables: NDArray[np.int64], pins: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the literals and cycles of latches, and the cycles of ANDs."""
        a, b = self._cycle[pins >> 1].T
        # A constant is the same in every cycle and may join any.
        apart = (a != b) & (a != CONSTANT) & (b != CONSTANT)
        if apart.any():
            raise CheckFailed(
                "A gate must join bits of one sample, not of"
                f" {np.abs(a - b)[apart][0]} cycles apart"
            )
        # CONSTANT is -1, so the greater one is the sample's where there is one.
        cycle = np.maximum(a, b)
        for pin, other in ((0, b), (1, a)):
            joined = (self._cycle[pins[:, pin] >> 1] == CONSTANT) & (other != CONSTANT)
            self._check_delays(pins[joined, pin] >> 1, other[joined])
        # A constant becomes true only after it has passed its registers, in the cycles after
        # power-up.
        delay = self._delay[pins >> 1].max(axis=1) + (variables < self._graph.first_and)
        self._delay[variables] = np.where(cycle == CONSTANT, delay, 0)
        later = (variables < self._graph.first_and) & (cycle != CONSTANT)
        return self._placed(pins[:, 0]), cycle + later

    def _placed(self, literals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the literals of this function for literals of the graph."""
        return self._literal[literals >> 1] ^ (literals & 1)

    def _levels(self) -> Iterator[NDArray[np.int64]]:
        """Yield what the results depend on, after what it reads itself."""
        wanted = self._cone()
        cone = np.flatnonzero(wanted)
        readers = np.repeat(cone, 2)
        read = self._pins[cone].ravel() >> 1
        waits = wanted[read]
        readers, read = readers[waits], read[waits]
        order = np.argsort(read, kind="stable")
        readers, read = readers[order], read[order]
        missing = np.bincount(readers, minlength=len(self._pins))
        front, done = cone[missing[cone] == 0], 0
        while len(front):
            yield front
            done += len(front)
            start, stop = np.searchsorted(read, front), np.searchsorted(read, front, "right")
            reached = readers[_ranges(start, stop)]
            reached, times = np.unique(reached, return_counts=True)
            missing[reached] -= times
            front = reached[missing[reached] == 0]
        if done < len(cone):
            raise CheckFailed("A result must not depend on itself; the core has a loop")

    def _cone(self) -> NDArray[np.bool_]:
        """Return bool[variables]: on what results depend, inputs and constants left out."""
        known = self._literal >= 0
        seen, front = known.copy(), self._results >> 1
        while len(front := np.unique(front[~seen[front]])):
            if front[0] < self._first_latch:
                raise CheckFailed(NOTHING_BUT)
            seen[front] = True
            front = self._pins[front].ravel() >> 1
        return seen & ~known


def _ranges(start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of all the ranges, one after another."""
    length = stop - start
    offset = np.repeat(start - (np.cumsum(length) - length), length)
    return offset + np.arange(int(length.sum()))
