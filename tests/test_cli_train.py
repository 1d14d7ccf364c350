"""`lgn train` and `lgn export`: options, default recipe, JSON, and what is said when it fails."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from lgn_cli.export import export
from lgn_cli.train import train
from lgn_hw import Classifier
from lgn_hw.errors import UsageError

RECIPE = """
name = "trial"
[data]
source = "digits"
[model]
layers = [40, 20]
[train]
epochs = 1
batch_size = 300
"""

app = typer.Typer()
app.command()(train)
app.command()(export)


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def lgn(*arguments):
    result = invoke(*arguments)
    if result.exception:
        raise result.exception
    return result.stdout


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "trial.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "my flowers.csv"
    rows = [f"{i % 9},{'low' if i % 9 < 3 else 'mid' if i % 9 < 6 else 'high'}" for i in range(90)]
    path.write_text("\n".join(["size,kind", *rows]) + "\n")
    return path


def test_train_prints_a_table_of_named_figures(recipe, tmp_path):
    text = lgn("train", recipe, "--output", tmp_path / "run")
    for name in ("accuracy", "gap, train mode minus discrete", "unused gates", "nodes"):
        assert name in text


def test_train_json_is_what_the_run_wrote(recipe, tmp_path):
    found = json.loads(lgn("train", recipe, "--output", tmp_path / "run", "--json"))
    assert found == json.loads((tmp_path / "run" / "train.json").read_text())


def test_train_writes_to_build_by_default(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lgn("train", recipe)
    assert (tmp_path / "build" / "trial" / "trial.lgn").is_file()


def test_train_takes_changes(recipe, tmp_path):
    arguments = ("--seed", 3, "--epochs", 2, "--set", "model.tau=3.0", "--set", "name=other")
    lgn("train", recipe, "--output", tmp_path / "run", *arguments)
    made = json.loads((tmp_path / "run" / "recipe.resolved.json").read_text())
    assert (made["seed"], made["train"]["epochs"], made["model"]["tau"]) == (3, 2, 3.0)
    assert (tmp_path / "run" / "other.lgn").is_file()


def test_train_has_a_default_recipe_for_tables(csv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = json.loads(lgn("train", "--data", csv, "--epochs", 40, "--json"))
    classifier = Classifier.load(tmp_path / "build" / "my-flowers" / "my-flowers.lgn")
    assert classifier.classes == ("high", "low", "mid")
    assert classifier.group_sizes == (100, 100, 100)
    assert found["accuracy"] > 0.9


def test_train_resumes_and_forces(recipe, tmp_path):
    run = tmp_path / "run"
    lgn("train", recipe, "--output", run)
    with pytest.raises(UsageError, match="already holds a run"):
        lgn("train", recipe, "--output", run)
    lgn("train", recipe, "--output", run, "--resume", "--epochs", 2)
    assert json.loads((run / "train.json").read_text())["epochs"] == 2
    lgn("train", recipe, "--output", run, "--force")
    assert json.loads((run / "train.json").read_text())["epochs"] == 1


def test_train_says_how_to_go_on_when_interrupted(recipe, tmp_path, monkeypatch):
    import lgn_train

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(lgn_train, "train", interrupted)
    result = invoke("train", recipe, "--output", tmp_path / "run")
    assert result.exit_code == 130
    assert "the same command with --resume goes on" in result.output


def test_train_rejects_nothing_to_train():
    with pytest.raises(UsageError, match=r"^Name a recipe, like digits \(--list shows all\), or"):
        lgn("train")


def test_train_takes_a_recipe_by_name(tmp_path):
    changes = ("--epochs", 1, "--set", "model.layers=[20]", "--set", "train.batch_size=500")
    lgn("train", "Digits", "--output", tmp_path / "run", *changes)
    assert (tmp_path / "run" / "digits.lgn").is_file()


def test_train_lists_the_recipes_with_their_titles():
    found = json.loads(lgn("train", "--list", "--json"))
    assert found["digits"].startswith("The demo: scikit-learn's 8x8 digits")
    assert all(title and not title.startswith("name =") for title in found.values())
    assert "digits-icestick" in lgn("train", "--list")


def test_train_rejects_an_unknown_name_with_the_nearest():
    with pytest.raises(
        UsageError, match=r"no recipe 'digit'; did you mean digits\? `lgn train --list"
    ):
        lgn("train", "digit")


@pytest.mark.parametrize("package", ["torch", "pydantic", "safetensors"])
def test_train_rejects_a_missing_package(package):
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from lgn_cli.train import require_lgn_train; require_lgn_train()"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    message = f"ToolNotFound: Training needs the package {package}, which is missing; install it:"
    assert message in result.stderr.decode()


def test_export_rebuilds_the_file_of_a_run(recipe, tmp_path):
    run = tmp_path / "run"
    lgn("train", recipe, "--output", run)
    before = (run / "trial.lgn").read_bytes()
    (run / "trial.lgn").unlink()
    assert "nodes" in lgn("export", run)
    assert (run / "trial.lgn").read_bytes() == before
    found = json.loads(lgn("export", run, "-o", tmp_path / "copy.lgn", "--json"))
    assert found["digest"] == Classifier.load(tmp_path / "copy.lgn").digest


def test_recipe_may_begin_with_a_byte_order_mark(recipe, tmp_path):
    recipe.write_text(RECIPE, encoding="utf-8-sig")
    assert json.loads(lgn("train", recipe, "--output", tmp_path / "run", "--json"))["epochs"] == 1


def test_train_names_the_option_for_a_data_file(csv):
    with pytest.raises(UsageError, match=r"is no recipe but a data file; give it as --data .*csv"):
        lgn("train", csv)
