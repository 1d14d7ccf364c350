"""`lgn predict`: classify samples in software, exactly as the hardware does.

It runs the same engine as Classifier.predict, to which simulations and boards are compared.
"""

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from lgn_cli.console import JsonOption, LabelOption, out, print_json, print_notices
from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.samples import read_samples

__all__ = ["predict"]


def predict(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    data: Annotated[
        Path,
        typer.Argument(help="Samples: a .csv with the feature names, or an .npz with x (and y)."),
    ],
    scores: Annotated[bool, typer.Option("--scores", help="Print the votes too.")] = False,
    label: LabelOption = None,
    device: Annotated[
        str, typer.Option(help="Where to compute: cpu, cuda, or cuda:1 and so on.")
    ] = "cpu",
    json: JsonOption = False,
) -> None:
    """Print the class of each sample as CSV, and the accuracy where the labels are known.

    Columns of a table are found by the classifier's feature names, in any order, and its label
    column by the name it had in training. Labels match class names; those that are no class are
    counted and left out of the accuracy. Values beyond a feature's range are taken for its end,
    as the hardware does. An .npz holds x[samples, features] and optionally y[samples]; an array
    named codes says that x is quantised already, as in the test.npz of a run. The result does not
    depend on --device; a GPU needs NVIDIA's driver and nvcc, and no PyTorch.

    Examples:

        lgn predict build/digits/digits.lgn build/digits/test.npz

        lgn predict build/iris/iris.lgn flowers.csv --scores --label species

        lgn predict mnist.lgn many.npz --device cuda
    """
    loaded = Classifier.load(classifier)
    samples = read_samples(loaded, data, label)
    print_notices(samples.notices)
    counts = loaded.engine_on(device).scores(samples.codes)
    chosen = counts.argmax(axis=1)
    accuracy = samples.accuracy(chosen)
    if json:
        found: dict[str, Any] = {"classes": [loaded.classes[c] for c in chosen]}
        if scores:
            found["scores"] = counts.tolist()
        found |= {"samples": len(chosen), "labelled": samples.labelled, "accuracy": accuracy}
        print_json(found | {"notices": list(samples.notices)})
        return
    _print_rows(loaded, chosen, counts if scores else None)
    if accuracy is not None:
        typer.echo(f"accuracy {accuracy:.4f} on {counted(samples.labelled, 'sample')}", err=True)


def _print_rows(
    classifier: Classifier, chosen: NDArray[np.int64], counts: NDArray[np.int32] | None
) -> None:
    """Print a row per sample as CSV, with the votes where they are asked for."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    votes = [] if counts is None else [f"score_{name}" for name in classifier.classes]
    writer.writerow(["sample", "class", *votes])
    for index, number in enumerate(chosen):
        row = [] if counts is None else counts[index].tolist()
        writer.writerow([index, classifier.classes[number], *row])
    # Rows go to standard output and the accuracy to standard error: flushed, so that they come in
    # this order on a terminal.
    out.file.flush()
