"""What the simulator process is asked to do, and what it answers; both are files."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from lgn_hw.files.atomic import write_text

__all__ = ["CASES", "FRAME_CASES", "JOB_VARIABLE", "CaseResult", "H", "Header", "Job", "Mismatch"]

JOB_VARIABLE = "LGN_SIM_JOB"
FILES = ("classifier", "vectors", "results")

# The names of the tests in cases/stream.py. The first one sends every vector.
CASES = (
    "flowing",
    "idle",
    "backpressure",
    "idle_and_backpressure",
    "ready_held_low",
    "reset_in_mid_stream",
)
# Those of cases/frames.py.
FRAME_CASES = (*CASES[:-1], "wrong_lengths", "reset_in_mid_frame")


class Header(Protocol):
    """Say what a core is, as circuit.header.CoreHeader and streaming.header.StreamHeader do."""

    @property
    def top(self) -> str:
        """The name of the top module."""

    def to_json(self) -> dict[str, Any]:
        """Return the values of the header's line."""


H = TypeVar("H", bound=Header)


@dataclass(frozen=True)
class Job(Generic[H]):
    """Tell the simulator process what to compare.

    classifier: a .lgn file, the model. vectors: an .npz file whose array `codes` holds the
    samples. results: the JSON file that receives a list of CaseResults. All are named as they are
    seen from the folder of the job's own file. header: of the Verilog. few: how many vectors the
    cases use that do not use them all. seed: of the random pauses.
    """

    classifier: str
    vectors: str
    results: str
    header: H
    few: int
    seed: int

    def write(self, path: Path) -> None:
        """Write the job as JSON, from which from_environment reads it."""
        values = vars(self) | {"header": self.header.to_json()}
        write_text(path, json.dumps(values, indent=2) + "\n")

    @staticmethod
    def from_environment(read: "Callable[[dict[str, Any]], H]") -> "Job[H]":
        """Read the job that the runner has named in the environment, with full paths.

        read: makes a header of its values.
        """
        file = Path(os.environ[JOB_VARIABLE])
        values = json.loads(file.read_text(encoding="utf-8"))
        values |= {name: str(file.parent / values[name]) for name in FILES}
        return Job(**(values | {"header": read(values["header"])}))


@dataclass(frozen=True)
class Mismatch:
    """One wrong result: the vector's index, and results as text; X and Z are kept as such."""

    sample: int
    expected: str
    got: str


@dataclass(frozen=True)
class CaseResult:
    """What one case found.

    vectors: how many results were compared. mismatches: how many of them differ; the first few
    are in `first`. problem: what else was wrong, as a broken rule of the stream. latency_cycles,
    throughput, interval_cycles, from a frame to the next: as measured, where the case does.
    """

    name: str
    vectors: int = 0
    mismatches: int = 0
    first: tuple[Mismatch, ...] = field(default=())
    problem: str | None = None
    latency_cycles: int | None = None
    throughput: float | None = None
    interval_cycles: int | None = None

    @property
    def passed(self) -> bool:
        """Whether every result was right, and nothing else went wrong."""
        return self.problem is None and self.mismatches == 0

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return asdict(self) | {"passed": self.passed}

    @staticmethod
    def from_json(values: dict[str, Any]) -> "CaseResult":
        """Read what to_json gave."""
        first = tuple(Mismatch(**mismatch) for mismatch in values["first"])
        fields = {name: value for name, value in values.items() if name != "passed"}
        return CaseResult(**(fields | {"first": first}))
