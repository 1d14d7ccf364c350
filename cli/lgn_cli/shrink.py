"""`lgn shrink`: make a classifier smaller where samples say that it costs least."""

import time
from dataclasses import asdict
from functools import partial
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
    save_classifier,
    show,
)
from lgn_cli.shrink_samples import Given, samples_of_file, samples_of_recipe
from lgn_cli.train import require_lgn_train
from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.errors import ToolNotFound, UsageError

if TYPE_CHECKING:
    from lgn_hw.circuit.options import CoreOptions
    from lgn_hw.shrink.parts import Parts
    from lgn_hw.shrink.rounds import TunedRound
    from lgn_hw.shrink.shrink import Round, Shrunk

__all__ = ["shrink"]


def shrink(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The smaller classifier, a .lgn file.")
    ],
    luts: Annotated[
        int | None,
        typer.Option(min=1, help="The most LUTs, or gates, that the whole circuit may take."),
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
        str,
        typer.Option(
            help="Which LUTs: 4 or 6 inputs, or a family as ice40, xilinx; gates for tables of"
            " fewer gates of two inputs, without training again."
        ),
    ] = "6",
    label: LabelOption = None,
    rounds: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Rounds of shrinking and training again; 0 for no training. As many as it takes"
            " by default, where training is installed.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Drop and merge gates where samples say that it costs least; scores change.

    Nets become constants or other nets, and tables are fitted to what is left; then the smaller
    net is trained again, in rounds. Three parts of the samples are told apart: what a change costs
    is measured on the first, which trains the net, too; the result is chosen on the second; and its
    accuracy is measured on the third, which nothing was chosen by. Without --data they are the
    training, validation and test part of the recipe that the classifier was trained with; a file is
    cut in 60, 20 and 20 %.

    Examples:

        lgn shrink build/digits/digits.lgn -o build/digits/shrunk.lgn --max-loss 0.2

        lgn shrink build/digits/digits.lgn -o small.lgn --luts 900 --rounds 0

        lgn shrink flowers.lgn -o small.lgn --data flowers.csv --luts 200 --lut ice40

        lgn shrink build/digits/digits.lgn -o chip.lgn --lut gates --max-loss 0.2
    """
    from lgn_hw.shrink.shrink import unit_of
    from lgn_hw.synth.targets import options_for

    check_classifier_path(output, classifier)
    options = options_for(lut)
    if options.head == "gates":
        if rounds:
            raise UsageError(
                f"--lut {lut} fits tables to the samples, without training again: leave out"
                f" --rounds {rounds}"
            )
        rounds = 0
    start = time.perf_counter()
    loaded = Classifier.load(classifier)
    given = samples_of_recipe(loaded) if data is None else samples_of_file(loaded, data, label)
    parts, loss = given.parts, None if max_loss is None else max_loss / 100
    found = _shrunk(loaded, given, options, luts, loss, rounds)
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
        "tuned": [asdict(entry) for entry in found.tuned],
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
        show(_table(found, parts, str(output), unit_of(options)))


def _shrunk(
    loaded: Classifier,
    given: Given,
    options: "CoreOptions",
    luts: int | None,
    loss: float | None,
    rounds: int | None,
) -> "Shrunk":
    """Shrink with or without training again."""
    from lgn_hw.shrink.rounds import shrink_in_rounds
    from lgn_hw.shrink.shrink import shrink as run
    from lgn_hw.shrink.shrink import unit_of

    if rounds != 0:
        try:
            require_lgn_train()
        except ToolNotFound as missing:
            if rounds:
                raise
            notice(f"{missing}; it is not trained again")
            rounds = 0
    if rounds == 0:
        tell = partial(_tell, unit_of(options))
        return run(loaded, given.parts, options, luts=luts, max_loss=loss, on_round=tell)
    return shrink_in_rounds(
        loaded, given.parts, options, given.tuner(_tell_epoch),
        luts=luts, max_loss=loss, rounds=rounds, on_round=_tell_tuned,
    )  # fmt: skip


def _tell(unit: str, entry: "Round") -> None:
    """Show progress: a line per round."""
    errors.print(
        f"{counted(entry.luts, unit)}, {100 * entry.accuracy:.2f} % on the samples to choose by;"
        f" {counted(entry.changed, 'net')} replaced,"
        f" {counted(entry.inverted, 'table entry')} inverted",
        soft_wrap=True,
    )


def _tell_epoch(epoch: int, epochs: int, accuracy: float) -> None:
    errors.print(f"  trained again, epoch {epoch}/{epochs}: {100 * accuracy:.2f} %", soft_wrap=True)


def _tell_tuned(entry: "TunedRound") -> None:
    errors.print(
        f"{counted(entry.luts, 'LUT')}, {100 * entry.shrunk_accuracy:.2f} % on the samples to"
        f" choose by, {100 * entry.accuracy:.2f} % after training again"
        + ("" if entry.kept else "; too much is lost"),
        soft_wrap=True,
    )


def _table(found: "Shrunk", parts: "Parts", title: str, unit: str) -> Table:
    """Lay out LUTs and accuracies before, after each round that was kept, and at the end."""
    before, after = found.before, found.after
    steps = [entry for entry in found.tuned if entry.kept][:-1]
    names = ["before", *(f"round {n}" for n in range(1, len(steps) + 1)), "after"]
    saved = 100 * (1 - after.luts / before.luts)
    table = Table(title=title, caption=f"{saved:.1f} % fewer {unit}s")
    for column in ("", *names):
        table.add_column(column, justify="left" if not column else "right")
    states: list[Round | TunedRound] = [before, *steps, after]
    table.add_row(f"{unit}s of the whole circuit", *(f"{state.luts:,}" for state in states))
    table.add_row(
        f"accuracy on {counted(len(parts.choose), 'sample')} that chose it",
        *(f"{100 * state.accuracy:.2f} %" for state in states),
    )
    between = [""] * len(steps)
    if found.held_out is not None:
        first, last = (f"{100 * share:.2f} %" for share in found.held_out)
        table.add_row(
            f"accuracy on {counted(len(parts.held_out or ()), 'sample')} held out",
            first,
            *between,
            last,
        )
    rows: dict[str, Any] = {"nets replaced": after.changed, "entries inverted": after.inverted}
    for name, count in rows.items():
        table.add_row(name, "", *between, f"{count:,}")
    return table
