"""The designs of the front, trained anew with seeds that the search has not used, and proven."""

import contextlib
import json
import math
import time
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from pathlib import Path

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.files.atomic import write_text
from lgn_hw.files.lock import claimed
from lgn_hw.formats.lgn import dumps
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.prove.equivalence import prove_classifiers
from lgn_hw.synth.mapping import shrink_classifier
from lgn_train.recipe import Recipe
from lgn_train.run_export import export_checked
from lgn_train.search.clock import Clock, OutOfTime
from lgn_train.search.evaluation import evaluate, total, trained
from lgn_train.search.results import FOLDER, Final, place_of, result_of
from lgn_train.search.task import Task

__all__ = ["finish", "proven"]

PAUSE_S = 0.2  # between looks at what another process works on


def finish(
    task: Task,
    folder: Path,
    finals: Sequence[Final],
    clock: Clock,
    on_final: Callable[[int], None] = lambda done: None,
) -> None:
    """Work off finals in order, beside other processes: each takes what no other one works on.

    Then it waits for what others work on, and takes over what they leave. The first is ended in any
    case, so that there is a result; the others while there is time. on_final: called with how many
    are done.
    """
    (folder / FOLDER).mkdir(exist_ok=True)
    patient = Clock(math.inf)
    for number, final in enumerate(finals):
        on_final(sum(result_of(folder, other) is not None for other in finals))
        if number and clock.left <= 0:
            return
        _taken(task, folder, final, clock if number else patient)
    for final, until in zip(finals, chain([patient], repeat(clock)), strict=False):
        while result_of(folder, final) is None and until.left > 0:
            if not _taken(task, folder, final, until):
                time.sleep(PAUSE_S)


def _taken(task: Task, folder: Path, final: Final, clock: Clock) -> bool:
    """Work on a final that has no result yet; return False where another process works on it."""
    with claimed(place_of(folder, final, "lock")) as free:
        if free and result_of(folder, final) is None:
            with contextlib.suppress(OutOfTime):
                _work(task, folder, final, clock)
        return free


def _work(task: Task, folder: Path, final: Final, clock: Clock) -> None:
    """Train, measure, make smaller and prove; write the result last."""
    design, seed = final
    recipe = task.recipe(design, seed)
    classifier, validation = _trained(task, recipe, clock)
    small, proof = proven(classifier, task.settings.options)
    luts = Circuit.of(small, task.settings.options).luts
    place_of(folder, final, "lgn").write_bytes(dumps(small))
    place_of(folder, final, "trained").write_bytes(dumps(classifier))
    result = {
        "seed": seed,
        "validation_accuracy": validation,
        "accuracy": classifier.provenance["accuracy"],
        "test_samples": len(task.data.x_test),
        "nodes_trained": classifier.netlist.num_nodes,
        "nodes": small.netlist.num_nodes,
        "luts": luts,
        "total": sum(luts.values()),
        "proof": proof,
        "digest": small.digest,
    }
    write_text(place_of(folder, final, "json"), json.dumps(result, indent=2) + "\n")


def _trained(task: Task, recipe: Recipe, clock: Clock) -> tuple[Classifier, float]:
    """Return the classifier that `lgn train` makes of a recipe, and its accuracy in validation: its
    own, or that of one network per fold.
    """
    options, parts = task.settings.options, task.splits.parts
    data = parts[0] if task.splits.held_out else task.data
    model = trained(recipe, data, clock)
    state = {
        "recipe": recipe.to_dict(),
        "epoch": recipe.train.epochs,
        "step": recipe.train.epochs * -(-len(data.x_train) // recipe.train.batch_size),
        "data_sha256": data.digest,
        "classes": list(data.classes),
        "label_column": data.label_column,
        "figures": None,
    }
    classifier = export_checked(model, data.x_test, data.y_test, state)
    if task.splits.held_out:
        _, x, y = data.measured
        return classifier, float((classifier.predict(x) == y).mean())
    return classifier, total([evaluate(recipe, part, options, clock) for part in parts]).accuracy


def proven(classifier: Classifier, options: CoreOptions) -> tuple[Classifier, str]:
    """Return the smallest form of a classifier that is proven to have its scores, and the proof.

    Raises CheckFailed where not even that of the simple passes is: a defect, or a very large net.
    """
    simple, _ = optimize_classifier(classifier)
    shrunk, _, _ = shrink_classifier(simple, options, of=classifier)
    for small in (shrunk, simple):
        proof = prove_classifiers(classifier, small)
        if proof.status == "equal":
            break
    proof.check()
    return small, proof.status
