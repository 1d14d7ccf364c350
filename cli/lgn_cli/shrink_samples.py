"""The samples that a classifier is made smaller with, and what trains it again on them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgn_cli.console import notice, print_notices
from lgn_cli.train import require_lgn_train
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.image_shape import find_image_shape

if TYPE_CHECKING:
    from lgn_hw.shrink.parts import Parts

__all__ = ["Given", "samples_of_file", "samples_of_recipe"]

# Of a classifier that says nothing of its training.
UNKNOWN: dict[str, Any] = {
    "name": "unknown",
    "data": {"source": "file", "path": "samples"},
    "model": {"layers": [1]},
    "train": {"epochs": 1},
}


@dataclass(frozen=True, eq=False)
class Given:
    """Hold the parts of the samples, and the classifier that they are of."""

    parts: "Parts"
    classifier: Classifier

    def tuner(
        self, on_epoch: Callable[[int, int, float], None]
    ) -> Callable[[Classifier], Classifier]:
        """Return what trains a classifier further on these parts."""
        from lgn_train.data import Dataset
        from lgn_train.recipe import Recipe
        from lgn_train.tuning import Tuner

        parts, known = self.parts, self.classifier.provenance.get("recipe") or UNKNOWN
        test = parts.held_out or parts.choose  # nothing looks at it
        data = Dataset(
            self.classifier.features,
            parts.fit.codes,
            parts.fit.labels,
            test.codes,
            test.labels,
            self.classifier.classes,
            image_shape=find_image_shape(self.classifier.features),
            x_validation=parts.choose.codes,
            y_validation=parts.choose.labels,
        )
        return Tuner(Recipe.of(known, "The classifier's recipe"), data, on_epoch=on_epoch)


def samples_of_file(classifier: Classifier, path: Path, label: str | None) -> Given:
    """Return the samples of a file, cut in three."""
    from lgn_hw.samples import read_samples
    from lgn_hw.shrink.parts import split

    samples = read_samples(classifier, path, label)
    print_notices(samples.notices)
    notice(
        "the samples are cut in 60 % to fit, 20 % to choose and 20 % to measure; of those that the"
        " classifier was trained on, the accuracy is too good"
    )
    return Given(split(samples), classifier)


def samples_of_recipe(classifier: Classifier) -> Given:
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
    parts = Parts(
        Part(found.x_train, found.y_train),
        Part(found.x_validation, found.y_validation),
        Part(found.x_test, found.y_test),
    )
    return Given(parts, classifier)
