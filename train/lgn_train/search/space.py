"""The space that is searched: what a trial chooses, and the recipe that it means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.trial import BaseTrial

from lgn_train.recipe import Data, Recipe
from lgn_train.search.sizes import FEW, LARGE

__all__ = ["Problem", "first_guesses", "recipe_of", "suggest"]

MOST_VOTES = 400  # for a class
MOST_LEVELS = 15  # thresholds per feature
OVERSIZE = 4  # nodes in training for each LUT of the budget: passes remove many
REDRAW_EVERY = 50  # steps
# What is tried first: one of how many LUTs of the budget is a vote, thresholds per feature, layers.
GUESSES = (
    (12, 7, 1), (32, 3, 1), (5, 7, 1), (64, 2, 1), (20, 7, 1), (8, 3, 1), (12, 7, 2), (32, 3, 2),
)  # fmt: skip
Params = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """What the space depends on.

    name, data, luts: as in Settings. lut_size: inputs of a LUT; None where the target does not say.
    classes, features, rows: how many there are, rows being training samples. image: whether samples
    are images.
    """

    name: str
    data: Data
    luts: int
    lut_size: int | None
    classes: int
    features: int
    rows: int
    image: bool

    @property
    def most_votes(self) -> int:
        """Votes for a class, at most: a vote takes a LUT or more."""
        return max(2, min(MOST_VOTES, self.luts // self.classes))

    @property
    def most_pins(self) -> int:
        """Inputs of a node, at most: those of a LUT."""
        return self.lut_size or 6

    @property
    def batch_size(self) -> int:
        return 32 if self.rows < FEW else 64 if self.rows < LARGE else 128


def suggest(trial: BaseTrial, problem: Problem) -> None:
    """Let a trial choose; all of its parameters are chosen each time, so that they are compared."""
    trial.suggest_int("depth", 1, 3)
    trial.suggest_int("votes", 1, problem.most_votes, log=True)
    trial.suggest_float("widen", 0.5, 4.0, log=True)
    trial.suggest_int("fan_in", 2, problem.most_pins)
    trial.suggest_categorical("candidates", [0, 4, 8, 16])
    trial.suggest_categorical("redraw", [False, True])
    trial.suggest_int("levels", 1, MOST_LEVELS, log=True)
    trial.suggest_categorical("kind", ["quantile", "uniform"])
    trial.suggest_categorical("estimator", ["hard_st", "gumbel_st", "cage"])
    trial.suggest_categorical("parametrization", ["walsh", "light"])
    trial.suggest_float("tau_factor", 0.25, 4.0, log=True)
    trial.suggest_float("learning_rate", 0.005, 0.2, log=True)
    trial.suggest_categorical("weight_decay", [0.0, 0.01, 0.1])
    if problem.image:
        trial.suggest_categorical("wiring", ["random", "structured"])
        trial.suggest_categorical("shift", [0, 1])


def first_guesses(problem: Problem) -> Iterator[dict[str, Any]]:
    """Yield what is known to do well, from half of the budget down; then with two layers."""
    common = {
        "candidates": 16, "redraw": False, "kind": "quantile", "parametrization": "walsh",
        "widen": 2.0, "tau_factor": 1.0, "learning_rate": 0.03, "weight_decay": 0.0,
    }  # fmt: skip
    if problem.image:
        common |= {"wiring": "random", "shift": 0, "kind": "uniform"}
    for share, levels, depth in GUESSES:
        votes = problem.luts // (share * problem.classes)
        yield common | {
            "votes": max(1, min(problem.most_votes, votes)),
            "depth": depth,
            "fan_in": problem.most_pins if depth == 1 else min(4, problem.most_pins),
            "levels": min(levels, 2) if problem.image else levels,
            "estimator": "hard_st" if depth == 1 else "gumbel_st",
        }


def recipe_of(
    params: Params, problem: Problem, steps: int, *, held_out: float = 0.0, seed: int = 0
) -> Recipe:
    """Return the recipe of a trial's parameters, trained for about so many steps."""
    outputs = params["votes"] * problem.classes
    per_epoch = -(-problem.rows // problem.batch_size)
    redraw = params["redraw"] and params["candidates"]
    epochs = max(1, round(steps / per_epoch))
    model = {
        "layers": _layers(params, outputs, OVERSIZE * problem.luts),
        "tau": _short(max(0.2, params["tau_factor"] * params["votes"] ** 0.5 / 2)),
        "wiring": params.get("wiring", "random"),
    } | {key: params[key] for key in ("fan_in", "candidates", "estimator", "parametrization")}
    train = {
        "epochs": epochs,
        "eval_every": epochs,
        "batch_size": problem.batch_size,
        "learning_rate": _short(params["learning_rate"]),
        "weight_decay": params["weight_decay"],
        "shift": params.get("shift", 0),
        "redraw_every": REDRAW_EVERY if redraw else 0,
    }
    data = problem.data.model_dump(mode="json", exclude_none=True)
    document = {
        "name": problem.name,
        "seed": seed,
        "data": data | {"validation": held_out},
        "encoder": {key: params[key] for key in ("levels", "kind")},
        "model": model,
        "train": train,
    }
    return Recipe.of(document, "the search's recipe")


def _layers(params: Params, outputs: int, most: int) -> list[int]:
    """Return the widths: each layer `widen` times as wide as the next one, `most` nodes in all."""
    widths = [outputs * params["widen"] ** n for n in range(params["depth"])][::-1]
    room = max(1, most - outputs)
    scale = min(1.0, room / max(1.0, sum(widths[:-1])))
    return [max(1, round(width * scale)) for width in widths[:-1]] + [outputs]


def _short(value: float) -> float:
    return float(f"{value:.3g}")
