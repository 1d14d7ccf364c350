"""The size of the experiment and its recipe, from TOML; and the runs that it consists of."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from lgn_hw.errors import UsageError
from lgn_train.recipe import Data, Encoder, Recipe
from lgn_train.recipe_document import Count, Document, Section

__all__ = [
    "DLGN",
    "GUMBEL",
    "METHODS",
    "NAMES",
    "Experiment",
    "RunSpec",
    "Scale",
    "chosen",
    "load_scale",
]

FORMAT = 2  # of a run's file: those of another format are not found again
DLGN, GUMBEL = "soft", "gumbel_st"
NAMES = {  # as papers call them
    "soft": "DLGN",
    "gumbel_st": "Gumbel LGN",
    "hard_st": "Hard-ST",
    "cage": "CAGE",
    "soft_gumbel": "Soft-Gumbel",
}
METHODS = ("soft", "gumbel_st", "hard_st", "cage")
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Words = Annotated[tuple[str, ...], Field(strict=False)]


class Experiment(Section):
    """How much is trained and measured.

    width: nodes per layer. depth: layers of the networks that are compared, with `seeds` seeds.
    depths: of a sweep, with `depth_seeds` seeds; none for no sweep. steps: of every run, measured
    every eval_steps on eval_samples of the validation part, or else of the test part.
    """

    methods: Words = METHODS
    seeds: Count = 3
    width: Count
    depth: Count
    depths: Annotated[tuple[Count, ...], Field(strict=False)] = ()
    depth_seeds: Count = 1
    steps: Count
    eval_steps: Count
    eval_samples: Count
    device: Literal["cpu", "cuda"] = "cpu"

    @model_validator(mode="after")
    def _has_the_baseline(self) -> "Experiment":
        """Raise ValueError without the DLGN: every figure of the page is set against it."""
        if DLGN not in self.methods:
            raise ValueError(f"methods must hold {DLGN!r}, the DLGN that the others are set beside")
        return self


class Sources(Section):
    """The data sets, each of which is an experiment of its own; the options are those of a recipe's
    [data].
    """

    sources: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    validation: float = 0.0
    split_seed: int = 0


class Change(Section):
    """What some runs have otherwise, as for `--set`; all methods or data sets where none is named.

    Keys are those of a recipe: `encoder.levels=1`.
    """

    methods: Words = ()
    data: Words = ()
    set: Words


class Variant(Section):
    """A method under a name of its own: an estimator with other options, as for `--set`."""

    name: Name
    title: str
    estimator: str
    set: Words


@dataclass(frozen=True)
class RunSpec:
    """One run: equal data, seeds and depths start from the same network, whatever the method."""

    method: str
    data: str
    seed: int
    depth: int
    recipe: Recipe
    experiment: Experiment

    @property
    def options(self) -> dict[str, Any]:
        """All that decides the run's figures, the samples apart; without defaults, so that a new
        option of recipes does not make runs unknown that were trained before.
        """
        measured = ("steps", "eval_steps", "eval_samples", "device")
        recipe = self.recipe.model_dump(mode="json", exclude_defaults=True)
        # When a state is saved has no influence on what is trained.
        recipe["train"].pop("checkpoint_minutes", None)
        return {"recipe": recipe} | {name: getattr(self.experiment, name) for name in measured}

    @property
    def name(self) -> str:
        """A file name that is another one for other options."""
        text = json.dumps([FORMAT, self.options], sort_keys=True).encode()
        # Eight digits tell apart the few dozen runs of a folder.
        digest = hashlib.sha256(text).hexdigest()[:8]
        return f"{self.data}-{self.method}-depth{self.depth}-seed{self.seed}-{digest}"

    @property
    def words(self) -> set[str]:
        """What `--only` calls it."""
        return {self.data, self.method, str(self.seed), f"depth{self.depth}"}


class Scale(Document):
    """The experiment at one size; [model] and [train] are those of a recipe, but for what the
    runs differ in.

    paper: published figures to show beside ours, by data set, method and row of the page.
    """

    name: Name
    experiment: Experiment
    data: Sources
    encoder: Encoder
    model: dict[str, Any]
    train: dict[str, Any]
    change: Annotated[tuple[Change, ...], Field(strict=False)] = ()
    variant: Annotated[tuple[Variant, ...], Field(strict=False)] = ()
    paper: dict[str, Any] = Field(default_factory=dict)

    @property
    def titles(self) -> dict[str, str]:
        """What the page calls the methods."""
        named = NAMES | {variant.name: variant.title for variant in self.variant}
        return {method: named.get(method, method) for method in self.experiment.methods}

    def source(self, name: str) -> Data:
        """Return one of the data sets, as a recipe has it; raises UsageError naming the key."""
        options = self.data.model_dump(exclude={"sources"}) | {"source": name}
        return Recipe.of(
            {"name": "data", "data": options, "model": {"layers": [1]}, "train": {"epochs": 1}},
            f"scale {self.name}",
        ).data

    def runs(self, train_samples: Mapping[str, int]) -> list[RunSpec]:
        """Return all runs, each once: seed by seed, the sweep of depths last.

        train_samples: of each data set. Raises UsageError naming the key.
        """
        experiment = self.experiment
        wanted = [(experiment.depth, seed) for seed in range(experiment.seeds)]
        wanted += [
            (depth, seed)
            for depth in sorted(experiment.depths)
            for seed in range(experiment.depth_seeds)
        ]
        return [
            RunSpec(method, data, seed, depth,
                    self._recipe(method, data, seed, depth, train_samples[data]), experiment)
            # The depth of the comparison may be one of the sweep too; dict keeps the order.
            for depth, seed in dict.fromkeys(wanted)
            for data in self.data.sources
            for method in experiment.methods
        ]  # fmt: skip

    def _recipe(self, method: str, data: str, seed: int, depth: int, train_samples: int) -> Recipe:
        """Return the recipe of one run.

        The number of epochs is that which holds `steps` optimiser steps; the run stops in mid-epoch
        there. Of several [[change]] the later one wins, and a variant's own `set` comes last.
        """
        variant = next((v for v in self.variant if v.name == method), None)
        estimator = variant.estimator if variant else method
        model = self.model | {
            "estimator": estimator,
            "layers": [self.experiment.width] * depth,
        }
        if estimator == DLGN:
            model["input_gradient"] = "soft"  # exact: no table is sampled
        # Recipes count epochs, the experiment steps.
        steps_per_epoch = -(-train_samples // self.train.get("batch_size", 128))
        train = self.train | {"epochs": -(-self.experiment.steps // steps_per_epoch)}
        values = {
            "name": "mind-the-gap",
            "seed": seed,
            "data": self.source(data).model_dump(),
            "encoder": self.encoder.model_dump(),
            "model": model,
            "train": train,
        }
        return Recipe.of(values, f"scale {self.name}", self._changes(method, data, variant))

    def _changes(self, method: str, data: str, variant: Variant | None) -> list[str]:
        """Return the texts like `model.tau=30` that apply to a method and a data set, in their
        order.
        """
        changes = [
            text
            for change in self.change
            if method in (change.methods or (method,)) and data in (change.data or (data,))
            for text in change.set
        ]
        return changes + list(variant.set if variant else ())


def chosen(specs: Sequence[RunSpec], only: Sequence[str]) -> list[RunSpec]:
    """Return the runs that one of the words names, like `gumbel_st:0` or `mnist`; all for none.

    A word is a data set, a method, a seed or `depthN`, or several of these joined by colons. Raises
    UsageError for one that no run has.
    """
    # A word that no run has is a typo; without this it would choose nothing in silence.
    known = sorted({word for spec in specs for word in spec.words})
    for text in only:
        for word in text.split(":"):
            if word not in known:
                raise UsageError(
                    f"--only {text}: {word!r} is no data set, method, seed or depth of this scale;"
                    f" these are {', '.join(known)}"
                )
    wanted = [set(text.split(":")) for text in only]
    return [spec for spec in specs if not only or any(words <= spec.words for words in wanted)]


def load_scale(name: str, changes: Sequence[str] = ()) -> Scale:
    """Read a scale that is named or that a .toml file of the user's holds.

    changes: texts like `experiment.steps=500`, applied to what was read. Raises UsageError for an
    unknown name, and where Document.load does.
    """
    if name.endswith(".toml"):
        return Scale.load(Path(name), changes)
    folder = Path(__file__).parent
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in known:
        raise UsageError(f"--scale must be {', '.join(known)} or a .toml file, not {name!r}")
    return Scale.load(folder / f"{name}.toml", changes)
