"""The `lgn` command: thin, one file a sub-command, over functions that a script can call too."""

import sys
from typing import Annotated, NoReturn

import typer

import lgn_hw
from lgn_hw.cli.boards import boards
from lgn_hw.cli.build import build
from lgn_hw.cli.console import errors
from lgn_hw.cli.doctor import doctor
from lgn_hw.cli.export import export
from lgn_hw.cli.flash import flash
from lgn_hw.cli.fmax import fmax
from lgn_hw.cli.info import info
from lgn_hw.cli.optimize import optimize
from lgn_hw.cli.predict import predict
from lgn_hw.cli.prove import prove
from lgn_hw.cli.report import report
from lgn_hw.cli.reproduce import reproduce
from lgn_hw.cli.run import run
from lgn_hw.cli.sim import sim
from lgn_hw.cli.summary import summary
from lgn_hw.cli.synth import synth
from lgn_hw.cli.train import train
from lgn_hw.cli.verilog import verilog
from lgn_hw.errors import LgnError

__all__ = ["app", "main"]

app = typer.Typer(
    name="lgn",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 ok, 1 a check failed, 2 usage, 3 missing tool, 4 tool failed.",
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"lgn-hw {lgn_hw.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Train logic gate networks and turn them into verified hardware."""


for command in (
    train, export, optimize, verilog, prove, sim, synth, fmax, summary, report, predict, info,
    reproduce, boards, build, flash, run, doctor,
):  # fmt: skip
    app.command()(command)


def main() -> None:
    """Run the command line; refusals print one message and exit with their code."""
    try:
        app()
    except LgnError as problem:
        _fail(str(problem), problem.exit_code)
    except FileNotFoundError as problem:
        _fail(f"There is no file {problem.filename}", LgnError.exit_code)
    except OSError as problem:
        _fail(f"{problem.strerror}: {problem.filename}", LgnError.exit_code)


def _fail(message: str, code: int) -> NoReturn:
    errors.print("[bold red]error:[/] ", end="")
    errors.print(message, markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)
