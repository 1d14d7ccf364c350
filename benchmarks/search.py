"""Compare what `lgn search` finds with the default recipe of `lgn train --data`, in LUTs.

python benchmarks/search.py breast_cancer wine [--minutes 4] [--luts 1000] [--jobs 1]

Data are scikit-learn's breast_cancer, digits, iris and wine as tables, and adult and monk1, monk2,
monk3 (with LGN_DATA). The default recipe is trained with as many seeds as the search shows. LUT6
are of the whole circuit, of both made small by `lgn optimize --lut 6`. Of the search, the smallest
design counts whose test accuracy is at most one standard error below the default recipe's, chosen
by validation alone: the recommended one, too. Each data set's figures are added to
docs/benchmarks/search.json when they are there.
"""

import argparse
import csv
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import describe_machine

from lgn_cli.train import default_recipe
from lgn_hw import Classifier
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.synth.mapping import shrink_classifier
from lgn_hw.synth.targets import TARGETS
from lgn_train import train
from lgn_train.recipe import Data, Recipe
from lgn_train.recipe_files import named_recipe
from lgn_train.search import Search, Settings

PATH = Path(__file__).parent.parent / "docs" / "benchmarks" / "search.json"
TABLES = ("breast_cancer", "digits", "iris", "wine")
TARGET = "6"


def recipe_for(name: str, folder: Path) -> Recipe:
    """Return the recipe that a user gets who names only the data."""
    if name in TABLES:
        return Recipe.of(default_recipe(as_table(name, folder), None), name)
    path = named_recipe(name.rstrip("123"))
    assert path is not None, name
    return Recipe.load(path, [f"data.problem={name[-1]}"] if name.startswith("monk") else [])


def as_table(name: str, folder: Path) -> Path:
    """Write a data set of scikit-learn as a user's table."""
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow([*(f"x{i}" for i in range(data.data.shape[1])), "label"])
        labels = (f"c{data.target_names[y]}" for y in data.target)
        rows.writerows([*x, label] for x, label in zip(data.data, labels, strict=True))
    return path


def default(recipe: Recipe, folder: Path, seeds: int) -> dict[str, Any]:
    """Train the default recipe with several seeds; return its test accuracy and LUTs."""
    found = []
    for seed in range(1, seeds + 1):
        figures = train(
            recipe.model_copy(update={"seed": seed}), folder / f"default-{seed}", quiet=True
        )
        trained = Classifier.load(figures["classifier"])
        small, _, _ = shrink_classifier(
            optimize_classifier(trained)[0], TARGETS[TARGET], of=trained
        )
        luts = sum(Circuit.of(small, TARGETS[TARGET]).luts.values())
        found.append((figures["accuracy"], luts))
        samples = figures["test_samples"]
    accuracy, luts = (statistics.mean(values) for values in zip(*found, strict=True))
    return {
        "accuracy": round(accuracy, 5),
        "accuracy_se": round((accuracy * (1 - accuracy) / samples) ** 0.5, 5),
        "luts": luts,
        "test_samples": samples,
    }


def measure(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return a data set's figures."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        recipe = recipe_for(name, folder)
        data: Data = recipe.data
        settings = Settings(name, data, arguments.luts, TARGET)
        started = time.monotonic()
        search = Search(
            settings,
            folder / "search",
            minutes=arguments.minutes,
            jobs=arguments.jobs,
            seeds=arguments.seeds,
            points=arguments.points,
            now=time.process_time if arguments.cpu else time.monotonic,
        )
        search.explore(on_trial=lambda front, trials: print(name, trials, len(front), flush=True))
        points = search.finish().points
        seconds = time.monotonic() - started
        keys = ("luts", "accuracy", "accuracy_sd", "validation_accuracy", "seeds", "recommended")
        document = json.loads((folder / "search" / "front.json").read_text(encoding="utf-8"))
        return {
            "data": name,
            "default": default(recipe, folder, arguments.seeds),
            "minutes": arguments.minutes,
            "of": "CPU time" if arguments.cpu else "wall time",
            "jobs": arguments.jobs,
            "seconds": round(seconds),
            "trials": document["trials"],
            "points": [{key: point[key] for key in keys} for point in points],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--luts", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--points", type=int, default=8)
    parser.add_argument(
        "--cpu", action="store_true", help="minutes of CPU time, on a machine that others use"
    )
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, default=PATH)
    arguments = parser.parse_args()
    for name in arguments.data:
        row = measure(name, arguments)
        print(json.dumps(row), flush=True)
        stored = (
            json.loads(arguments.json.read_text(encoding="utf-8"))
            if arguments.json.exists()
            else {}
        )
        rows = {old["data"]: old for old in stored.get("rows", [])} | {name: row}
        result = describe_machine() | {"rows": [rows[key] for key in sorted(rows)]}
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
