"""`lgn search`: from data and a budget of LUTs to a front of proven designs."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from lgn_cli.console import JsonOption, errors, finite, notice, print_json, show
from lgn_cli.ending import Ended
from lgn_cli.search_data import section_of
from lgn_cli.search_part import capacity_of, latency_on
from lgn_cli.train import INTERRUPTED, require_lgn_train
from lgn_hw.counted import counted
from lgn_hw.errors import ToolNotFound, UsageError

if TYPE_CHECKING:
    from lgn_train.search import Search

__all__ = ["search"]

DEFAULT_LUT = "6"
MOST_JOBS = 8
TOLD_EVERY = 10  # trials, where no terminal shows each


def search(
    data: Annotated[
        str,
        typer.Argument(
            help="A .csv, .npz or .parquet file, a recipe (its data), or the name of one."
        ),
    ],
    luts: Annotated[
        int | None,
        typer.Option(min=1, help="The most LUTs of a whole circuit; those of --part by default."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="What it is for: a part, as up5k-sg48, or a board, as icestick."),
    ] = None,
    lut: Annotated[
        str | None,
        typer.Option(help="The LUTs, where no part is named: 4, 6, or a family as xilinx; 6."),
    ] = None,
    clock_mhz: Annotated[
        float | None,
        typer.Option(
            min=0.001, callback=finite, help="With --part: the clock to state latency for."
        ),
    ] = None,
    minutes: Annotated[
        float,
        typer.Option(min=0.01, callback=finite, help="For everything, by the clock on the wall."),
    ] = 30,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Stop trying after so many more, if time is left.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Networks of each design that is shown.")] = 3,
    points: Annotated[int, typer.Option(min=1, help="Designs that are shown, at most.")] = 8,
    steps: Annotated[
        int, typer.Option(min=0, help="Of the longest trainings; 1000 to 3000 by the samples.")
    ] = 0,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 for one per core, at most 8.")] = 0,
    label: Annotated[
        str | None, typer.Option(help="The label column of a table; the last one by default.")
    ] = None,
    limits: Annotated[
        list[str] | None, typer.Option("--range", help="As of lgn train: LOW:HIGH, NAME=LOW:HIGH.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a value of the data: data.KEY=VALUE. May be repeated."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The folder; build/search-NAME by default."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the folder's search, or help with it.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Search for the smallest classifiers of your data: accuracy against LUTs, at most --luts.

    The folder gets the designs that no other one beats, each a recipe and a classifier (.lgn) that
    is proven to be what was trained, with figures in front.json and a page, index.html. The whole
    circuit counts: encoder, gates, popcount and argmax. Designs are compared on validation samples;
    the test part is measured at the end, with seeds that the search has not used.

    Ctrl-C ends the trials and trains what was found; a second one ends the command. Several
    processes, also of other machines, may share a folder with --resume.

    Examples:

        lgn search flowers.csv --luts 200 --minutes 10

        lgn search digits --part icestick --clock-mhz 12

        lgn search digits --part icestick --clock-mhz 12 --resume
    """
    require_lgn_train()
    settings = _settings(data, luts, part, lut, label, limits, change or [], steps)
    describe = latency_on(part, clock_mhz, settings.options)
    made = _opened(
        settings,
        output,
        minutes=minutes,
        resume=resume,
        jobs=jobs or _cores(),
        seeds=seeds,
        points=points,
    )
    for sentence in made.notices:
        notice(sentence)
    front = _found(made, trials, describe)
    if json:
        print_json(list(front.points))
    else:
        show(_table(front.points, made))
        notice(f"{made.folder / 'index.html'} shows them")


def _opened(settings: Any, output: Path | None, **options: Any) -> "Search":
    from lgn_train.search import Search

    return Search(settings, output or Path("build") / f"search-{settings.name}", **options)


