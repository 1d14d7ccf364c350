"""Which frequencies the PLL of an FPGA can make, and with which settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lgn_boards.board import Board, part_of
from lgn_hw.errors import UsageError

__all__ = ["PllSettings", "find_pll"]

TOLERANCE_HZ = 1  # a frequency in MHz that was written with six decimals
MHZ = 1_000_000


@dataclass(frozen=True)
class PllSettings:
    """A PLL that makes hz of input_hz; parameters: those of its cell that set the frequency."""

    cell: str
    input_hz: int
    hz: Fraction
    parameters: Mapping[str, int]


def find_pll(board: Board, platform: Any, clock_mhz: float) -> PllSettings | None:
    """Return the settings for a clock of clock_mhz; None where the board's own clock is that.

    Raises UsageError where this lgn-hw knows no PLL of the part, or the PLL cannot make it.
    """
    own_hz, wanted_hz = board.clock_hz(platform), round(clock_mhz * MHZ)
    if own_hz == wanted_hz:
        return None
    part = part_of(platform)[0]
    family = next((f for f in FAMILIES if part.startswith(f)), None)
    if family is None:
        raise UsageError(
            f"The clock of {board.title} is {own_hz / MHZ:g} MHz, and this lgn-hw knows no PLL of"
            f" {part}; leave out --clock-mhz"
        )
    found = list(FAMILIES[family](board, own_hz))
    # Of several ways the one with the fewest divisions before the comparison jitters least.
    best = min(found, key=lambda pll: (abs(pll.hz - wanted_hz), *pll.parameters.values()))
    if abs(best.hz - wanted_hz) > TOLERANCE_HZ:
        raise UsageError(
            f"The PLL of {board.title} cannot make {clock_mhz:g} MHz of {own_hz / MHZ:g} MHz;"
            f" the nearest that it can make: {_nearest(found, wanted_hz)} MHz"
        )
    return best


def _ice40(board: Board, input_hz: int) -> Iterator[PllSettings]:
    """The iCE40's, with its simple feedback (Lattice TN1251; the limits in the data sheets).

    Yields every setting within the limits: the input after its divider, the oscillator and the
    output each have a range in MHz. FILTER_RANGE goes by the input after its divider.
    """
    cell = "SB_PLL40_PAD" if board.pll_pad else "SB_PLL40_CORE"
    for divr in range(16):
        compared = Fraction(input_hz, divr + 1)
        if not 10 * MHZ <= compared <= 133 * MHZ:
            continue
        for divf in range(128):
            oscillator = compared * (divf + 1)
            if not 533 * MHZ <= oscillator <= 1066 * MHZ:
                continue
            for divq in range(1, 7):
                hz = oscillator / 2**divq
                if 16 * MHZ <= hz <= 275 * MHZ:
                    filters = sum(compared >= limit * MHZ for limit in (17, 26, 44, 66, 101)) + 1
                    settings = {"DIVR": divr, "DIVF": divf, "DIVQ": divq, "FILTER_RANGE": filters}
                    yield PllSettings(cell, input_hz, hz, settings)


def _ecp5(board: Board, input_hz: int) -> Iterator[PllSettings]:
    """The ECP5's, with its first output as feedback (Lattice TN1263; limits in the data sheet)."""
    for clki in range(1, 129):
        compared = Fraction(input_hz, clki)
        if compared < 10 * MHZ:
            return
        for clkfb in range(1, 81):
            hz = compared * clkfb
            if not 10 * MHZ <= hz <= 400 * MHZ:
                continue
            # The oscillator in the middle of its range, 400 to 800 MHz.
            divider = min(128, max(1, round(600 * MHZ / hz)))
            if 400 * MHZ <= hz * divider <= 800 * MHZ:
                settings = {"CLKI_DIV": clki, "CLKFB_DIV": clkfb, "CLKOP_DIV": divider}
                yield PllSettings("EHXPLLL", input_hz, hz, settings)


# By the beginning of a part's name.
FAMILIES = {"iCE40": _ice40, "LFE5": _ecp5}


def _nearest(found: list[PllSettings], wanted_hz: int) -> str:
    """Name the next lower and the next higher frequency.

    Returns two numbers in MHz, or one where all reachable frequencies lie on one side.
    """
    reachable = {pll.hz for pll in found}
    lower = max((hz for hz in reachable if hz < wanted_hz), default=None)
    higher = min((hz for hz in reachable if hz > wanted_hz), default=None)
    return " and ".join(f"{float(hz) / MHZ:.8g}" for hz in (lower, higher) if hz is not None)
