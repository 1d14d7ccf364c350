"""`lgn new`: projects whose files fit together, and folders of others that it leaves alone."""

import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from lgn_cli.new import Example
from lgn_train.data import load_file
from lgn_train.encoding import fitted_encoder
from lgn_train.model import build_model
from lgn_train.recipe import Recipe


@pytest.mark.parametrize("example", [e.value for e in Example])
def test_new_writes_a_project_whose_make_knows_every_file(lgn, tmp_path, example):
    folder = tmp_path / "project"
    assert lgn("new", folder, "--example", example)[0] == 0
    names = {path.name for path in folder.iterdir()}
    assert {"Makefile", "README.md", "recipe.toml", "manifest.json"} <= names
    for path in folder.iterdir():
        assert not re.search("@[A-Z]+@", path.read_text(encoding="utf-8")), f"{path.name} has a gap"
    make = shutil.which("make")
    if make:
        goal = "bitstream" if example == "own-board" else "all"
        done = subprocess.run(
            [make, "-n", "-C", folder, goal], check=True, capture_output=True, encoding="utf-8"
        )
        name = Recipe.load(folder / "recipe.toml").name
        assert f"lgn train recipe.toml --output build/{name} --force" in done.stdout


@pytest.mark.parametrize("example", ["csv", "images"])
def test_an_examples_recipe_fits_its_samples(lgn, tmp_path, monkeypatch, example):
    lgn("new", tmp_path / "project", "--example", example)
    monkeypatch.chdir(tmp_path / "project")
    runpy.run_path("make_data.py")
    recipe = Recipe.load(tmp_path / "project" / "recipe.toml")
    data = load_file(Path(recipe.data.path), recipe.data.label)
    encoder = fitted_encoder(recipe, data)
    build_model(recipe, encoder, len(data.classes), data.image_shape)


def test_an_examples_samples_are_written_only_where_there_are_none(lgn, tmp_path):
    lgn("new", tmp_path / "project")
    text = (tmp_path / "project" / "Makefile").read_text(encoding="utf-8")
    assert "samples.csv: | make_data.py" in text, "else make replaces an older file of the user"


def test_an_own_board_is_one(lgn, tmp_path):
    from lgn_boards.boards import find_board

    lgn("new", tmp_path / "project", "--example", "own-board")
    board = find_board(str(tmp_path / "project" / "board.py"))
    assert board.clock_hz(board.open_platform()) == 16_000_000


def test_new_rejects_a_folder_of_somebody_else(lgn, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    code, _, err = lgn("new", tmp_path)
    assert code == 2
    assert "notes.txt" in err


def test_new_names_no_option_that_it_does_not_have(lgn, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    code, _, err = lgn("new", tmp_path)
    assert (code, "--output" in err, "lgn-new" in err) == (2, False, True)


def test_new_keeps_an_edited_file(lgn, tmp_path):
    lgn("new", tmp_path / "project")
    recipe = tmp_path / "project" / "recipe.toml"
    recipe.write_text("mine", encoding="utf-8")
    code, _, err = lgn("new", tmp_path / "project")
    assert code == 0
    assert "recipe.toml.orig" in err
    assert recipe.with_name("recipe.toml.orig").read_text(encoding="utf-8") == "mine"
