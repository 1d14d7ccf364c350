"""The `lgn` command: thin, one file a sub-command, over functions that a script can call too."""

import sys

import typer

from lgn_hw.cli.console import errors
from lgn_hw.errors import LgnError

__all__ = ["app", "main"]

app = typer.Typer(
    name="lgn",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train logic gate networks and turn them into verified hardware.",
    epilog="Exit codes: 0 ok, 1 a check failed, 2 usage, 3 missing tool, 4 tool failed.",
)


def main() -> None:
    """Run the command line; refusals print one message and exit with their code."""
    try:
        app()
    except LgnError as problem:
        errors.print(f"[bold red]error:[/] {type(problem).__name__}: ", end="")
        errors.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        sys.exit(problem.exit_code)
