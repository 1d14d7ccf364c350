"""`lgn reproduce`: train a published experiment at a size of one's own, and write its page."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lgn_cli.console import JsonOption, notice, print_json, say
from lgn_cli.ending import Ended
from lgn_cli.train import INTERRUPTED, require_lgn_train

__all__ = ["Experiment", "reproduce"]


class Experiment(StrEnum):
    """What can be reproduced."""

    MIND_THE_GAP = "mind-the-gap"


def reproduce(
    experiment: Annotated[Experiment, typer.Argument(help="mind-the-gap: arXiv 2506.07500.")],
    scale: Annotated[
        str, typer.Option(help="How large: cpu, appendix, gpu, or a .toml file like those.")
    ] = "cpu",
    data: Annotated[
        str | None,
        typer.Option(help='cifar10, mnist or digits; short for --set data.sources=["..."].'),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Short for --set experiment.seeds=N.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The folder of the runs; build/EXPERIMENT-SCALE."),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="The page, a .md file; reproduction.md in the folder.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a value of the scale: KEY=VALUE. May be repeated."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Train these only, like gumbel_st:0 or mnist:soft. May be repeated."),
    ] = None,
    train: Annotated[
        bool, typer.Option(help="Train the runs that the folder lacks, or take what it has.")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Train a published experiment, all methods and seeds, and write a page with its figures.

    Each run is a file in the folder, and is not trained again by a second call with the same
    options; an interrupted one goes on. Several processes may share a folder: each takes runs that
    no other one trains. --no-train writes the page from the runs so far.

    Examples:

        lgn reproduce mind-the-gap --scale cpu

        lgn reproduce mind-the-gap --data digits --set experiment.width=400

        lgn reproduce mind-the-gap --scale appendix --only mnist:soft --only mnist:gumbel_st:0

        lgn reproduce mind-the-gap --scale gpu --seeds 2 --no-train
    """
    require_lgn_train()
    from lgn_train.reproduce.mind_the_gap import mind_the_gap
    from lgn_train.reproduce.scale import load_scale

    changes = list(change or [])
    changes += [] if data is None else [f'data.sources=["{data}"]']
    changes += [] if seeds is None else [f"experiment.seeds={seeds}"]
    chosen = load_scale(scale, changes)
    folder = output or Path("build") / f"{experiment.value}-{chosen.name}"
    page = page or folder / "reproduction.md"
    command = _command(experiment, scale, changes)
    try:
        results = mind_the_gap(
            chosen, folder, page, command=command, train=train, only=only or (), tell=notice
        )
    except (KeyboardInterrupt, Ended) as end:
        notice(f"interrupted; the same command goes on in {folder}")
        raise typer.Exit(getattr(end, "code", INTERRUPTED)) from None
    if json:
        print_json(results)
        return
    runs = sum(m["seeds"] for of in results["data"].values() for m in of["methods"].values())
    say(f"{page}: {runs} runs of {', '.join(results['data'])}; figures in"
              f" {folder}/results.json")  # fmt: skip


def _command(experiment: Experiment, scale: str, changes: list[str]) -> str:
    """Return the command that gives the same figures."""
    words = ["lgn", "reproduce", experiment.value, "--scale", scale]
    for change in changes:
        words += ["--set", change]
    return shlex.join(words)
