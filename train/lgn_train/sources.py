"""Which data set a recipe names."""

from pathlib import Path

from lgn_hw.errors import UsageError
from lgn_train.data import (
    Dataset,
    load_adult,
    load_cifar10,
    load_digits,
    load_file,
    load_mnist,
    load_monk,
)
from lgn_train.data.ranges import Range
from lgn_train.data.split import hold_out
from lgn_train.recipe import Data, Recipe

__all__ = ["load_dataset", "with_data"]


def load_dataset(data: Data) -> Dataset:
    """Return the data set that a recipe names, with its validation part where it asks for one.

    Raises UsageError where the data cannot be read or split.
    """
    found = _read(data)
    return hold_out(found, data.validation, data.split_seed) if data.validation else found


def _read(data: Data) -> Dataset:
    """Return the data set of a source, whole: nothing is held out for validation yet."""
    # Which options go with which source, Data has checked.
    match data.source:
        case "digits":
            return load_digits()
        case "mnist":
            return load_mnist()
        case "cifar10":
            return load_cifar10()
        case "adult":
            return load_adult()
        case "monk":
            assert data.problem is not None, "Data requires it"
            return load_monk(data.problem)
        case "file":
            assert data.path is not None, "Data requires it"
            return load_file(Path(data.path), data.label, data.split_seed, data.range)


def with_data(
    recipe: Recipe, path: Path | None, label: str | None, limits: Range | None = None
) -> Recipe:
    """Return the recipe with a file in place of its data, and with a label column and ranges of
    that file.
    """
    if path is not None:
        kept = recipe.data.model_dump(include={"split_seed", "validation"})
        data = Data(source="file", path=str(path), **kept)
        recipe = recipe.model_copy(update={"data": data})
    given = {"label": label, "range": limits}
    given = {key: value for key, value in given.items() if value is not None}
    if given and recipe.data.source != "file":
        raise UsageError(f"--{next(iter(given))} is for a data file; give the file with --data")
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=given)})
