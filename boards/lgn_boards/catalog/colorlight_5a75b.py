"""Colorlight 5A-75B, revision 7.0: ECP5-25F, 25 MHz; UART on J19, on the pins of LED and button."""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="colorlight-5a-75b",
    title="Colorlight 5A-75B r7.0",
    platform="amaranth_boards.colorlight_5a75b_r7_0:Colorlight_5A75B_R70Platform",
    led=None,
    flash=("openFPGALoader", "-c", "ft232", "-m", "{bitstream}"),
)
