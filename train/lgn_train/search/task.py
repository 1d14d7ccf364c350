"""What a search is about, opened once: its settings, its data, their splits and the space."""

from dataclasses import dataclass

import numpy as np

from lgn_train.data.dataset import Dataset
from lgn_train.recipe import Recipe
from lgn_train.search.designs import Design
from lgn_train.search.settings import Settings
from lgn_train.search.space import Problem, recipe_of
from lgn_train.search.splits import Splits, split
from lgn_train.sources import load_dataset

__all__ = ["Task", "opened"]


@dataclass(frozen=True, eq=False)
class Task:
    """What trials are about: settings, data, their splits and the space."""

    settings: Settings
    data: Dataset
    splits: Splits
    problem: Problem

    @property
    def longest(self) -> int:
        """Optimiser steps of the longest trainings."""
        return self.settings.longest(len(self.data.x_train))

    @property
    def guess_error(self) -> float:
        """The error of always naming the most frequent class."""
        return float(1 - np.bincount(self.data.y_train).max() / len(self.data.y_train))

    def recipe(self, design: Design, seed: int) -> Recipe:
        """Return the recipe of the network of a design that is delivered."""
        return recipe_of(
            design.params, self.problem, design.steps, held_out=self.splits.held_out, seed=seed
        )


def opened(settings: Settings) -> Task:
    """Load the data and cut them. Raises UsageError as load_dataset and split do."""
    section = settings.data
    data = load_dataset(section.model_copy(update={"validation": 0.0}))
    splits = split(data, section.validation, section.split_seed)
    part = splits.parts[0]
    problem = Problem(
        settings.name,
        section,
        settings.luts,
        settings.options.lut_size,
        len(data.classes),
        len(data.features),
        len(part.x_train),
        data.image_shape is not None,
    )
    return Task(settings, data, splits, problem)
