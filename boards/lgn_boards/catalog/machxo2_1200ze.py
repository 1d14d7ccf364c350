"""Lattice MachXO2 breakout board with an LCMXO2-1200ZE: its own oscillator, USB by an FT2232H.

The FT2232H's second channel reaches the pins of the UART when R14 to R21 are soldered in.
"""

from lgn_boards.board import Board

__all__ = ["BOARD"]

BOARD = Board(
    name="machxo2-1200ze",
    title="Lattice LCMXO2-1200ZE-B-EVN",
    platform="lgn_boards.platforms.machxo2:Breakout1200ZEPlatform",
    flash=("openFPGALoader", "-b", "machXO2EVN", "-m", "{bitstream}"),
)
