"""`lgn flash`: load a bitstream into its board."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from lgn_cli.console import JsonOption, print_json, say

__all__ = ["flash"]


def flash(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that lgn build made.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the command, and do not run it.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Print and run the command of the board's programmer.

    Examples:

        lgn flash build/digits/digits.lgn.icebreaker

        lgn flash build/digits/digits.lgn.icebreaker --dry-run
    """
    from lgn_boards.build import read_build
    from lgn_boards.flash import flash as run_programmer
    from lgn_boards.flash import flash_command

    command = flash_command(read_build(folder))
    if json:
        print_json({"command": command, "run": not dry_run})
    else:
        # The command is printed before it runs, so that it can be repeated with other options.
        say(shlex.join(command))
    if not dry_run:
        run_programmer(command)
