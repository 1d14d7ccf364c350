"""Whether a run may go on: with the same recipe, data, teacher and start as before."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lgn_hw.counted import counted
from lgn_hw.errors import UsageError
from lgn_train.recipe import Recipe

__all__ = ["check_same"]

# What a resumed run may change. Of data and start their digests are compared, not the paths.
FREE = (
    "train.epochs", "train.eval_every", "train.patience", "train.checkpoint_minutes", "data.path",
    "model.start",
)  # fmt: skip


def check_same(
    state: Mapping[str, Any],
    recipe: Recipe,
    folder: Path,
    total_steps: int,
    digests: Mapping[str, str | None],
) -> None:
    """Raise UsageError where the state of a checkpoint is that of another run.

    total_steps: of the run as it would go on. digests: of its data, its teacher and its start,
    None for none, as the state names them.
    """
    # Read as a recipe: an older version may not have known all of today's keys.
    stored = Recipe.of(state["recipe"], str(folder))
    before, now = _flat(stored.to_dict()), _flat(recipe.to_dict())
    for key in sorted(before.keys() | now.keys()):
        if key not in FREE and before.get(key) != now.get(key):
            raise UsageError(
                f"{folder} was trained with {key} = {before.get(key)!r}, and cannot be resumed with"
                f" {now.get(key)!r}; set it back, or start over with --force"
            )
    if total_steps < state["step"]:
        raise UsageError(
            f"{folder} has {counted(state['epoch'], 'epoch')} already; train.epochs may be"
            f" raised, not lowered to {now['train.epochs']}"
        )
    _check_digests(state, folder, digests, now)


def _check_digests(
    state: Mapping[str, Any],
    folder: Path,
    digests: Mapping[str, str | None],
    now: Mapping[str, Any],
) -> None:
    """Raise UsageError where data, teacher or start are not those that the run began with.

    now: the recipe's keys and values, dotted, for the message.
    """
    if state["data_sha256"] != digests["data_sha256"]:
        raise UsageError(
            f"{folder} was trained on other data: the samples have changed since; start over with"
            " --force"
        )
    for name, what, key in (
        ("teacher_sha256", "was trained with another teacher", "train.teacher"),
        ("start_sha256", "started from another classifier", "model.start"),
    ):
        if state.get(name) != digests[name]:
            raise UsageError(
                f"{folder} {what} than {now[key]!r}; put the file back, or start over with --force"
            )


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested sections as one dict of dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        inner = (
            _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        )
        flat |= inner
    return flat
