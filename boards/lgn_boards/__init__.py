"""Boards: a classifier behind a UART as a bitstream, how it is flashed, and its driver."""

from lgn_boards.board import Board
from lgn_boards.boards import all_boards, find_board

__all__ = ["Board", "all_boards", "find_board"]
