"""The bench: clock, source, sink, model and scoreboard around one core.

Everything is driven just after a rising edge of the clock and read at the falling edge, when all
has settled: so no simulator's order of events within one instant matters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from random import Random
from typing import Any, Protocol

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb.utils import get_sim_time
from numpy.typing import NDArray

from lgn_hw.circuit.header import CoreHeader, pack_results
from lgn_hw.classifier import Classifier
from lgn_sim.job import Mismatch

__all__ = [
    "Bench",
    "BrokenRule",
    "Model",
    "Sink",
    "Source",
    "Transfer",
    "compare",
    "never",
    "read",
    "sometimes",
]

# Of no meaning for the circuit, which has no delays; even, so that a half period is exact.
PERIOD_NS = 10
PATIENCE_CYCLES = 1000  # without any transfer; random pauses are far shorter
SHOWN_MISMATCHES = 5


class BrokenRule(Exception):
    """The core broke a rule of its streams."""


@dataclass(frozen=True)
class Transfer:
    """A word that crossed a stream: when it was first offered, and when it was taken.

    word: an integer, or the bits as text where one of them is X or Z. The times are in cycles.
    """

    word: int | str
    offered: int
    taken: int


def never() -> Iterator[bool]:
    """Never pause."""
    return repeat(False)


def sometimes(seed: int) -> Iterator[bool]:
    """Pause half of the time, in runs of random length."""
    # Of its own, so that cocotb's seeding does not change the pauses.
    random = Random(seed)
    while True:
        # Runs and not single cycles: a fault in a pipeline's stall may need several in a row.
        yield from repeat(random.random() < 0.5, random.randint(1, 6))


def read(handle: Any) -> int | str:
    """Return a signal as an integer, or as text where a bit of it is X or Z: never as 0."""
    text = str(handle.value)
    # cocotb would convert an X to 0 where it is configured to, and hide it.
    return int(text, 2) if set(text) <= {"0", "1"} else text


def _read_bit(handle: Any) -> bool:
    """Return a signal of one bit; X and Z are errors."""
    value = read(handle)
    if isinstance(value, str):
        raise BrokenRule(f"{handle._name} must be 0 or 1, not {value}")
    return value == 1


def _cycle() -> int:
    """Return the number of the clock cycle."""
    return int(get_sim_time("ns")) // PERIOD_NS


class Source:
    """Offer words to a stream, one after the other.

    valid, ready, payload: handles of one stream's signals. A word that is offered stays until it is
    taken: an offer that were taken back would break the stream's rules. patience: cycles to wait.
    """

    def __init__(
        self, clk: Any, valid: Any, ready: Any, payload: Any, patience: int = PATIENCE_CYCLES
    ) -> None:
        self._clk, self._valid, self._ready, self._payload = clk, valid, ready, payload
        self._patience = patience

    def stop(self) -> None:
        """Offer nothing."""
        self._valid.value = 0

    async def send(self, words: Sequence[int], pauses: Iterator[bool]) -> list[Transfer]:
        """Send all words; begin just after a rising edge. Raises BrokenRule if none is taken."""
        sent = []
        for word in words:
            while next(pauses):
                self.stop()
                await RisingEdge(self._clk)
            self._valid.value = 1
            self._payload.value = word
            sent.append(await self._wait(word))
        self.stop()
        return sent

    async def _wait(self, word: int) -> Transfer:
        offered = None
        for _ in range(self._patience):
            await FallingEdge(self._clk)
            offered = _cycle() if offered is None else offered
            taken = _read_bit(self._ready)
            now = _cycle()
            await RisingEdge(self._clk)
            if taken:
                return Transfer(word, offered, now)
        raise BrokenRule(f"A sample was not taken within {self._patience} cycles")


class Sink:
    """Take words from a stream, and watch that a waiting word stays as it is.

    The rules: once valid is 1 it stays 1, and the payload stays as it is, until ready is 1 in the
    same cycle. A core that breaks them works as long as nobody waits, which is why cases wait.
    patience: cycles to wait for a result.
    """

    def __init__(
        self, clk: Any, valid: Any, ready: Any, payload: Any, patience: int = PATIENCE_CYCLES
    ) -> None:
        self._clk, self._valid, self._ready, self._payload = clk, valid, ready, payload
        self._patience = patience

    def stop(self) -> None:
        """Take nothing."""
        self._ready.value = 0

    async def receive(self, count: int, pauses: Iterator[bool]) -> list[Transfer]:
        """Receive `count` words; begin just after a rising edge. Raises BrokenRule."""
        received: list[Transfer] = []
        waiting: Transfer | None = None
        waited = 0
        while len(received) < count:
            ready = not next(pauses)
            self._ready.value = int(ready)
            await FallingEdge(self._clk)
            waiting = self._look(waiting)
            waited += 1
            if ready and waiting is not None:
                received.append(Transfer(waiting.word, waiting.offered, _cycle()))
                waiting, waited = None, 0
            # Counted while the sink pauses too: its pauses are a few cycles each.
            if waited > self._patience:
                raise BrokenRule(
                    f"Result {len(received)} of {count} did not come within {self._patience} cycles"
                )
            await RisingEdge(self._clk)
        self.stop()
        return received

    async def is_empty(self, cycles: int) -> bool:
        """Return whether nothing is offered for so many cycles, while taking everything."""
        self._ready.value = 1
        for _ in range(cycles):
            await FallingEdge(self._clk)
            if _read_bit(self._valid):
                return False
            await RisingEdge(self._clk)
        self.stop()
        return True

    def _look(self, waiting: Transfer | None) -> Transfer | None:
        """Return the word that is offered now; it must be the one that has been waiting.

        Raises BrokenRule where a word that was waiting changed or vanished.
        """
        word = read(self._payload) if _read_bit(self._valid) else None
        if waiting is None:
            return None if word is None else Transfer(word, _cycle(), -1)
        if word is None:
            raise BrokenRule("o_result.valid fell before the result was taken")
        if word != waiting.word:
            raise BrokenRule(
                f"o_result.payload changed from {waiting.word} to {word} before it was taken"
            )
        return waiting


class Shows(Protocol):
    """Show results as text."""

    def text(self, word: int | str) -> str:
        """Show a result."""


class Model:
    """Know the right result of each sample: the classifier in software.

    It uses the software's own evaluation and no netlist of the circuit, so that a fault in the
    circuit's description cannot hide in the expectation.
    """

    def __init__(self, classifier: Classifier, header: CoreHeader) -> None:
        self._classifier, self._header = classifier, header

    def samples(self, codes: NDArray[np.int64]) -> list[int]:
        """Return the words to send."""
        return self._classifier.features.pack(codes)

    def results(self, codes: NDArray[np.int64]) -> list[int]:
        """Return the words to expect."""
        return pack_results(self._header, self._classifier.scores(codes))

    def text(self, word: int | str) -> str:
        """Show a result: `class 3, scores [0, 4, 5, 9]`, or the bits where some are X or Z."""
        header = self._header
        if isinstance(word, str):
            return word
        shown = f"class {word & ((1 << header.class_bits) - 1)}"
        if not header.scores:
            return shown
        mask = (1 << header.score_bits) - 1
        shifts = (header.class_bits + c * header.score_bits for c in range(header.classes))
        return f"{shown}, scores {[(word >> shift) & mask for shift in shifts]}"


def compare(
    expected: Sequence[int], got: Sequence[int | str], model: Shows
) -> tuple[int, tuple[Mismatch, ...]]:
    """Keep the score: return how many results differ, and the first few that do.

    expected, got: words, in the order of the samples. A text, with X or Z in it, equals no number.
    """
    wrong = [
        (sample, right, word)
        for sample, (right, word) in enumerate(zip(expected, got, strict=True))
        if right != word
    ]
    shown = wrong[:SHOWN_MISMATCHES]
    return len(wrong), tuple(Mismatch(i, model.text(e), model.text(g)) for i, e, g in shown)


class Bench:
    """Connect a source and a sink to the core and start its clock."""

    def __init__(self, dut: Any) -> None:
        self.clk, self.rst = dut.clk, dut.rst
        self.source = Source(
            dut.clk, dut.i_sample__valid, dut.i_sample__ready, dut.i_sample__payload
        )
        self.sink = Sink(dut.clk, dut.o_result__valid, dut.o_result__ready, dut.o_result__payload)

    async def start(self) -> None:
        """Start the clock and reset the core; end just after a rising edge."""
        Clock(self.clk, PERIOD_NS, "ns").start()
        await self.reset()

    async def exchange(
        self, words: Sequence[int], results: int, seed: int, *, idle: bool, backpressure: bool
    ) -> tuple[list[Transfer], list[Transfer]]:
        """Send words and receive so many results, with pauses at either end; return both."""
        source = cocotb.start_soon(self.source.send(words, sometimes(seed) if idle else never()))
        # Another seed: pauses at both ends in step would never meet a full pipeline that is
        # emptied.
        pauses = sometimes(seed + 1) if backpressure else never()
        received = await self.sink.receive(results, pauses)
        return await source, received

    async def reset(self) -> None:
        """Hold reset for two cycles, with both streams quiet."""
        self.source.stop()
        self.sink.stop()
        # Synchronous: the first edge resets, the second shows that it holds.
        self.rst.value = 1
        await RisingEdge(self.clk)
        await RisingEdge(self.clk)
        self.rst.value = 0
