"""Lattice CrossLink-NX evaluation board: LIFCL-40, 12 MHz, USB by an FT2232H.

The FT2232H's second channel reaches the pins of the UART when R15 and R17 are soldered in, and R18
and R19 are not.
"""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="lifcl-40-evn",
    title="Lattice LIFCL-40-EVN",
    platform="lgn_boards.platforms.nexus:CrossLinkNXPlatform",
    button=("button", 0),
    flash=("openFPGALoader", "-b", "crosslinknx_evn", "-m", "{bitstream}"),
)
