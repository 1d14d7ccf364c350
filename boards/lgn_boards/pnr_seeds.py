"""Placing and routing a design with several seeds, and choosing the best."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lgn_boards.board import Board
from lgn_hw.counted import counted
from lgn_hw.errors import CheckFailed, ToolError
from lgn_hw.tools.nextpnr import PnrReport, run_nextpnr

__all__ = ["Routed", "best_of", "check_clock", "family_of", "place_and_route"]

# Options of nextpnr that name the routed design, which each seed has its own of.
OUTPUTS = ("--asc", "--textcfg", "--fasm", "--write")
FAMILIES = {
    "nextpnr-ice40": "ice40",
    "nextpnr-ecp5": "ecp5",
    "nextpnr-gowin": "gowin",
    "nextpnr-machxo2": "machxo2",
    "nextpnr-nexus": "nexus",
}


@dataclass(frozen=True)
class Routed:
    """A routed design; every figure is of stage pnr.

    file: its name in the folder. fmax_mhz: what its slowest clock achieves. utilization: used and
    available cells by nextpnr's kind, without unused kinds. path: the critical path in the
    design's words.
    """

    seed: int
    file: str
    fmax_mhz: float
    utilization: dict[str, dict[str, int]]
    path: str
    tool: str

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self)


def family_of(program: str) -> str:
    """Return the family of a nextpnr, as lgn_hw.tools.nextpnr names it."""
    return FAMILIES[program]


def place_and_route(
    command: Sequence[str], clock_mhz: float, seeds: Sequence[int], *, folder: Path, jobs: int
) -> list[Routed]:
    """Run nextpnr once for each seed, `jobs` at a time; raises as run_nextpnr does.

    command: as Amaranth has it. clock_mhz: the target, which Gowin's constraints do not hold.
    """
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda seed: _run(command, clock_mhz, seed, folder), seeds))


def best_of(routed: Sequence[Routed]) -> Routed:
    """Return the fastest; of equals the one with the lowest seed."""
    return max(routed, key=lambda design: (design.fmax_mhz, -design.seed))


def check_clock(board: Board, clock_mhz: float, routed: Routed, tried: int) -> None:
    """Raise CheckFailed where the board's clock is too fast for the design."""
    if routed.fmax_mhz >= clock_mhz:
        return
    raise CheckFailed(
        f"The design misses the clock of {board.title}: it reaches {routed.fmax_mhz:.2f} MHz, and"
        f" {clock_mhz:.2f} MHz are needed (stage pnr, best of {counted(tried, 'seed')}). Slowest:"
        f" {routed.path}. Try --seeds {4 * tried}, then a --levels-per-stage that cuts this path"
    )


def _run(command: Sequence[str], clock_mhz: float, seed: int, folder: Path) -> Routed:
    """Place and route with one seed."""
    family = family_of(command[0])
    arguments, output = _arguments(command, seed)
    arguments += ["--freq", f"{clock_mhz:g}"]
    report = run_nextpnr(family, arguments, folder=folder, name=f"pnr-{seed}")
    if report.fmax_mhz is None:
        raise ToolError(f"nextpnr has found no clock in the design; see {folder}")
    used = {kind: asdict(usage) for kind, usage in report.utilization.items() if usage.used}
    path = _in_words(report)
    return Routed(seed, output, report.fmax_mhz, used, path, report.tool)


def _arguments(command: Sequence[str], seed: int) -> tuple[list[str], str]:
    """Return nextpnr's arguments for a seed, and the name of the routed design."""
    arguments, output = [], ""
    words = iter(command[1:])
    for word in words:
        # nextpnr's messages are read for progress and errors, and go into a log of each seed.
        if word == "--quiet":
            continue
        if word == "--log":
            next(words)
        elif word in OUTPUTS:
            stem, _, suffix = next(words).partition(".")
            output = f"{stem}-{seed}.{suffix}"
            arguments += [word, output]
        elif word in ("--family", "--cst"):  # of nextpnr-gowin; himbaechel has them so
            arguments += ["--vopt", f"{word[2:]}={next(words)}"]
        else:
            arguments.append(word)
    return [*arguments, "--seed", str(seed)], output


def _in_words(report: PnrReport) -> str:
    """Name the slowest path within a clock by the signals at its ends."""
    # Paths that begin or end at a pin are the link's, and slow on purpose.
    inside = [path for path in report.critical_paths if path.start == path.end and path.steps]
    if not inside:
        return "no path between registers"
    path = max(inside, key=lambda path: path.delay_ns)
    cells = sum(step.kind == "logic" for step in path.steps)
    ends = f"from {_signal(path.steps[0].source)} to {_signal(path.steps[-1].target)}"
    return f"{ends}, {cells} cells, {path.delay_ns:.2f} ns"


def _signal(pin: str) -> str:
    """Return the signal in the name of a cell: `top.terminal.device.core.tally.count_SB_...`."""
    name = re.split(r"_(?:SB|TRELLIS|FD1P3|CCU2[CD]|L6MUX|PFUMX|LUT\d|DFF|MUX2|ALU)|\$", pin)[0]
    return name.removeprefix("top.").removeprefix("terminal.").rstrip(".") or pin
