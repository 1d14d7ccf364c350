"""What a Liberty file says that area is counted with: cells, areas, functions."""

import re
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import permutations
from pathlib import Path

from lgn_hw.counted import counted
from lgn_hw.errors import FileFormatError
from lgn_hw.files.source_text import check_no_device
from lgn_hw.netlist.builder import table_of
from lgn_hw.synth.liberty_function import parsed_function

__all__ = ["Adder", "Cell", "Library", "read_liberty"]

STRING = r'"(?:[^"\\]|\\.)*"'  # of any other attribute, which may have braces in it
# Groups open and close; of attributes those that are needed. Comments and tables go past.
TOKEN = re.compile(
    r"/\*.*?\*/"
    r"|(?P<group>\w+)\s*\((?P<name>[^(){};]*)\)\s*\{"
    r"|(?P<open>\{)|(?P<close>\})"
    r'|\b(?P<key>area|direction|function|dont_use)\s*:\s*"?(?P<value>[^";\n]*)"?'
    rf"|{STRING}",
    re.DOTALL,
)
STORAGE = ("ff", "latch", "statetable", "ff_bank", "latch_bank")


@dataclass
class Cell:
    """Hold a cell: its area, its inputs in order, and the functions of its outputs by name."""

    name: str
    area: float = 0.0
    inputs: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    dont_use: bool = False
    storage: bool = False

    def tables(self) -> dict[str, int] | None:
        """Return the truth table of each output, input 0 lowest; None where one has none."""
        if self.storage or len(self.inputs) > 6 or not all(self.outputs.values()):
            return None
        try:
            return {name: self._table(text) for name, text in self.outputs.items()}
        except (KeyError, FileFormatError):
            return None

    def _table(self, text: str) -> int:
        """Return the truth table of a function of the inputs."""
        function = parsed_function(text)
        return table_of(
            lambda *pins: function(dict(zip(self.inputs, pins, strict=True))), len(self.inputs)
        )


@dataclass(frozen=True)
class Adder:
    """Name a cell that adds its inputs up: a full adder of three, a half adder of two."""

    cell: str
    area: float
    inputs: tuple[str, ...]
    sum: str
    carry: str


@dataclass(frozen=True)
class Library:
    """Hold a library's cells that may be used.

    nand2: the area of the smallest NAND of two inputs, what one gate equivalent is. half_adder,
    full_adder: the smallest of their kind; None where there is none.
    """

    name: str
    cells: dict[str, Cell]
    nand2: float
    half_adder: Adder | None
    full_adder: Adder | None


def read_liberty(path: Path, dont_use: tuple[str, ...] = ()) -> Library:
    """Read a Liberty file.

    dont_use: patterns as `*_lpflow_*`, of cells that are left out, as those are that the file says
    so of. Raises FileFormatError where it is none, or cut short, an area is no number, a cell comes
    twice, or it has no NAND of two inputs, UsageError for a device.

    The format is Synopsys' Liberty. Only cells with an area are kept; tables of timing and power,
    most of the file, are skipped by the tokens.
    """
    check_no_device(path)
    text = path.read_text(encoding="utf-8", errors="replace")
    name, cells = _cells(text)
    if not cells:
        raise FileFormatError(f"{path} is no Liberty file: it has no cells with an area")
    _check_whole(path, text, cells)
    # Cells that a library lists and forbids (clock buffers, delays) must not be mapped to.
    used = {
        cell.name: cell
        for cell in cells
        if not cell.dont_use and not any(fnmatchcase(cell.name, p) for p in dont_use)
    }
    nands = [c.area for c in used.values() if len(c.inputs) == 2 and _only(c) == 0b0111]
    if not nands:
        raise FileFormatError(
            f"{path} has no NAND of two inputs, whose area is one gate equivalent; see --dont-use"
        )
    return Library(name, used, min(nands), _adder(used, 2), _adder(used, 3))


