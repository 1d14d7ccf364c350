"""The experiment of "Mind the Gap" (2506.07500): train every method, compare, write the page."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from lgn_hw.errors import ToolNotFound, UsageError
from lgn_hw.files.owned_folder import adopt_folder, own_folder, read_manifest
from lgn_train.device import device_named
from lgn_train.progress import StepProgress
from lgn_train.reproduce.results import check_equal_starts, summarize
from lgn_train.reproduce.runs import Runs
from lgn_train.reproduce.scale import DLGN, RunSpec, Scale
from lgn_train.run import fitted_encoder
from lgn_train.sources import load_dataset

__all__ = ["mind_the_gap"]


def mind_the_gap(
    scale: Scale,
    folder: Path,
    page: Path,
    *,
    command: str = "lgn reproduce mind-the-gap",
    train: bool = True,
    quiet: bool = False,
) -> dict[str, Any]:
    """Train the runs that the folder lacks, write the page, and return its figures.

    The folder keeps each run as runs/NAME.json, written at every measurement, and a checkpoint of
    the one under way; runs of the same options and data are not trained again. train=False writes
    the page from the runs that are there. The page takes its figures from NAME.json of every
    scale in the folder beside it that has its name, where its plots are, too.

    Raises UsageError for options that do not fit, ToolNotFound without matplotlib, and CheckFailed
    where two methods did not start from the same network.
    """
    _require_matplotlib()
    from lgn_train.reproduce.page import write_page

    if train:
        device_named(scale.experiment.device)
    data = load_dataset(scale.data)
    specs = scale.runs(len(data.x_train))
    encoder = fitted_encoder(specs[0].recipe, data)
    _adopt(folder)
    with own_folder(folder, "reproduce") as owned:
        results = _results(scale, specs, Runs(folder, data, encoder), command, train, quiet)
        owned.write("results.json", (json.dumps(results, indent=1) + "\n").encode())
        write_page(page, results)
    return results


def _results(
    scale: Scale, specs: list[RunSpec], runs: Runs, command: str, train: bool, quiet: bool
) -> dict[str, Any]:
    """Train what is missing, and return the figures of all runs."""
    total, batch = scale.experiment.steps * len(specs), specs[0].recipe.train.batch_size
    done = sum(map(runs.steps_done, specs))
    with StepProgress(total, batch, done, quiet) as bar:
        runs = replace(runs, on_step=bar.advance, on_point=_shown_on(bar, specs))
        found = [_record(runs, spec, bar, train) for spec in specs]
    records = [record for record in found if record is not None]
    if not any(r["method"] == DLGN and r["depth"] == scale.experiment.depth for r in records):
        raise UsageError(f"{runs.folder} holds no DLGN of these options to set the others beside")
    check_equal_starts(records)
    return summarize(scale, records, command)


def _adopt(folder: Path) -> None:
    """Mark a folder of runs that has no mark yet; their records show what they are."""
    if read_manifest(folder) is None:
        try:
            found = [json.loads(path.read_bytes()) for path in folder.glob("runs/*.json")]
        except ValueError:
            return
        if found and all("data_sha256" in record for record in found):
            adopt_folder(folder, "reproduce", ("results.json",))


def _record(runs: Runs, spec: RunSpec, bar: StepProgress, train: bool) -> dict[str, Any] | None:
    record = runs.found(spec)
    if record is not None and record["finished"]:
        bar.notice(f"{spec.name} is finished already, and taken as it is")
        return record
    return runs.trained(spec) if train else record


def _shown_on(bar: StepProgress, specs: list[RunSpec]) -> Any:
    numbers = {spec.name: number for number, spec in enumerate(specs, start=1)}

    def show(spec: RunSpec, point: dict[str, Any]) -> None:
        text = (
            f"run {numbers[spec.name]}/{len(specs)}  {spec.method}, depth {spec.depth}, seed"
            f" {spec.seed}  step {point['step']}  soft {point['soft']:.4f}"
            f"  discrete {point['discrete']:.4f}"
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
