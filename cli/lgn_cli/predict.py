"""`lgn predict`: classify samples in software, exactly as the hardware does."""

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from lgn_cli.console import JsonOption, out, print_json
from lgn_hw.classifier import Classifier
from lgn_hw.samples import read_samples

__all__ = ["predict"]


def predict(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    data: Annotated[
        Path,
        typer.Argument(help="Samples: an .npz with x (and y), or a .csv with the feature names."),
    ],
    scores: Annotated[bool, typer.Option("--scores", help="Print the votes too.")] = False,
    json: JsonOption = False,
) -> None:
    """Print the class of each sample as CSV, and the accuracy where the labels are known.

    An .npz holds x[samples, features] and optionally y[samples], the class numbers; an array
    named codes says that x is quantised already, as in the test.npz of a run. A .csv has a
    header; its columns are found by the classifier's feature names, and others are ignored, but a
    column `label` or the last one holds the labels where its values are class names.

    Examples:

        lgn predict build/digits/digits.lgn build/digits/test.npz

        lgn predict build/iris/iris.lgn flowers.csv --scores
    """
    loaded = Classifier.load(classifier)
    codes, labels = read_samples(loaded, data)
    counts = loaded.scores(codes)
    chosen = counts.argmax(axis=1)
    accuracy = None if labels is None else float((chosen == labels).mean())
    if json:
        found: dict[str, Any] = {"classes": [loaded.classes[c] for c in chosen]}
        if scores:
            found["scores"] = counts.tolist()
        print_json(found | {"samples": len(chosen), "accuracy": accuracy})
        return
    _print_rows(loaded, chosen, counts if scores else None)
    if accuracy is not None:
        typer.echo(f"accuracy {accuracy:.4f} on {len(chosen)} samples", err=True)


def _print_rows(
    classifier: Classifier, chosen: NDArray[np.int64], counts: NDArray[np.int32] | None
) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    votes = [] if counts is None else [f"score_{name}" for name in classifier.classes]
    writer.writerow(["sample", "class", *votes])
    for index, number in enumerate(chosen):
        row = [] if counts is None else counts[index].tolist()
        writer.writerow([index, classifier.classes[number], *row])
    out.file.flush()