def _check_whole(path: Path, text: str, cells: list[Cell]) -> None:
    """Raise FileFormatError for what makes yosys or ABC end without saying why."""
    if "\0" in text:
        raise FileFormatError(f"{path} must be text, and has a byte of 0; copy it again")
    braces = re.sub(rf"/\*.*?\*/|{STRING}", "", text, flags=re.DOTALL)
    opened, closed = braces.count("{"), braces.count("}")
    if opened != closed:
        raise FileFormatError(
            f"{path} opens {counted(opened, 'group')} and closes {closed}: it is cut short, or was"
            " edited; copy it again"
        )
    twice = [name for name, count in Counter(cell.name for cell in cells).items() if count > 1]
    if twice:
        raise FileFormatError(f"{path} has the cell {twice[0]} more than once; leave one of them")


def _only(cell: Cell) -> int | None:
    """Return the table of a cell of one output."""
    tables = cell.tables()
    return next(iter(tables.values())) if tables is not None and len(tables) == 1 else None


def _adder(cells: dict[str, Cell], size: int) -> Adder | None:
    """Return the smallest cell that gives sum and carry of so many bits.

    Found by function and not by name: every combination of two outputs is tried as sum and carry.
    """
    parity = table_of(lambda *pins: sum(pins) & 1, size)
    carry = table_of(lambda *pins: sum(pins) > 1, size)
    found = []
    for cell in cells.values():
        if len(cell.inputs) != size or len(cell.outputs) != 2:
            continue
        tables = cell.tables() or {}
        for low, high in permutations(tables, 2):
            if (tables[low], tables[high]) == (parity, carry):
                found.append(Adder(cell.name, cell.area, tuple(cell.inputs), low, high))
    return min(found, key=lambda adder: adder.area, default=None)


def _cells(text: str) -> tuple[str, list[Cell]]:
    """Follow the groups of a file; return its name and its cells.

    The path of open groups says where an attribute belongs: library, cell, pin. A file of 10 MB
    takes about a second.
    """
    library, cells = "", list[Cell]()
    path: list[tuple[str, str]] = []
    direction: dict[str, str] = {}
    for match in TOKEN.finditer(text):
        if match["group"]:
            name = match["name"].strip(' "')
            path.append((match["group"], name))
            if len(path) == 1:
                library = name
            elif len(path) == 2 and match["group"] == "cell":
                cells.append(Cell(name))
                direction = {}
            # A flip-flop's group, `ff (IQ, IQN) {`, is what tells storage from logic.
            elif len(path) == 3 and match["group"] in STORAGE and path[1][0] == "cell":
                cells[-1].storage = True
        # A brace without a name belongs to what is not read; it must still be closed in its turn.
        elif match["open"]:
            path.append(("", ""))
        elif match["close"]:
            path = path[:-1]
        elif match["key"] and len(path) in (2, 3) and path[1][0] == "cell":
            _note(cells[-1], path, match["key"], match["value"].strip(), direction)
    return library, [cell for cell in cells if cell.area > 0]


def _note(
    cell: Cell, path: list[tuple[str, str]], key: str, value: str, direction: dict[str, str]
) -> None:
    """Keep an attribute of a cell or of one of its pins.

    key: one of area, direction, function, dont_use. direction: of the cell's pins so far.
    Attributes of deeper groups (timing, internal_power) do not come here.
    """
    if len(path) == 2:
        if key == "area":
            cell.area = _area(cell.name, value)
        elif key == "dont_use":
            cell.dont_use = value == "true"
        return
    kind, pin = path[2]
    if kind != "pin":
        return
    if key == "direction" and value == "input":
        cell.inputs.append(pin)
    elif key == "direction" and value == "output":
        cell.outputs.setdefault(pin, "")
    elif key == "function":
        cell.outputs[pin] = value


def _area(cell: str, text: str) -> float:
    """Return a cell's area; raises FileFormatError where it is no number."""
    try:
        return float(text)
    except ValueError:
        raise FileFormatError(
            f"The Liberty file's cell {cell} must have a number for its area, not {text!r}; write"
            " it with a decimal point, and without its unit"
        ) from None
