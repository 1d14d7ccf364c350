"""1BitSquared iCEBreaker: iCE40 UP5K, 12 MHz, USB by an FT2232H."""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="icebreaker",
    title="1BitSquared iCEBreaker",
    platform="amaranth_boards.icebreaker:ICEBreakerPlatform",
    pll_pad=True,
    led=("led_g", 0),
    button=("button", 0),
    flash=("iceprog", "{bitstream}"),
)
