"""The `lgn` command: thin, one file per sub-command, over functions that a script can call too.

Commands import what they need inside their functions: torch and Amaranth take seconds to load, and
`lgn --help` needs neither. A command reads its options, calls one or two functions of a package,
and prints; whatever it can refuse, it refuses before it starts to compute.
"""

import contextlib
import os
import sys
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer
from rich.text import Text

import lgn_hw
from lgn_cli.boards import boards
from lgn_cli.build import build
from lgn_cli.console import errors
from lgn_cli.doctor import doctor
from lgn_cli.ending import Ended, end_on_signals
from lgn_cli.export import export
from lgn_cli.flash import flash
from lgn_cli.fmax import fmax
from lgn_cli.import_ import import_
from lgn_cli.info import info
from lgn_cli.new import new
from lgn_cli.optimize import optimize
from lgn_cli.predict import predict
from lgn_cli.prove import prove
from lgn_cli.report import report
from lgn_cli.reproduce import reproduce
from lgn_cli.run import run
from lgn_cli.search import search
from lgn_cli.shrink import shrink
from lgn_cli.sim import sim
from lgn_cli.summary import summary
from lgn_cli.synth import synth
from lgn_cli.train import train
from lgn_cli.verilog import verilog
from lgn_hw.errors import LgnError, UsageError

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
    """Print the version and end."""
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
    new, train, search, export, optimize, shrink, verilog, prove, sim, synth, fmax, summary, report,
    predict, info, reproduce, boards, build, flash, run, doctor,
):  # fmt: skip
    app.command()(command)
app.command("import")(import_)


def main() -> None:
    """Run the command line; refusals print one message and exit with their code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a letter that a terminal lacks must not end it
            stream.reconfigure(errors="backslashreplace")
    try:
        with end_on_signals():
            _run()
    except LgnError as problem:
        _fail(str(problem), problem.exit_code)
    except Ended as problem:
        _fail(str(problem), problem.code)
    except OSError as problem:
        if problem.filename is None:
            _drop_output()
        _fail(_words(problem), LgnError.exit_code)


def _run() -> None:
    """Run the command, and let everything that it printed out."""
    if "" in sys.argv[1:]:
        raise UsageError(
            "An argument is empty, as of a shell variable that is not set; give a value"
        )
    try:
        app()
    finally:
        sys.stdout.flush()  # here, where a full disk can be told


def _words(problem: OSError) -> str:
    """Say what the system refused, and of which file."""
    if isinstance(problem, FileNotFoundError):
        return f"There is no file {problem.filename}"
    if problem.filename is None:
        return f"The output cannot be written: {problem.strerror}"
    return f"{problem.strerror}: {problem.filename}"


def _drop_output() -> None:
    """Let what is left of the output go nowhere, or Python would fail on it again at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> NoReturn:
    """Print an error, and end with its exit code."""
    errors.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)
    sys.exit(code)