def _found(made: "Search", trials: int | None, describe: Callable[..., Any]) -> Any:
    """Run the trials and what follows; the first Ctrl-C ends the trials only."""
    with _Progress(made) as progress:
        try:
            made.explore(trials, progress.trial)
        except (KeyboardInterrupt, Ended) as end:
            _ended(made, end, only=INTERRUPTED)
            notice("no more trials: what was found is trained with more seeds; Ctrl-C ends that")
        try:
            return made.finish(describe, progress.final)
        except (KeyboardInterrupt, Ended) as end:
            _ended(made, end)


def _ended(made: "Search", end: BaseException, only: int = 0) -> None:
    """End the command where a signal wants it, but for the signal whose code is `only`."""
    code = getattr(end, "code", INTERRUPTED)
    if code != only:
        notice(f"interrupted; the same command with --resume goes on in {made.folder}")
        raise typer.Exit(code) from None


class _Progress:
    """What is told of a search on standard error: each trial on a terminal, else some."""

    def __init__(self, made: "Search") -> None:
        self._made, self._status = made, errors.status("")

    def __enter__(self) -> "_Progress":
        if errors.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._status.stop()

    def _time(self) -> str:
        passed, seconds = self._made.clock.passed, self._made.clock.seconds
        return f"{passed / 60:.1f} of {seconds / 60:g} min"

    def trial(self, front: Sequence[Any], trials: int) -> None:
        ends = [front[0], front[-1]] if len(front) > 1 else front
        found = " to ".join(
            f"{counted(round(d.luts), 'LUT')} {100 * d.accuracy:.2f} %" for d in ends
        )
        # A front of one point has one end.
        text = f"{self._time()}  {counted(trials, 'trial')}  validation: {found or 'nothing yet'}"
        if errors.is_terminal:
            self._status.update(text)
        elif trials % TOLD_EVERY == 0:
            errors.print(text, soft_wrap=True)

    def final(self, done: int, of: int) -> None:
        text = f"{self._time()}  {done} of {counted(of, 'network')} trained for the front"
        if errors.is_terminal:
            self._status.update(text)
        else:
            errors.print(text, soft_wrap=True)


def _cores() -> int:
    cores = getattr(os, "process_cpu_count", os.cpu_count)()
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    return max(1, min(MOST_JOBS, cores or 1))


def _settings(
    data: str,
    luts: int | None,
    part: str | None,
    lut: str | None,
    label: str | None,
    limits: list[str] | None,
    changes: list[str],
    steps: int,
) -> Any:
    """Return the settings that the options mean; raises UsageError where they do not fit."""
    try:
        from lgn_train.search import Settings
    except ImportError as problem:
        missing = (problem.name or "").partition(".")[0]
        if missing not in ("optuna", "tomli_w"):
            raise
        raise ToolNotFound(
            f"lgn search needs the package {missing}, which is missing; install it:"
            " pip install 'lgn-hw[search]'"
        ) from problem
    if lut is not None and part is not None:
        raise UsageError("--part has LUTs of its own; leave out --lut, or name no part")
    target, capacity = (lut or DEFAULT_LUT, None) if part is None else capacity_of(part)
    if luts is None and capacity is None:
        raise UsageError("Say how large designs may be: --luts N, or --part NAME")
    if luts is not None and capacity is not None and luts > capacity:
        raise UsageError(f"{part} has {capacity:,} LUTs; lower --luts {luts}, or leave it out")
    name, section = section_of(data, label, limits, changes)
    return Settings(name, section, luts or capacity or 0, target.lower(), steps)


def _table(points: Sequence[Mapping[str, Any]], made: "Search") -> Table:
    """Lay out the front."""
    table = Table(title=str(made.folder))
    table.add_column("design")
    for column in ("LUTs", "test accuracy", "validation", "LUTs over seeds"):
        table.add_column(column, justify="right")
    for p in points:
        table.add_row(
            p["name"] + (" (recommended)" if p["recommended"] else ""),
            f"{p['luts']:,}",
            f"{100 * p['accuracy']:.2f} ± {100 * p['accuracy_sd']:.2f} %",
            f"{100 * p['validation_accuracy']:.2f} ± {100 * p['validation_sd']:.2f} %",
            f"{p['luts_mean']:,.0f} ± {p['luts_sd']:,.0f}",
        )
    return table
