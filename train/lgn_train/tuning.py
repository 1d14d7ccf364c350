"""Train a classifier further between two rounds of shrinking: short, and no worse afterwards."""

from collections.abc import Callable
from dataclasses import replace
from typing import final

import torch

from lgn_hw.classifier import Classifier
from lgn_hw.passes.optimize import optimize_classifier
from lgn_train.data import Dataset
from lgn_train.export import export_model
from lgn_train.loop import Trainer
from lgn_train.recipe import Model, Recipe, Train
from lgn_train.starting import model_from
from lgn_train.threads import threads_for

__all__ = ["Tuner"]

STEPS = 2000  # of the optimiser, about
EPOCHS = (3, 100)  # at least and at most
MEASURED = 8  # times in one training
RATE = 0.01
# Of what a recipe says of training: how samples are seen and weighed, not how long.
KEPT = {"batch_size", "weight_decay", "class_weight", "label_smoothing", "shift", "flip"}


@final
class Tuner:
    """Train classifiers further on a data set, and keep what is best on its validation part.

    recipe: how the classifier was trained: batch size, weights, label smoothing and augmentation
    are taken from it. The tables are learned as Walsh coefficients by Hard-ST, whatever the recipe
    says: without noise, because the net is good already, and with coefficients because entries on
    their own learn the samples by heart (digits, 135 nodes: 95.1 to 94.1 % on the validation part).
    on_epoch: called with the epoch, of how many, and the accuracy, after each that is measured.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Dataset,
        steps: int = STEPS,
        on_epoch: Callable[[int, int, float], None] = lambda epoch, epochs, accuracy: None,
    ) -> None:
        assert data.x_validation is not None, "a validation part chooses"
        self._recipe, self._data, self._on_epoch = recipe, data, on_epoch
        per_epoch = -(-len(data.x_train) // recipe.train.batch_size)
        fewest, most = EPOCHS
        self._epochs = min(most, max(fewest, round(steps / per_epoch)))
        self._times = 0

    def __call__(self, classifier: Classifier) -> Classifier:
        """Return the classifier trained further, or itself where nothing was better."""
        start = optimize_classifier(classifier)[0]
        if not start.netlist.num_nodes:
            return classifier
        recipe = self._recipe_for(start)
        model = model_from(start, recipe)
        trainer = Trainer(model, recipe, self._data)
        with threads_for(model, recipe.train.batch_size):
            trainer.consider_start()
            while not trainer.finished:
                line = trainer.run_epoch()
                if "discrete_accuracy" in line:
                    self._on_epoch(line["epoch"], self._epochs, line["discrete_accuracy"])
        trainer.take_best()
        assert trainer.best is not None
        if not trainer.best.epoch:
            return classifier
        with torch.no_grad():
            made = export_model(model.eval(), classifier.classes, classifier.provenance)
        return replace(made, provenance=classifier.provenance)

    def _recipe_for(self, classifier: Classifier) -> Recipe:
        """Return the recipe of one more training of a net as it stands, on images or a table."""
        kept = self._recipe.train.model_dump(include=KEPT)
        if self._data.image_shape is None:
            kept |= {"shift": 0, "flip": False}
        self._times += 1
        return self._recipe.model_copy(
            update={
                "seed": self._recipe.seed + self._times,  # another order of the samples each time
                "model": Model(
                    start="the shrunk net",
                    parametrization="walsh",
                    estimator="hard_st",
                    tau=classifier.tau,
                ),
                "train": Train(
                    epochs=self._epochs,
                    learning_rate=RATE,
                    eval_every=max(1, self._epochs // MEASURED),
                    **kept,
                ),
            }
        )
