"""Sipeed Tang Nano 9K: Gowin GW1NR-9C, 27 MHz, USB by a BL702."""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="tang-nano-9k",
    title="Sipeed Tang Nano 9K",
    platform="amaranth_boards.tang_nano_9k:TangNano9kPlatform",
    button=("button", 0),
    flash=("openFPGALoader", "-b", "tangnano9k", "{bitstream}"),
)
