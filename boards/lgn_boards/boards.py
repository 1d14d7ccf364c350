"""Finding a board by its name, by a file of one's own, or by a platform of amaranth-boards.

Boards that nobody has added here work too: any platform of amaranth-boards with a UART will do.
"""

import runpy
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from amaranth.build import ResourceError

from lgn_boards import catalog
from lgn_boards.board import Board
from lgn_hw.errors import UsageError

__all__ = ["all_boards", "find_board"]


def all_boards() -> list[Board]:
    """Return the boards of the catalogue, by name."""
    names = [module.name for module in iter_modules(catalog.__path__)]
    boards = [import_module(f"{catalog.__name__}.{name}").BOARD for name in names]
    return sorted(boards, key=lambda board: board.name)


def find_board(wanted: str) -> Board:
    """Return a board.

    wanted: a name of the catalogue, in which case and punctuation do not matter; or a Python file
    that sets BOARD; or module:class of an amaranth-boards platform. Raises UsageError with the
    nearest name where there is none.
    """
    if wanted.endswith(".py"):
        return _from_file(Path(wanted))
    if ":" in wanted:
        return _from_platform(wanted)
    by_key = {_key(board.name): board for board in all_boards()}
    if _key(wanted) in by_key:
        return by_key[_key(wanted)]
    near = get_close_matches(_key(wanted), by_key, 1)
    hint = f"did you mean {by_key[near[0]].name}? " if near else ""
    raise UsageError(f"There is no board {wanted!r}; {hint}`lgn boards` lists them")


def _key(name: str) -> str:
    """Return a name without what people write differently."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _from_file(path: Path) -> Board:
    """Return the BOARD of a Python file."""
    if not path.exists():
        raise UsageError(f"There is no file {path}")
    board = runpy.run_path(str(path)).get("BOARD")
    if not isinstance(board, Board):
        raise UsageError(f"{path} must set BOARD to an lgn_boards.Board, not to {board!r}")
    return board


def _from_platform(platform: str) -> Board:
    """Return a board for a platform of amaranth-boards."""
    module, _, name = platform.partition(":")
    qualified = module if "." in module else f"amaranth_boards.{module}"
    board = Board(
        name=_key(name.removesuffix("Platform")), title=name, platform=f"{qualified}:{name}"
    )
    led, button = (_if_spare(board, name) for name in ("led", "button"))
    return replace(board, led=led, button=button)


def _if_spare(board: Board, name: str) -> tuple[str, int] | None:
    """Return the first resource of a name, None where there is none, or the UART has its pin."""
    platform = board.open_platform()
    platform.request("uart", 0, dir="-")
    try:
        platform.request(name, 0, dir="-")
    except ResourceError:
        return None
    return name, 0
