"""Lattice iCEstick: iCE40 HX1K, 12 MHz, USB by an FT2232H."""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="icestick",
    title="Lattice iCEstick",
    platform="amaranth_boards.icestick:ICEStickPlatform",
    flash=("iceprog", "{bitstream}"),
)
