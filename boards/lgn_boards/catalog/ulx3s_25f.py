"""Radiona ULX3S with an ECP5-25F: 25 MHz, USB by an FT231X."""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="ulx3s-25f",
    title="Radiona ULX3S 25F",
    platform="amaranth_boards.ulx3s:ULX3S_25F_Platform",
    button=("button", 0),  # FIRE 1
    flash=("openFPGALoader", "-b", "ulx3s", "-m", "{bitstream}"),
)
