"""Boards: a classifier behind a UART as a bitstream, how it is flashed, and its driver.

A board of the catalogue is one file (catalog/); everything else here takes it as an argument. build
makes the bitstream with tools from pip, flash loads it, host and client talk to it.
"""

from lgn_boards.board import Board
from lgn_boards.boards import all_boards, find_board

__all__ = ["Board", "all_boards", "find_board"]
