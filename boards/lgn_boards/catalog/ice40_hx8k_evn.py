"""Lattice iCE40-HX8K breakout board: iCE40 HX8K, 12 MHz, USB by an FT2232H."""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="ice40-hx8k-evn",
    title="Lattice iCE40-HX8K-EVN",
    platform="amaranth_boards.ice40_hx8k_b_evn:ICE40HX8KBEVNPlatform",
    flash=("iceprog", "-S", "{bitstream}"),  # into SRAM, as the board's jumpers are by default
)
