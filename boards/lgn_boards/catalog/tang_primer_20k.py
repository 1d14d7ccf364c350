"""Sipeed Tang Primer 20K on its Dock: Gowin GW2A-18C, 27 MHz, USB by the Dock's debugger."""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="tang-primer-20k",
    title="Sipeed Tang Primer 20K Dock",
    platform="amaranth_boards.tang_primer_20k:TangPrimer20kDockPlatform",
    button=("button", 0),
    flash=("openFPGALoader", "-b", "tangprimer20k", "{bitstream}"),
)
