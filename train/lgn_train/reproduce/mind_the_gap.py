"""The experiment of "Mind the Gap" (2506.07500): train every method, compare, write the page."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lgn_hw.errors import ToolNotFound, UsageError
from lgn_hw.files.own_file import kept_notice, replace_file
from lgn_hw.files.owned_folder import MANIFEST, adopt_folder
from lgn_hw.files.shared_folder import share_folder
from lgn_train.device import device_named
from lgn_train.progress import StepProgress
from lgn_train.reproduce.results import FORMAT, check_equal_starts, summarize
from lgn_train.reproduce.runs import Runs
from lgn_train.reproduce.scale import RunSpec, Scale, chosen
from lgn_train.sources import load_dataset

__all__ = ["mind_the_gap"]

COMMAND = "reproduce"


def mind_the_gap(
    scale: Scale,
    folder: Path,
    page: Path,
    *,
    command: str = "lgn reproduce mind-the-gap",
    train: bool = True,
    only: Sequence[str] = (),
    quiet: bool = False,
    tell: Callable[[str], None] = lambda notice: None,
) -> dict[str, Any]:
    """Train the runs that the folder lacks, write the page, and return its figures.

    The folder keeps each run as runs/NAME.json, written at every measurement, and a checkpoint of
    the one under way; runs of the same options and data are not trained again. only: the runs that
    are trained, see chosen(). tell: called with what the user should know, a sentence each.
    Several processes may share a folder: a run that one of them trains is left to it. The page is
    of all runs that are there; train=False writes it and nothing else. It takes its figures from
    NAME.json of every scale in the folder beside it that has its name, where its plots are, too.

    Raises UsageError for options that do not fit, ToolNotFound without matplotlib, and CheckFailed
    where two methods did not start from the same network.
    """
    _require_matplotlib()
    from lgn_train.reproduce.page import write_page

    if train:
        device_named(scale.experiment.device)
    data = {name: load_dataset(scale.source(name)) for name in scale.data.sources}
    specs = scale.runs({name: len(found.x_train) for name, found in data.items()})
    # Refuses a wrong --only before anything is trained.
    wanted = chosen(specs, only)
    runs = Runs(folder, data)
    if train:
        _own(folder)
        _train(runs, wanted, quiet)
    found = [runs.found(spec) for spec in specs]
    records = [record for record in found if record is not None]
    if not records:
        raise UsageError(f"{folder} holds no run of these options; train without --no-train")
    _own(folder)
    # Before any figure: methods that start from different networks cannot be compared.
    check_equal_starts(records)
    results = summarize(scale, records, command)
    _write_results(folder / "results.json", results, tell)
    for told in write_page(page, results):
        tell(told)
    return results


def _own(folder: Path) -> None:
    """Take a folder for this command's; one of an earlier version is known by its runs or locks."""
    records = list((folder / "runs").glob("*.json"))
    known = all(b'"data_sha256"' in path.read_bytes() for path in records) and (
        records or list((folder / "locks").glob("*.lock"))
    )
    if known and not (folder / MANIFEST).exists():
        adopt_folder(folder, COMMAND, [])
    share_folder(folder, COMMAND)


def _write_results(path: Path, results: dict[str, Any], tell: Callable[[str], None]) -> None:
    """Write the figures as JSON; a file of that name that this command did not write is kept."""
    data = (json.dumps(results, indent=1) + "\n").encode()
    kept = replace_file(path, data, lambda old: FORMAT.encode() in old)
    for told in kept_notice(path, kept):
        tell(told)


def _train(runs: Runs, specs: Sequence[RunSpec], quiet: bool) -> None:
    """Train the runs one after the other, with one progress bar over the steps of all of them.

    A run that another process holds is passed over, not waited for: processes that share a folder
    divide the runs among themselves without being told how.
    """
    total = sum(spec.experiment.steps for spec in specs)
    batch = specs[0].recipe.train.batch_size
    with StepProgress(total, batch, sum(map(runs.steps_done, specs)), quiet) as bar:
        telling = Runs(runs.folder, runs.data, bar.advance, _shown_on(bar, specs))
        for spec in specs:
            with telling.held(spec) as free:
                if not free:
                    bar.notice(f"{spec.name} is left to the process that trains it")
                    continue
                record = telling.found(spec)
                if record is not None and record["finished"]:
                    bar.notice(f"{spec.name} is finished already, and taken as it is")
                else:
                    telling.trained(spec)


def _shown_on(bar: StepProgress, specs: Sequence[RunSpec]) -> Any:
    """Return what shows a measurement on the bar; where the bar is not live (a log file), it writes
    a line instead, with the time that is left.
    """
    numbers = {spec.name: number for number, spec in enumerate(specs, start=1)}

    def show(spec: RunSpec, point: dict[str, Any]) -> None:
        text = (
            f"run {numbers[spec.name]}/{len(specs)}  {spec.data}, {spec.method}, depth"
            f" {spec.depth}, seed {spec.seed}  step {point['step']}"
            f"  train mode {point['train_mode']:.4f}  discrete {point['discrete']:.4f}"
        )
        bar.describe(text)
        if not bar.live:
            bar.line(f"{text}  {bar.left()}")

    return show


def _require_matplotlib() -> None:
    """Look before hours of training, not after."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as problem:
        raise ToolNotFound(
            "The page's plots need the package matplotlib, which is missing;"
            " install it: pip install 'lgn-hw[report]'"
        ) from problem
