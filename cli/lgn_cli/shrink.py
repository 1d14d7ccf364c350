"""`lgn shrink`: make a classifier smaller where samples say that it costs least."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from lgn_cli.console import (
    JsonOption,
    LabelOption,
    check_classifier_path,
    errors,
    finite,
    notice,
    print_json,
    print_notices,
    save_classifier,
    show,
)
from lgn_cli.train import require_lgn_train
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.shrink.parts import Parts
    from lgn_hw.shrink.shrink import Round, Shrunk

__all__ = ["shrink"]


def shrink(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The smaller classifier, a .lgn file.")
    ],
    luts: Annotated[
        int | None, typer.Option(min=1, help="The most LUTs that the whole circuit may take.")
    ] = None,
    max_loss: Annotated[
        float | None,
        typer.Option(min=0, max=100, callback=finite, help="The most percentage points to lose."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled samples, a table or an .npz; those of its recipe by default."),
    ] = None,
    lut: Annotated[
        str, typer.Option(help="Which LUTs: 4 or 6 inputs, or a family as ice40, xilinx.")
    ] = "6",
    label: LabelOption = None,
    json: JsonOption = False,
) -> None:
    """Drop and merge gates where samples say that it costs least; scores change.

    Nets become constants or other nets, and tables are fitted to what is left. Three parts of the
    samples are told apart: what a change costs is measured on the first, the result is chosen on
    the second, and its accuracy is measured on the third, which nothing was chosen by. Without
    --data they are the training, validation and test part of the recipe that the classifier was
    trained with; a file is cut in 60, 20 and 20 %.

    Examples:

        lgn shrink build/digits/digits.lgn -o build/digits/shrunk.lgn --max-loss 0.2

        lgn shrink flowers.lgn -o small.lgn --data flowers.csv --luts 200 --lut ice40
    """
    from lgn_hw.shrink.shrink import shrink as run
    from lgn_hw.synth.targets import options_for

    check_classifier_path(output)
    options = options_for(lut)
    if options.head == "gates":
        raise UsageError(f"--lut {lut} counts gates; give LUTs: 4, 6, or a family as ice40, xilinx")
    start = time.perf_counter()
    loaded = Classifier.load(classifier)
    parts = _of_recipe(loaded) if data is None else _of_file(loaded, data, label)
    loss = None if max_loss is None else max_loss / 100
    found = run(loaded, parts, options, luts=luts, max_loss=loss, on_round=_tell)
    save_classifier(output, found.classifier)
    if found.interrupted:
        notice("interrupted; this is the best of the rounds until then")
    result = {
        "path": str(output),
        "digest": found.classifier.digest,
        "shrunk_from": loaded.digest,
        "lut": lut,
        "before": asdict(found.before),
        "after": asdict(found.after),
        "rounds": [asdict(entry) for entry in found.rounds],
        "samples": {
            "fit": len(parts.fit),
            "choose": len(parts.choose),
            "held_out": len(parts.held_out or ()),
        },
        "held_out_accuracy": found.held_out,
        "seconds": round(time.perf_counter() - start, 2),
    }
    if json:
        print_json(result)
    else:
        show(_table(found, parts, str(output)))


def _tell(entry: "Round") -> None:
    """Show progress: a line per round."""
    errors.print(
        f"{entry.luts:,} LUTs, {100 * entry.accuracy:.2f} % on the samples to choose by;"
        f" {entry.changed:,} nets replaced, {entry.inverted:,} table entries inverted",
        soft_wrap=True,
    )


def _of_file(classifier: Classifier, path: Path, label: str | None) -> "Parts":
    from lgn_hw.samples import read_samples
    from lgn_hw.shrink.parts import split

    samples = read_samples(classifier, path, label)
    print_notices(samples.notices)
    notice(
        "the samples are cut in 60 % to fit, 20 % to choose and 20 % to measure; of those that the"
        " classifier was trained on, the accuracy is too good"
    )
    return split(samples)


def _of_recipe(classifier: Classifier) -> "Parts":
    """Return the parts of the data that the classifier was trained on."""
    recipe = classifier.provenance.get("recipe") or {}
    source = recipe.get("data", {}).get("source")
    if source in (None, "file"):
        raise UsageError(
            "The classifier does not say where its samples can be found; give them with --data"
        )
    require_lgn_train()
    from lgn_hw.shrink.parts import Part, Parts
    from lgn_train.recipe import Recipe
    from lgn_train.sources import load_dataset

    changes = []
    if not recipe["data"].get("validation"):
        changes = ["data.validation=0.1"]
        notice(
            "it was trained without a validation part; a tenth of its training samples is held out"
            " now to choose by, of which it has seen the labels"
        )
    found = load_dataset(Recipe.of(recipe, "The classifier's recipe", changes).data)
    if classifier.features.names != found.features.names:
        raise UsageError(f"The classifier has other features than {source}; give --data")
    assert found.x_validation is not None
    assert found.y_validation is not None
    return Parts(
        Part(found.x_train, found.y_train),
        Part(found.x_validation, found.y_validation),
        Part(found.x_test, found.y_test),
    )


def _table(found: "Shrunk", parts: "Parts", title: str) -> Table:
    """Lay out LUTs and accuracies before and after."""
    before, after = found.before, found.after
    saved = 100 * (1 - after.luts / before.luts)
    table = Table(title=title, caption=f"{saved:.1f} % fewer LUTs")
    for column in ("", "before", "after"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("LUTs of the whole circuit", f"{before.luts:,}", f"{after.luts:,}")
    table.add_row(
        f"accuracy on {len(parts.choose):,} samples that chose it",
        f"{100 * before.accuracy:.2f} %",
        f"{100 * after.accuracy:.2f} %",
    )
    if found.held_out is not None:
        table.add_row(
            f"accuracy on {len(parts.held_out or ()):,} samples held out",
            *(f"{100 * share:.2f} %" for share in found.held_out),
        )
    rows: dict[str, Any] = {"nets replaced": after.changed, "entries inverted": after.inverted}
    for name, count in rows.items():
        table.add_row(name, "", f"{count:,}")
    return table
