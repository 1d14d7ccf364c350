"""`lgn new`: a project to start from, with recipe, data, Makefile and README."""

from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from lgn_cli.console import JsonOption, print_json, print_notices, say
from lgn_hw.files.owned_folder import own_folder

__all__ = ["Example", "new"]

SUFFIX = ".template"  # of the files that become a project's
MNIST = "mnist-wired-200"  # the recipe of that example, as it comes with lgn-hw
# Order only: samples that were put there are older than make_data.py, and must stay.
DATA_RULE = """
@DATA@: | make_data.py
\t$(PYTHON) make_data.py
"""
BOARD_RULE = """
.PHONY: bitstream
bitstream: $(SMALL) board.py
\t$(LGN) build --board board.py --output $(RUN)/board $(SMALL)
"""


class Example(StrEnum):
    """What a project can start from."""

    CSV = "csv"
    IMAGES = "images"
    MNIST = "mnist"
    OWN_BOARD = "own-board"


def new(
    folder: Annotated[Path, typer.Argument(help="The project's folder, new or empty.")],
    example: Annotated[
        Example,
        typer.Option(help="A table, images, MNIST, or a table for a board of your own."),
    ] = Example.CSV,
    json: JsonOption = False,
) -> None:
    """Start a project: a recipe, samples to be replaced by yours, a Makefile and a README.

    Examples:

        lgn new machine --example csv

        lgn new signs --example images && make -C signs
    """
    with own_folder(folder, "new") as owned:
        with owned.work() as work:
            for name, text in _project(example).items():
                (work / name).write_text(text, encoding="utf-8")
        print_notices(owned.notices())
        names = sorted(owned.digests)
    if json:
        print_json({"folder": str(folder), "example": example.value, "files": names})
    else:
        say(f"{folder} has {', '.join(names)}; its README.md says what each is")


def _project(example: Example) -> dict[str, str]:
    """Return the text of each file by its name."""
    templates = files("lgn_cli") / "examples"
    found = _texts(templates / example.value)
    if example is Example.OWN_BOARD:
        # A board of one's own needs samples as well: those of the table, with what this example has
        # of its own in their place.
        found = _texts(templates / Example.CSV.value) | found
    if example is Example.MNIST:
        found["recipe.toml"] = _mnist_recipe()
    found["Makefile"] = _texts(templates)["Makefile"]
    data = {Example.IMAGES: "samples.npz", Example.MNIST: ""}.get(example, "samples.csv")
    rules = DATA_RULE * bool(data) + BOARD_RULE * (example is Example.OWN_BOARD)
    words = {
        "@RULES@": rules,
        "@DATA@": data,
        "@NAME@": {Example.IMAGES: "images", Example.MNIST: MNIST}.get(example, "table"),
        "@LUTS@": "600" if example is Example.MNIST else "200",
    }
    return {name: _filled(text, words) for name, text in found.items()}


def _texts(folder: Traversable) -> dict[str, str]:
    """Return the templates of a folder, by the names that their files get."""
    return {
        path.name.removesuffix(SUFFIX): path.read_text(encoding="utf-8")
        for path in folder.iterdir()
        if path.name.endswith(SUFFIX)
    }


def _filled(text: str, words: dict[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def _mnist_recipe() -> str:
    from lgn_cli.train import require_lgn_train

    require_lgn_train()
    from lgn_train.recipe_files import recipe_path

    return recipe_path(MNIST).read_text(encoding="utf-8")
