"""The wheel: what a user installs has all that the commands read, and its hints name extras."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("lgn_hw", "lgn_cli", "lgn_train", "lgn_sim", "lgn_boards")
FOLDERS = (ROOT, ROOT / "cli", ROOT / "train", ROOT / "sim", ROOT / "boards")


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    [path] = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_wheel_holds_every_file_of_the_packages_and_the_recipes(wheel):
    names = set(wheel.namelist())
    for package, folder in zip(PACKAGES, FOLDERS, strict=True):
        for path in (folder / package).rglob("*"):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and "__pycache__" not in name:
                assert name in names, f"{name} is missing"
    for path in (ROOT / "train" / "recipes").glob("*.toml"):
        assert wheel.read(f"lgn_train/recipes/{path.name}") == path.read_bytes()
    assert wheel.read("lgn_hw/CHANGELOG.md") == (ROOT / "CHANGELOG.md").read_bytes()


def test_wheel_runs_where_the_repository_is_not(wheel, tmp_path):
    """Unpacked somewhere else, in an empty folder, with only the libraries of this environment."""
    wheel.extractall(tmp_path / "site")
    program = (
        "import sys, lgn_hw\n"
        "from pathlib import Path\n"
        "assert Path(lgn_hw.__file__).is_relative_to(sys.argv.pop(1))\n"
        "from lgn_cli import main; main()\n"
    )
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    def run(*arguments):
        command = [sys.executable, "-c", program, tmp_path / "site", *arguments]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", check=False,
            env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin", "COLUMNS": "120"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "digits-icestick" in run("train", "--list")
    run("new", "project", "--example", "mnist")
    assert (folder / "project" / "recipe.toml").is_file()


def test_metadata_names_authors_and_a_reason_per_extra():
    assert project()["authors"]
    assert project()["urls"]


def test_every_hint_names_an_extra_that_there_is():
    extras = set(project()["optional-dependencies"])
    hints = [
        (path, names)
        for folder in (*FOLDERS[1:], ROOT / "lgn_hw", ROOT / "docs")
        for path in [*folder.rglob("*.py"), *folder.rglob("*.md")]
        for names in re.findall(r"lgn-hw\[([a-z,]+)\]", path.read_text(encoding="utf-8"))
    ]
    assert len(hints) > 5
    assert [(path, names) for path, names in hints if not set(names.split(",")) <= extras] == []
