"""Refusing what cannot fit a board: at once by counting, later by what yosys finds.

A build takes minutes, and that a design is too large can often be said at once. The bounds are
below every design that was measured: what they refuse cannot fit.
"""

import json
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

from lgn_boards.board import Board, part_of
from lgn_boards.boards import all_boards
from lgn_hw.errors import CheckFailed, ToolError
from lgn_hw.link import LinkPlan

__all__ = ["SIZE_SCRIPT", "cells_of", "check_luts", "least_luts", "luts_of"]

# Below what was ever measured, so that nothing is refused that fits: the link alone takes 565 LUTs,
# trained netlists 0.09 to 0.18 a node, a multiplexer 0.67 to 0.9 an input.
LINK_LUTS = 500
LUTS_A_NODE = 0.05
LUTS_A_VOTE = 0.5
# Cells that take LUTs, and how many: carry cells of ECP5, MachXO2 and Gowin are made of them, and
# tables of five inputs of a Nexus.
ONE_LUT = ("SB_LUT4", "LUT1", "LUT2", "LUT3", "LUT4", "ALU")
LUT_CELLS = {**dict.fromkeys(ONE_LUT, 1), "CCU2C": 2, "CCU2D": 2, "WIDEFN9": 2}
SIZE_SCRIPT = "\ntee -q -o cells.json stat -json\n"


def least_luts(plan: LinkPlan) -> int:
    """Return how many LUTs a device takes at least; of stage estimate, in milliseconds.

    A vote takes the LUT in front of its flip-flop, unless it is constant or an input. A bit of the
    encoder is a flip-flop, and may take no LUT.
    """
    if plan.in_time is not None:
        return LINK_LUTS
    netlist = plan.votes
    # Two classes may count one node; its flip-flop, and the LUT in front of it, is there once.
    votes = len(set(netlist.outputs[netlist.outputs >= netlist.first_node].tolist()))
    counted = LUTS_A_VOTE * votes + LUTS_A_NODE * (netlist.num_nodes - votes)
    return LINK_LUTS + votes + ceil(counted)


def cells_of(folder: Path) -> dict[str, int]:
    """Return the cells by kind that SIZE_SCRIPT has counted in a folder."""
    try:
        design = json.loads((folder / "cells.json").read_text(encoding="utf-8"))["design"]
        return {str(kind): int(count) for kind, count in design["num_cells_by_type"].items()}
    except (OSError, ValueError, KeyError) as problem:
        raise ToolError(
            f"yosys ended without an error and without {folder / 'cells.json'} ({problem})"
        ) from problem


def luts_of(cells: Mapping[str, int]) -> int:
    """Return how many LUTs cells of any family take."""
    return sum(LUT_CELLS.get(kind, 0) * count for kind, count in cells.items())


def check_luts(board: Board, platform: Any, luts: int, stage: str) -> None:
    """Raise CheckFailed where a design of so many LUTs does not fit the board.

    stage: `estimate`, which is a lower bound, or `synth`.
    """
    part, available = part_of(platform)
    if available is None or luts <= available:
        return
    needed = f"at least {luts:,} LUTs" if stage == "estimate" else f"{luts:,} LUTs"
    larger = _larger_boards(luts)
    advice = f"{', '.join(larger)} would fit it, or " if larger else ""
    raise CheckFailed(
        f"The design does not fit {board.title}: it needs {needed} (stage {stage}), and {part} has"
        f" {available:,}; {advice}train a smaller net: a vote costs about 1.9 LUTs, a gate 0.1 to"
        " 0.3"
    )


def _larger_boards(luts: int) -> list[str]:
    """Return the boards of the catalogue that have so many LUTs, with a fifth to spare."""
    found = []
    for board in all_boards():
        available = part_of(board.open_platform())[1]
        # A fifth to spare, as routers fail in parts that are nearly full.
        if available is not None and luts < 0.8 * available:
            found.append((available, board.name))
    return [name for _, name in sorted(found)[:2]]
