"""`lgn train`: train a recipe, or a default one on the user's table, into a run folder."""

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from lgn_cli.console import JsonOption, notice, print_json, show
from lgn_cli.ending import Ended
from lgn_hw.classifier import Classifier
from lgn_hw.errors import ToolNotFound, UsageError

if TYPE_CHECKING:
    from lgn_train.data.ranges import Range
    from lgn_train.recipe import Recipe

__all__ = [
    "INTERRUPTED",
    "default_recipe",
    "read_ranges",
    "require_lgn_train",
    "safe_name",
    "train",
]

INTERRUPTED = 130  # what a shell calls a program that was ended by Ctrl-C

# For tables of tens of columns and hundreds to thousands of rows; the user's words change it.
DEFAULT_RECIPE: dict[str, Any] = {
    "encoder": {"levels": 7, "kind": "quantile"},
    "model": {"fan_in": 4, "parametrization": "walsh"},
    "train": {"learning_rate": 0.02},
}
DEFAULT_OUTPUTS = 300  # of the last layer, about; a multiple of the classes
DEFAULT_STEPS = 2000  # about; ten seconds on two cores
DEFAULT_EPOCHS = (10, 200)  # at least and at most
LARGE_TABLE = 2000  # rows, from which batches are larger


def train(
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="A recipe: a .toml file, or a name of --list; may be left out with --data."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A classifier, a .lgn file, whose gates are trained further; its recipe by"
            " default.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Samples to train on: a .csv with a header, or an .npz with x and y."),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="The label column of a table; the last one by default.")
    ] = None,
    limits: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            help="The range of all features, LOW:HIGH, or of one, NAME=LOW:HIGH; that of the"
            " training samples by default. May be repeated.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run folder; build/NAME by default.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a value of the recipe: KEY=VALUE. May be repeated."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Short for --set seed=N.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Short for --set train.epochs=N.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's newest checkpoint.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Start over where the folder holds a run.")
    ] = False,
    device: Annotated[str, typer.Option(help="Where to compute: cpu or cuda.")] = "cpu",
    list_: Annotated[
        bool, typer.Option("--list", help="List the recipes that come with lgn-hw, and end.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Train a network and export it as a classifier, NAME.lgn, in a run folder.

    The folder also holds the recipe as it was run, a line of metrics an epoch, checkpoints, and
    the test samples that simulation reads. Accuracies are those of the test part.

    Examples:

        lgn train digits

        lgn train digits --set model.tau=5 --seed 1 --output build/trial

        lgn train --data flowers.csv --label species --range 0:10

        lgn train --from small.lgn --epochs 20 -o build/tuned

        torchrun --standalone --nproc-per-node 2 --no-python lgn train RECIPE
    """
    lgn_train = require_lgn_train()
    if list_:
        _list_recipes(json)
        return
    changes = list(change or [])
    changes += [] if seed is None else [f"seed={seed}"]
    changes += [] if epochs is None else [f"train.epochs={epochs}"]
    chosen = _recipe(recipe, data, label, changes, start)
    if start is not None:
        chosen = lgn_train.starting.with_start(chosen, start)
    folder = output or Path("build") / chosen.name
    try:
        figures = lgn_train.train(
            chosen,
            folder,
            data_path=data,
            label=label,
            limits=read_ranges(limits or []),
            resume=resume,
            force=force,
            device=device,
        )
    except (KeyboardInterrupt, Ended) as end:
        notice(f"interrupted; the same command with --resume goes on in {folder}")
        raise typer.Exit(getattr(end, "code", INTERRUPTED)) from None
    if not lgn_train.distributed.World.speaks():
        return
    if json:
        print_json(figures)
    else:
        show(_table(figures, str(folder)))


def read_ranges(options: list[str]) -> "Range | None":
    """Read --range options; raises UsageError naming the one that is none."""
    found: dict[str, tuple[float, float]] = {}
    for option in options:
        # From the right: a feature's name may have an equals sign of its own.
        name, _, ends = option.rpartition("=")
        try:
            low, high = map(_number, ends.split(":"))
        except ValueError:
            raise UsageError(
                f"--range must be LOW:HIGH or NAME=LOW:HIGH, like 0:255, not {option!r}"
            ) from None
        if not low < high:
            raise UsageError(f"--range must be low below high, not {option!r}")
        found[name] = low, high
    if "" in found and len(found) > 1:
        raise UsageError("--range LOW:HIGH is of all features; leave out those of single ones")
    return found.get("", found) or None


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return int(text) if text.strip().lstrip("+-").isdigit() else value


def require_lgn_train() -> Any:
    """Return the package lgn_train; raises ToolNotFound where what it needs is missing."""
    try:
        import lgn_train
    except ImportError as problem:
        missing = (problem.name or "").partition(".")[0]
        if missing in ("", "lgn_train", "lgn_hw"):
            raise  # a defect, which no installation mends
        raise ToolNotFound(
            f"Training needs the package {missing}, which is missing;"
            " install it: pip install 'lgn-hw[train]'"
        ) from problem
    return lgn_train


def _list_recipes(json: bool) -> None:
    """Print the name of each recipe with the first line of its head."""
    from lgn_train.recipe_files import recipe_names, title_of

    found = {name: title_of(path) for name, path in recipe_names().items()}
    if json:
        print_json(found)
        return
    table = Table(show_header=False)
    for name, title in found.items():
        table.add_row(name, title)
    show(table)


def _recipe(
    wanted: str | None,
    data: Path | None,
    label: str | None,
    changes: list[str],
    start: Path | None,
) -> "Recipe":
    """Return the recipe of a file with the changes of the command line, that of the classifier to
    start from, or one for a table.
    """
    from lgn_hw.data import KINDS
    from lgn_train.recipe import Recipe
    from lgn_train.recipe_files import recipe_path

    if wanted is not None and Path(wanted).suffix.lower() in KINDS:
        raise UsageError(f"{wanted} is no recipe but a data file; give it as --data {wanted}")
    if wanted is not None:
        return Recipe.load(recipe_path(wanted), changes)
    if start is not None:
        return _recipe_of(start, data, changes)
    if data is None:
        raise UsageError(
            "Name a recipe, like digits (--list shows all), or give your own samples with --data"
        )
    return Recipe.of(default_recipe(data, label), "the default recipe", changes)


def _recipe_of(start: Path, data: Path | None, changes: list[str]) -> "Recipe":
    """Return the recipe that a classifier was trained with, or the default one for its data."""
    from lgn_train.recipe import Recipe

    known = dict(Classifier.load(start).provenance.get("recipe") or {})
    if known and (data is not None or known["data"]["source"] != "file"):
        return Recipe.of(known, f"The recipe of {start}", changes)
    if data is not None:
        return Recipe.of(default_recipe(data, None), "the default recipe", changes)
    raise UsageError(
        f"{start} does not say where its samples can be found; give them with --data, or name the"
        " recipe"
    )


def default_recipe(path: Path, label: str | None) -> dict[str, Any]:
    """Return the default recipe, sized for the classes and the rows of the data."""
    from lgn_train.data import load_file

    data = load_file(path, label)
    classes, rows = len(data.classes), len(data.x_train)
    outputs = max(1, round(DEFAULT_OUTPUTS / classes)) * classes
    batch_size = 32 if rows < LARGE_TABLE else 128
    fewest, most = DEFAULT_EPOCHS
    recipe = {section: dict(values) for section, values in DEFAULT_RECIPE.items()}
    recipe["model"] |= {
        "layers": [2 * outputs, outputs],
        "tau": round((outputs / classes) ** 0.5 / 2, 2),
    }
    recipe["train"] |= {
        "batch_size": batch_size,
        "epochs": min(most, max(fewest, DEFAULT_STEPS * batch_size // rows)),
    }
    source = {"source": "file", "path": str(path)} | ({"label": label} if label else {})
    return {"name": safe_name(path), "data": source} | recipe


def safe_name(path: Path) -> str:
    """Return a name for a recipe, made of that of a file of data."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("._-") or "table"


def _choice(figures: dict[str, Any]) -> dict[str, str]:
    """Say which epoch is in the classifier, where it was chosen on a validation part."""
    if figures["chosen_on"] is None:
        return {}
    accuracy, samples = figures["validation_accuracy"], figures["validation_samples"]
    return {
        "validation accuracy": f"{100 * accuracy:.2f} % of {samples} samples",
        "epoch kept, the best on them": str(figures["kept_epoch"]),
    }


def _table(figures: dict[str, Any], folder: str) -> Table:
    """Lay out the figures of a run."""
    percent = "{:.2f} %".format
    points = "{:+.2f} points".format
    rows = {
        "accuracy": percent(100 * figures["accuracy"]),
        "gap, train mode minus discrete": points(100 * figures["gap"]),
        "gap, soft mixture minus discrete": points(100 * figures["gap_soft"]),
        "unused gates": percent(100 * figures["unused_gates"]),
        "nodes": str(figures["nodes"]),
        "encoder bits": str(figures["encoder_bits"]),
        "test samples": str(figures["test_samples"]),
        **_choice(figures),
        "epochs": str(figures["epochs"]),
        "seconds": f"{figures['seconds']:.1f}",
        "classifier": figures["classifier"],
    }
    table = Table(title=folder, show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    return table
