"""Which samples `lgn search` is about: a file, a recipe, or a name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgn_cli.train import read_ranges, safe_name
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_train.recipe import Data

__all__ = ["section_of"]

BUILT_IN = ("digits", "mnist", "cifar10", "adult", "monk")


def section_of(
    data: str, label: str | None, limits: list[str] | None, changes: list[str]
) -> tuple[str, "Data"]:
    """Return a name for the designs, and the section of the data that is meant."""
    from lgn_train.recipe import Recipe

    wrong = next((text for text in changes if not text.strip().startswith("data.")), None)
    if wrong is not None:
        raise UsageError(f"--set changes the data here, like data.problem=2, not {wrong!r}")
    document, place = _document(data)
    document["data"] |= {} if label is None else {"label": label}
    ranges = read_ranges(limits or [])
    document["data"] |= {} if ranges is None else {"range": ranges}
    recipe = Recipe.of(document, place, changes)
    return recipe.name, recipe.data


def _document(data: str) -> tuple[dict[str, Any], str]:
    """Return a recipe of the data that are named, and where it is from."""
    from lgn_train.recipe import Recipe
    from lgn_train.recipe_files import named_recipe, recipe_names

    path = Path(data)
    named = None if path.exists() else named_recipe(data)
    if path.suffix == ".toml" or named is not None:
        document = Recipe.load(named or path).to_dict()
        return {**document, "data": dict(document["data"])}, str(named or path)
    # Recipes must have these sections; the search fills in its own.
    common: dict[str, Any] = {"model": {"layers": [1]}, "train": {"epochs": 1}}
    if data.lower() in BUILT_IN:
        section: dict[str, Any] = {"source": data.lower()}
        section |= {"problem": 1} if data.lower() == "monk" else {}
        return {"name": data.lower(), "data": section} | common, data
    if not path.exists():
        raise UsageError(
            f"There is no file {data}; name a .csv, .npz or .parquet, a recipe, or one of"
            f" {', '.join(sorted({*BUILT_IN, *recipe_names()}))}"
        )
    section = {"source": "file", "path": str(path.resolve())}
    return {"name": safe_name(path), "data": section} | common, data
