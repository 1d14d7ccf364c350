"""The front: designs with the figures of all their seeds, and the folder that holds them."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.formats.lgn import loads
from lgn_train.search.designs import Design, pareto, within_an_error
from lgn_train.search.results import result_of, trained_of
from lgn_train.search.task import Task

__all__ = ["Describe", "Front", "front_of", "write_points"]

Describe = Callable[[Classifier], Mapping[str, Any]]


@dataclass(frozen=True)
class Front:
    """Points that no other one beats, fewest LUTs first, each a row of front.json.

    A row has `luts` of the classifier that is delivered and its `parts`; `accuracy` and
    `validation_accuracy`, means over the `seeds`, with `accuracy_sd` and `validation_sd` (sample
    deviation, 0 for one seed); `luts_mean`, `luts_sd`; and `recommended`, true for the smallest one
    within a standard error of the best validation accuracy.
    """

    points: tuple[dict[str, Any], ...]


def front_of(task: Task, folder: Path, designs: Sequence[Design], seeds: int) -> Front:
    """Gather what the finals of designs have found so far.

    A design that is no better than naming the most frequent class is none; nor is a network of no
    LUT, which names one class always.
    """
    rows = []
    for design in designs:
        found = [result_of(folder, (design, seed)) for seed in range(1, seeds + 1)]
        results = [result for result in found if result is not None]
        # The same design differs in size from seed to seed: one that fits is delivered, and the
        # figures are of all.
        fitting = [r for r in results if 0 < r["total"] <= task.settings.luts]
        if fitting:
            row = _row(task, design, results, fitting[0])
            if row["validation_accuracy"] > 1 - task.guess_error:
                rows.append(row)
    order = pareto([(row["validation_accuracy"], row["luts"]) for row in rows])
    points = [rows[i] for i in order]
    if not points:
        return Front(())
    # By validation samples: the test part decides nothing.
    chosen = within_an_error([row["validation_accuracy"] for row in points], task.splits.samples)
    return Front(tuple(row | {"recommended": i == chosen} for i, row in enumerate(points)))


def _row(
    task: Task, design: Design, results: list[dict[str, Any]], kept: dict[str, Any]
) -> dict[str, Any]:
    """Return a point as front.json has it.

    results: of its networks, one per seed, of which the means are. kept: the one in the folder.
    """
    name = f"{task.settings.name}-{kept['total']}"
    return {
        "name": name,
        "luts": kept["total"],
        "parts": kept["luts"],
        "lut": task.settings.target,
        **_spread("accuracy", [r["accuracy"] for r in results], "accuracy_sd"),
        **_spread(
            "validation_accuracy", [r["validation_accuracy"] for r in results], "validation_sd"
        ),
        **_spread("luts_mean", [r["total"] for r in results], "luts_sd"),
        "seeds": [r["seed"] for r in results],
        "classifier_seed": kept["seed"],
        "classifier_accuracy": kept["accuracy"],
        "test_samples": kept["test_samples"],
        "validation_samples": task.splits.samples,
        "nodes": kept["nodes"],
        "proof": kept["proof"],
        "digest": kept["digest"],
        "classifier": f"points/{name}/{name}.lgn",
        "recipe": f"points/{name}/{name}.toml",
        "trial": design.trial,
        "design": design.key,
    }


def _spread(name: str, values: Sequence[float], deviation: str) -> dict[str, float]:
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return {name: round(statistics.mean(values), 6), deviation: round(spread, 6)}


def write_points(
    task: Task,
    folder: Path,
    front: Front,
    designs: Sequence[Design],
    work: Path,
    describe: Describe,
) -> Front:
    """Write each point's classifier and recipe into a new folder; return the front with what
    describe says of each classifier.
    """
    by_key = {design.key: design for design in designs}
    rows = []
    for row in front.points:
        design, seed = by_key[row["design"]], row["classifier_seed"]
        small, trained = trained_of(folder, (design, seed))
        place = work / "points" / row["name"]
        place.mkdir(parents=True)
        (place / f"{row['name']}.lgn").write_bytes(small)
        (place / f"{row['name']}-trained.lgn").write_bytes(trained)
        (place / f"{row['name']}.toml").write_text(_recipe(task, row, design), encoding="utf-8")
        rows.append(row | dict(describe(loads(small))))
    # These are codes and marked as such: raw values would be quantised where they are read.
    np.savez(work / "test.npz", x=task.data.x_test, y=task.data.y_test, codes=np.array(True))
    return Front(tuple(rows))


def _recipe(task: Task, row: Mapping[str, Any], design: Design) -> str:
    """Write the recipe of a point, so that `lgn train` gives what was trained."""
    head = (
        f"# Found by lgn search: {counted(row['luts'], 'LUT')} of the whole circuit once optimised"
        f" (--lut {row['lut']}).\n#\n"
        f"# {100 * row['accuracy']:.2f} % of {counted(row['test_samples'], 'test sample')}, mean of"
        f" {counted(len(row['seeds']), 'seed')} ({', '.join(map(str, row['seeds']))}),"
        f" deviation {100 * row['accuracy_sd']:.2f} points.\n"
    )
    recipe = task.recipe(design, row["classifier_seed"]).model_copy(update={"name": row["name"]})
    document = recipe.model_dump(mode="json", exclude_none=True)
    del document["model"]["conv"]
    return head + tomli_w.dumps(document)
