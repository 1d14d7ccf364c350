"""The part or board that `lgn search` is for: its LUTs, and the latency of a classifier on it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.circuit.options import CoreOptions
    from lgn_hw.classifier import Classifier
    from lgn_hw.timing.parts import Part

__all__ = ["capacity_of", "latency_on", "timed_part"]

LINK_LUTS = 600  # of a board, which the link to the host takes
# How full names of parts start, by the family that --lut names.
STARTS = {
    "ice40": "iCE40",
    "ecp5": "LFE5U",
    "gowin": "GW",
    "nexus": "LIFCL",
    "machxo2": "LCMXO",
    "gatemate": "CCGM",
    "xilinx": "xc7",
}
FAMILIES = {start: family for family, start in STARTS.items()}


def capacity_of(name: str) -> tuple[str, int]:
    """Return the family of a part or board, as --lut names it, and the LUTs that it has to give."""
    from lgn_hw.synth.targets import TARGETS
    from lgn_hw.timing.parts import DEVICES

    part = DEVICES.get(name.lower())
    if part is not None and part.family not in TARGETS:
        raise UsageError(
            f"{name} has no LUTs that take any table of four inputs; give --luts and --lut instead"
        )
    if part is not None:
        return part.family, part.cells
    full, luts = _of_board(name)
    family = next((of for start, of in FAMILIES.items() if full.startswith(start)), None)
    if family is None or luts is None:
        raise UsageError(f"The LUTs of {full} are not known; give --luts and --lut instead")
    # A board needs its link to the host as well; a bare part is all for the classifier.
    return family, luts - LINK_LUTS


def _of_board(name: str) -> tuple[str, int | None]:
    """Return the full name of a board's part, and its LUTs."""
    from lgn_boards.board import part_of
    from lgn_boards.boards import find_board
    from lgn_hw.timing.parts import DEVICES

    try:
        return part_of(find_board(name).open_platform())
    except UsageError as problem:
        raise UsageError(
            f"--part must be a part ({', '.join(DEVICES)}) or a board, not {name!r}: {problem}"
        ) from problem


def timed_part(name: str) -> "Part":
    """Return the part whose delays are those of a part or board; raises UsageError if unknown."""
    from lgn_hw.timing.parts import DEVICES, find_part

    if name.lower() in DEVICES:
        return find_part(name)
    full, luts = _of_board(name)
    for part in DEVICES.values():
        if part.cells == luts and full.startswith(STARTS[part.family]) and _as_fast(full, part):
            return part
    raise UsageError(f"There is no delay model of {full}; leave out --clock-mhz")


def _as_fast(full: str, part: "Part") -> bool:
    """Return whether a part of a full name, and the size of another part, has its delays."""
    if part.family == "ice40":
        return f"--{full.removeprefix('iCE40').lower()}" in part.arguments
    # A MachXO2 of type ZE is less than half as fast as one of type HC.
    return part.family != "machxo2" or any(word.startswith(full) for word in part.arguments)


def latency_on(
    part: str | None, clock_mhz: float | None, options: "CoreOptions"
) -> Callable[["Classifier"], Mapping[str, Any]]:
    """Return what says the latency of a classifier on a part; raises UsageError without a part."""
    if clock_mhz is None:
        return lambda classifier: {}
    if part is None:
        raise UsageError("--clock-mhz needs --part, whose delays are known")
    chosen, clock = timed_part(part), clock_mhz

    def describe(classifier: "Classifier") -> Mapping[str, Any]:
        from lgn_hw.timing.levels import datapath_levels
        from lgn_hw.timing.plan import registers_for

        levels = datapath_levels(classifier, options)
        try:
            placement = registers_for(levels, chosen, clock)
        except UsageError as problem:
            return {"clock_mhz": clock, "latency_cycles": None, "clock_note": str(problem)}
        # An estimate by the part's delay model: to place and route each design would take longer
        # than to train it.
        cycles = placement.latency
        return {
            "clock_mhz": clock,
            "part": chosen.name,
            "stage": "estimate",
            "latency_cycles": cycles,
            "latency_ns": round(1000 * cycles / clock, 1),
            "ff": placement.bits,
        }

    return describe
