"""Training that starts from a classifier: which recipe goes with it, and whether the data do.

The encoder and the votes are the classifier's, too. So are the codes of the samples, which is why
the features of the data must be its own.
"""

from pathlib import Path

import numpy as np
from torch import nn

from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.features import Features
from lgn_hw.passes.optimize import optimize_classifier
from lgn_train import rng
from lgn_train.data import Dataset
from lgn_train.layers import GroupSum, LogicNetlist, ThermometerLayer
from lgn_train.recipe import Model, Recipe
from lgn_train.rng import Stream

__all__ = ["check_start", "model_from", "start_of", "with_start"]

SUFFIX = "-tuned"  # of the name of a recipe that starts from a classifier
KEPT = {"parametrization", "estimator", "temperature", "input_gradient", "tau"}


def with_start(recipe: Recipe, path: Path) -> Recipe:
    """Return the recipe that trains a classifier further, in place of layers of its own.

    Of its [model] the estimator and what belongs to it stay, and tau. Nodes of more than two inputs
    have no logit per gate: parametrization "raw" becomes "walsh" where the classifier has some.
    """
    kept = recipe.model.model_dump(include=KEPT)
    # Raw has 2**2**k logits per node: 65,536 for four inputs. Walsh has 2**k for every k.
    if kept["parametrization"] == "raw" and _widest(Classifier.load(path)) > 2:
        kept["parametrization"] = "walsh"
    name = recipe.name if recipe.name.endswith(SUFFIX) else recipe.name + SUFFIX
    train = recipe.train.model_copy(update={"redraw_every": 0})  # there is no learned wiring
    model = Model(start=str(path), **kept)
    return recipe.model_copy(update={"name": name, "model": model, "train": train})


def start_of(recipe: Recipe) -> Classifier | None:
    """Return the classifier that the recipe starts from, without what no output depends on; None
    where it starts from nothing.
    """
    if recipe.model.start is None:
        return None
    return optimize_classifier(Classifier.load(recipe.model.start))[0]


def check_start(start: Classifier, data: Dataset, path: str) -> list[str]:
    """Return what the user should know before a classifier is trained further on the data.

    Raises UsageError where its features or classes are not those of the data.
    """
    _check_features(start.features, data.features, path)
    if start.classes != data.classes:
        raise UsageError(
            f"{path} tells the classes {_named(start.classes)} apart, and the data have"
            f" {_named(data.classes)}; give data with the same classes in the same order"
        )
    if start.convolution is None:
        return []
    return [
        f"the convolution of {path} is trained as single gates: its positions no longer share"
        " tables, and the result has no form for streaming cores"
    ]


def model_from(start: Classifier, recipe: Recipe) -> nn.Sequential:
    """Return nn.Sequential(ThermometerLayer, LogicNetlist, GroupSum), which classifies in eval()
    mode as the classifier does. Raises UsageError where the recipe's options do not fit its nodes.
    """
    options = recipe.model
    seed = int(rng.words(recipe.seed, 0, Stream.SEEDS, 1)[0])
    try:
        layer = LogicNetlist(
            start.netlist,
            start.group,
            start.num_classes,
            parametrization=options.parametrization,
            estimator=options.estimator,
            temperature=options.temperature,
            input_gradient=options.input_gradient,
            seed=seed,
        )
    except ValueError as problem:
        raise UsageError(f"{options.start} cannot be trained further: {problem}") from problem
    head = GroupSum(start.num_classes, options.tau)
    return nn.Sequential(ThermometerLayer(start.encoder), layer, head)


def _widest(classifier: Classifier) -> int:
    return int(classifier.netlist.arity.max(initial=0))


def _check_features(ours: Features, theirs: Features, path: str) -> None:
    """Raise UsageError at the first feature that is another one, or has other codes."""
    if len(ours) != len(theirs):
        raise UsageError(
            f"{path} reads {len(ours)} features, and the data have {len(theirs)}; give the data"
            " that it was trained on, with --data or by its recipe"
        )
    for number, (name, other) in enumerate(zip(ours.names, theirs.names, strict=True)):
        if name != other:
            raise UsageError(
                f"Feature {number} of {path} is {name!r}, and {other!r} in the data; give the same"
                " columns in the same order"
            )
        if ours.limits(number) != theirs.limits(number) or not _same_codes(ours, theirs, number):
            low, high = ours.limits(number).split(" to ")
            raise UsageError(
                f"Feature {name!r} of {path} is {ours.limits(number)}, and"
                f" {theirs.limits(number)} in the data, so that its codes mean other values; give"
                f" --range {name}={low}:{high}"
            )


def _same_codes(ours: Features, theirs: Features, number: int) -> bool:
    fields = ("low", "high", "offset", "scale")
    # Close and not equal: a table written as text and read again may differ in the last digit.
    return all(np.isclose(getattr(ours, f)[number], getattr(theirs, f)[number]) for f in fields)


def _named(classes: tuple[str, ...]) -> str:
    shown = ", ".join(classes[:5])
    return f"{shown} and {len(classes) - 5} more" if len(classes) > 5 else shown
