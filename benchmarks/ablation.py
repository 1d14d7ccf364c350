"""Measure what makes a trained net smaller: one option changed at a time, LUTs and accuracy.

python benchmarks/ablation.py digits --seeds 0 1 2 --try "" train.area_weight=0.3 ...

Each is one training of a recipe with a tenth (`--validation`) of the training part held out, its
last epoch, and the simple passes of `lgn optimize`; LUTs are those of the whole circuit. Nothing is
chosen, so that the test part says what a change costs. Adds to docs/benchmarks/ablation.json.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from machine import describe_machine

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.synth.targets import options_for
from lgn_train import export_model
from lgn_train.encoding import fitted_encoder
from lgn_train.loop import Trainer
from lgn_train.model import build_model
from lgn_train.recipe import Recipe
from lgn_train.recipe_files import recipe_path
from lgn_train.sources import load_dataset

FILE = Path(__file__).parent.parent / "docs" / "benchmarks" / "ablation.json"


def measure(name: str, change: str, seed: int, common: list[str]) -> dict[str, Any]:
    """Train once, and return what came out."""
    changes = [*common, f"seed={seed}", *change.split()]
    recipe = Recipe.load(recipe_path(name), changes)
    data = load_dataset(recipe.data)
    encoder = fitted_encoder(recipe, data)
    model = build_model(recipe, encoder, len(data.classes), data.image_shape)
    trainer, started = Trainer(model, recipe, data), time.process_time()
    while not trainer.finished:
        trainer.run_epoch(measured=False)
    small = optimize_classifier(export_model(model.eval(), data.classes))[0]
    right = small.predict(data.x_test) == data.y_test
    widest = int(small.netlist.arity.max(initial=0))
    kinds = [lut for lut in ("6", "4", "xilinx") if widest <= (options_for(lut).lut_size or 0)]
    luts = {lut: sum(Circuit.of(small, options_for(lut)).luts.values()) for lut in kinds}
    return {
        "name": name,
        "common": common,
        "change": change,
        "seed": seed,
        "accuracy": float(right.mean()),
        "luts": luts,
        "nodes": small.netlist.num_nodes,
        "cpu_seconds": round(time.process_time() - started, 1),
    }


def _key(row: dict[str, Any]) -> tuple[str, str, str, int]:
    return row["name"], " ".join(row["common"]), row["change"], row["seed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("--try", nargs="+", default=[""], dest="changes", metavar="KEY=VALUE ...")
    parser.add_argument("--set", nargs="*", default=[], dest="common", help="in all of them")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--validation", type=float, default=0.1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    common = [f"data.validation={arguments.validation}", *arguments.common]
    before = json.loads(FILE.read_text(encoding="utf-8"))["rows"] if FILE.exists() else []
    rows = {_key(row): row for row in before}
    for seed in arguments.seeds:
        for change in arguments.changes:
            found = measure(arguments.recipe, change, seed, common)
            rows[_key(found)] = found
            print(json.dumps(found), flush=True)
            result = describe_machine() | {"rows": [rows[key] for key in sorted(rows)]}
            FILE.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
