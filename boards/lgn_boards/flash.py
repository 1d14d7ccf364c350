"""Flashing: the command for a board's programmer, and running it."""

import subprocess
from pathlib import Path
from typing import Any

from lgn_hw.errors import ToolError, ToolNotFound, UsageError
from lgn_hw.tools.programs import find_program

__all__ = ["flash", "flash_command"]

INSTALL = {
    "iceprog": "apt-get install fpga-icestorm",
    "openFPGALoader": "apt-get install openfpgaloader",
}


def flash_command(built: dict[str, Any]) -> list[str]:
    """Return the command that loads what build.build() has returned.

    Raises UsageError where there is no bitstream, or the board names no programmer.
    """
    if built["bitstream"] is None:
        raise UsageError(f"There is no bitstream for {built['board']} yet: {built['next']}")
    if not built["flash"]:
        raise UsageError(
            f"Board {built['board']} names no programmer; set flash=(...) in its file, or load"
            f" {built['bitstream']} by hand"
        )
    return [word.replace("{bitstream}", built["bitstream"]) for word in built["flash"]]


def flash(command: list[str]) -> None:
    """Run a programmer, which speaks for itself.

    Raises ToolNotFound with the command that installs it, ToolError where it fails, UsageError
    where the bitstream is gone.
    """
    path = find_program(command[0])
    if path is None:
        install = INSTALL.get(command[0])
        hint = f"; install it with: {install}" if install else ", and this lgn-hw knows no package"
        raise ToolNotFound(f"{command[0]} is missing{hint}")
    # Before the programmer is started: some erase the board's memory first.
    missing = [word for word in command if word.endswith((".bin", ".bit", ".fs"))]
    if not all(Path(word).exists() for word in missing):
        raise UsageError(f"There is no file {missing[0]}; build it again with `lgn build`")
    done = subprocess.run([path, *command[1:]], check=False)
    if done.returncode:
        raise ToolError(
            f"{command[0]} failed ({done.returncode}); is the board connected, and may you use its"
            " USB device?"
        )
