"""The size of the experiment and its recipe, from TOML; and the runs that it consists of."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from lgn_hw.errors import UsageError
from lgn_train.recipe import Count, Data, Document, Encoder, Model, Recipe, Section

__all__ = ["DLGN", "METHODS", "NAMES", "Experiment", "RunSpec", "Scale", "load_scale"]

FORMAT = 1  # of a run's file: those of another format are not found again
DLGN = "soft"
ESTIMATORS = get_args(Model.model_fields["estimator"].annotation)
NAMES = {  # as papers call them
    "soft": "DLGN",
    "gumbel_st": "Gumbel LGN",
    "hard_st": "Hard-ST",
    "cage": "CAGE",
    "soft_gumbel": "Soft-Gumbel",
}
METHODS = tuple(name for name in ("soft", "gumbel_st", "hard_st", "cage") if name in ESTIMATORS)


class Experiment(Section):
    """How much is trained and measured.

    width: nodes a layer. depth: layers of the networks that are compared, with `seeds` seeds.
    depths: of the sweep, with `depth_seeds` seeds. steps: of every run, measured on the first
    eval_samples of the test part every eval_steps.
    """

    methods: Annotated[tuple[str, ...], Field(strict=False)] = METHODS
    seeds: Count = 3
    width: Count
    depth: Count
    depths: Annotated[tuple[Count, ...], Field(strict=False)]
    depth_seeds: Count = 1
    steps: Count
    eval_steps: Count
    eval_samples: Count
    device: Literal["cpu", "cuda"] = "cpu"

    @model_validator(mode="after")
    def _has_the_baseline(self) -> "Experiment":
        if DLGN not in self.methods:
            raise ValueError(f"methods must hold {DLGN!r}, the DLGN that the others are set beside")
        return self


@dataclass(frozen=True)
class RunSpec:
    """One run: equal seeds and depths start from the same network, whatever the method."""

    method: str
    seed: int
    depth: int
    recipe: Recipe
    experiment: Experiment

    @property
    def options(self) -> dict[str, Any]:
        """All that decides the run's figures, the data's samples apart."""
        measured = ("steps", "eval_steps", "eval_samples", "device")
        return {"recipe": self.recipe.to_dict()} | {
            name: getattr(self.experiment, name) for name in measured
        }

    @property
    def name(self) -> str:
        """A file name that is another one for other options."""
        text = json.dumps([FORMAT, self.options], sort_keys=True).encode()
        digest = hashlib.sha256(text).hexdigest()[:8]
        return f"{self.method}-depth{self.depth}-seed{self.seed}-{digest}"


class Scale(Document):
    """The experiment at one size; [model] and [train] are those of a recipe, but for what the
    runs differ in.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    experiment: Experiment
    data: Data
    encoder: Encoder
    model: dict[str, Any]
    train: dict[str, Any]

    def runs(self, train_samples: int) -> list[RunSpec]:
        """Return all runs, each once, the deepest sweep last. Raises UsageError naming the key."""
        wanted = [(self.experiment.depth, seed) for seed in range(self.experiment.seeds)]
        wanted += [
            (depth, seed)
            for depth in sorted(self.experiment.depths)
            for seed in range(self.experiment.depth_seeds)
        ]
        return [
            RunSpec(method, seed, depth, self._recipe(method, seed, depth, train_samples),
                    self.experiment)
            for depth, seed in dict.fromkeys(wanted)
            for method in self.experiment.methods
        ]  # fmt: skip

    def _recipe(self, method: str, seed: int, depth: int, train_samples: int) -> Recipe:
        layers = [self.experiment.width] * depth
        model = self.model | {"estimator": method, "layers": layers}
        if method == DLGN:
            model["input_gradient"] = "soft"  # exact: no table is sampled
        steps_per_epoch = -(-train_samples // self.train.get("batch_size", 128))
        train = self.train | {"epochs": -(-self.experiment.steps // steps_per_epoch)}
        values = {
            "name": "mind-the-gap",
            "seed": seed,
            "data": self.data.model_dump(),
            "encoder": self.encoder.model_dump(),
            "model": model,
            "train": train,
        }
        return Recipe.of(values, f"scale {self.name}")


def load_scale(name: str, changes: Sequence[str] = ()) -> Scale:
    """Read a scale that is named or that a .toml file of the user's holds."""
    if name.endswith(".toml"):
        return Scale.load(Path(name), changes)
    folder = Path(__file__).parent
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in known:
        raise UsageError(f"--scale must be {', '.join(known)} or a .toml file, not {name!r}")
    return Scale.load(folder / f"{name}.toml", changes)
