"""The recipes that come with the package, by name."""

from difflib import get_close_matches
from pathlib import Path

from lgn_hw.errors import UsageError

__all__ = ["named_recipe", "recipe_names", "recipe_path", "title_of"]

# In a wheel they lie in the package (see pyproject.toml), in the repository beside it.
PLACES = (Path(__file__).parent / "recipes", Path(__file__).parent.parent / "recipes")


def recipe_names() -> dict[str, Path]:
    """Return the file of each recipe by its name, sorted."""
    folder = next((place for place in PLACES if place.is_dir()), PLACES[0])
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def named_recipe(name: str) -> Path | None:
    """Return the file of a recipe that comes with the package, or None."""
    return recipe_names().get(name.lower())


def title_of(path: Path) -> str:
    """Return the first line of a recipe's head, which says what it is."""
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#").strip()


def recipe_path(wanted: str) -> Path:
    """Return the file of a recipe: what is named like a file is one, else it comes with the
    package. Raises UsageError with the nearest name where there is none.
    """
    path = Path(wanted)
    if path.suffix == ".toml" or path.is_file():
        return path
    found = named_recipe(wanted)
    if found is not None:
        return found
    names = recipe_names()
    near = get_close_matches(wanted.lower(), names, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"There is no recipe {wanted!r}; {hint}`lgn train --list` shows those there are, and the"
        " name of a file of yours ends in .toml"
    )
