"""What a simulation found.

A simulation that finds wrong results has run: only check() makes an error of it, so that the
figures are written in any case.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lgn_hw.circuit.registers import Registers
from lgn_hw.counted import counted
from lgn_hw.errors import CheckFailed
from lgn_sim.job import CaseResult

__all__ = ["FrameSimulationResult", "NegativeControl", "SimulationResult"]


@dataclass(frozen=True)
class NegativeControl:
    """Say whether the testbench found one flipped table bit, and in how many results."""

    caught: bool
    mismatches: int


@dataclass(frozen=True)
class SimulationResult:
    """Say how the simulation of a core went.

    vectors: results compared, in all cases together. mismatches: how many of them were wrong.
    latency_cycles, latency_cycles_measured: declared by the core, and seen. throughput: results a
    clock cycle without idle cycles and backpressure. negative_control: None where not asked for.
    """

    digest: str
    simulator: str
    vectors: int
    mismatches: int
    latency_cycles: int
    latency_cycles_measured: int | None
    throughput: float | None
    levels_per_stage: Registers
    scores: bool
    cases: tuple[CaseResult, ...]
    negative_control: NegativeControl | None
    waveform: Path | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values, with `passed` for each case."""
        cases = [case.to_json() for case in self.cases]
        waveform = None if self.waveform is None else str(self.waveform)
        return asdict(self) | {"cases": cases, "waveform": waveform}

    def check(self) -> None:
        """Raise CheckFailed where a case failed or the negative control was not caught."""
        for case in self.cases:
            if not case.passed:
                raise CheckFailed(_failure(case))
        if self.negative_control is not None and not self.negative_control.caught:
            raise CheckFailed(
                "The negative control was not caught: the testbench found no mismatch in a core"
                " with one table bit flipped"
            )


@dataclass(frozen=True)
class FrameSimulationResult(SimulationResult):
    """Say how the simulation of a streaming core went.

    vectors are frames, and latencies are from the last pixel of one to its result. throughput:
    frames a clock cycle, back to back. interval_cycles, interval_cycles_measured: from a frame to
    the next, declared and seen; None where too few frames were sent.
    """

    interval_cycles: int
    interval_cycles_measured: int | None


def _failure(case: CaseResult) -> str:
    """Say what is wrong, with the first vector that differs."""
    of = counted(case.vectors, "result")
    message = f"Case {case.name}: {case.mismatches} of {of} differ from software"
    if case.problem:
        message = f"Case {case.name}: {case.problem}"
    for first in case.first[:1]:
        message += f"; vector {first.sample} must give {first.expected}, not {first.got}"
    return message
