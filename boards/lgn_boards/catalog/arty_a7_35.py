"""Digilent Arty A7-35: XC7A35T, 100 MHz, USB by an FT2232H; a bitstream needs Vivado."""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="arty-a7-35",
    title="Digilent Arty A7-35",
    platform="amaranth_boards.arty_a7:ArtyA7_35Platform",
    levels_per_stage=2,  # 10 ns
    state="files only",  # a bitstream needs Vivado
    button=("button", 0),
    flash=("openFPGALoader", "-b", "arty_a7_35t", "{bitstream}"),
)
