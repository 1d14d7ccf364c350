"""Runs: files, resuming bit for bit, refusals, and equal bytes for equal seeds."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from messages import telling

from lgn_hw import Classifier
from lgn_hw.errors import CheckFailed, UsageError
from lgn_train import Recipe, export_run, train
from lgn_train.checkpoint import load_newest
from lgn_train.loop import Trainer
from lgn_train.run_dir import RunDir


def recipe(*changes):
    data = {
        "name": "trial",
        "data": {"source": "digits"},
        "model": {"layers": [80, 40], "tau": 2.0},
        "train": {"epochs": 4, "batch_size": 200, "learning_rate": 0.05, "schedule": "constant"},
    }
    return Recipe.of(data, "trial", changes)


def run(folder, *changes, **options):
    return train(recipe(*changes), folder, quiet=True, **options)


def classifier_bytes(folder):
    return (folder / "trial.lgn").read_bytes()


class Killed(Exception):
    pass


def kill_after(epoch):
    def on_epoch(line):
        if line["epoch"] == epoch:
            raise Killed

    return on_epoch


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("done")
    return folder, run(folder)


@pytest.fixture
def copied(done, tmp_path):
    """A finished run that a test may change."""
    return shutil.copytree(done[0], tmp_path / "run")


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "table.csv"
    rows = [f"{i % 13},{i / 7},{'small' if i % 13 < 6 else 'large'}" for i in range(120)]
    path.write_text("\n".join(["size,time,kind", *rows]) + "\n")
    return path


def test_run_writes_every_file(done):
    folder, figures = done
    assert {path.name for path in folder.iterdir()} == {
        ".lgn.lock",
        "checkpoints",
        "manifest.json",
        "metrics.jsonl",
        "recipe.resolved.json",
        "test.npz",
        "train.json",
        "trial.lgn",
    }
    assert json.loads((folder / "train.json").read_text()) == figures
    assert Recipe.of(json.loads((folder / "recipe.resolved.json").read_text()), "") == recipe()
    epochs = [json.loads(line)["epoch"] for line in (folder / "metrics.jsonl").open()]
    assert epochs == [1, 2, 3, 4]


def test_run_figures_are_those_of_the_file(done):
    folder, figures = done
    classifier = Classifier.load(folder / "trial.lgn")
    with np.load(folder / "test.npz") as test:
        x, y = test["x"], test["y"]
        assert bool(test["codes"])
    assert figures["accuracy"] == (classifier.predict(x) == y).mean()
    last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    assert figures["gap"] == last["train_mode_accuracy"] - figures["accuracy"]
    assert figures["nodes"] == classifier.netlist.num_nodes == 120
    assert (figures["epochs"], figures["test_samples"]) == (4, 360)


def test_provenance_says_how_and_holds_no_time(done):
    provenance = Classifier.load(done[0] / "trial.lgn").provenance
    assert provenance["recipe"] == recipe().to_dict()
    assert set(provenance["versions"]) == {"lgn-hw", "torch", "numpy", "python"}
    assert "seconds" not in json.dumps(dict(provenance))


def test_same_seed_gives_the_same_bytes_and_another_seed_others(done, tmp_path):
    run(tmp_path / "same")
    assert classifier_bytes(tmp_path / "same") == classifier_bytes(done[0])
    run(tmp_path / "other", "seed=1", "train.epochs=1")
    assert classifier_bytes(tmp_path / "other") != classifier_bytes(done[0])


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_killed_and_resumed_run_gives_the_same_bytes(tmp_path, schedule):
    changes = (f"train.schedule={schedule}",)
    run(tmp_path / "whole", *changes)
    with pytest.raises(Killed):
        run(tmp_path / "killed", *changes, on_epoch=kill_after(2))
    run(tmp_path / "killed", *changes, resume=True)
    assert classifier_bytes(tmp_path / "killed") == classifier_bytes(tmp_path / "whole")
    lines = (tmp_path / "killed" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4]


KILLED_AT_STEP_20 = """
import json, os, signal, sys
from pathlib import Path
from lgn_train import Recipe, train
from lgn_train.loop import Trainer

run_step = Trainer.run_step

def killed(trainer):
    if trainer.step == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return run_step(trainer)

Trainer.run_step = killed
train(Recipe.of(json.loads(sys.argv[1]), "trial"), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("minutes", "resumed"), [(10.0, "epoch 2 of 4"), (1e-9, "epoch 2 of 4 and 4 of 8 steps")]
)
def test_run_killed_in_mid_epoch_ends_in_the_same_bytes(tmp_path, capsys, minutes, resumed):
    chosen = recipe(f"train.checkpoint_minutes={minutes}")
    arguments = [sys.executable, "-c", KILLED_AT_STEP_20, json.dumps(chosen.to_dict())]
    killed = subprocess.run([*arguments, tmp_path / "killed"], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    train(chosen, tmp_path / "killed", resume=True)
    assert f"note: resuming after {resumed}\n" in capsys.readouterr().err
    train(chosen, tmp_path / "whole", quiet=True)
    assert classifier_bytes(tmp_path / "killed") == classifier_bytes(tmp_path / "whole")
    lines = [json.loads(line) for line in (tmp_path / "killed" / "metrics.jsonl").open()]
    whole = [json.loads(line) for line in (tmp_path / "whole" / "metrics.jsonl").open()]
    assert [line["loss"] for line in lines] == [line["loss"] for line in whole]


def test_two_epochs_resumed_to_four_give_the_bytes_of_four(done, tmp_path):
    run(tmp_path, "train.epochs=2")
    run(tmp_path, resume=True)
    assert classifier_bytes(tmp_path) == classifier_bytes(done[0])


def test_resume_goes_around_a_damaged_checkpoint(done, copied, capsys):
    tensors = copied / "checkpoints" / "step-00000032" / "state.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-9])
    train(recipe(), copied, resume=True)
    assert classifier_bytes(copied) == classifier_bytes(done[0])
    said = capsys.readouterr().err
    assert "step-00000032 is damaged (its SHA-256 does not match); going back" in said
    assert "note: resuming after epoch 3 of 4" in said
    assert [line["epoch"] for line in map(json.loads, (copied / "metrics.jsonl").open())][-2:] == [
        3,
        4,
    ]


def test_resume_starts_where_no_epoch_was_finished(done, copied):
    shutil.rmtree(copied / "checkpoints")
    run(copied, resume=True)
    assert classifier_bytes(copied) == classifier_bytes(done[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.tau=3.0", "model.tau = 2.0, ... 3.0"),
        ("seed=5", "seed = 0, ... 5"),
        ("model.layers=[90, 40]", "model.layers = [80, 40], ... [90, 40]"),
    ],
)
def test_resume_rejects_another_recipe(copied, change, message):
    text = f"{copied} ... {message}; set it back, or ...--force"
    with pytest.raises(UsageError, match=telling(text)):
        run(copied, change, resume=True)


def test_resume_rejects_fewer_epochs(copied):
    text = f"{copied} has 4 epochs ...; train.epochs may be raised, not ... 3"
    with pytest.raises(UsageError, match=telling(text)):
        run(copied, "train.epochs=3", resume=True)


def test_resume_rejects_other_data(csv, tmp_path):
    run(tmp_path / "r", data_path=csv)
    csv.write_text(csv.read_text().replace("\n5,", "\n6,", 1))
    text = f"{tmp_path}/r was trained on other data: the samples have changed since;"
    with pytest.raises(UsageError, match=f"^{re.escape(text)}"):
        run(tmp_path / "r", data_path=csv, resume=True)


def test_run_rejects_a_folder_that_holds_one(copied):
    before = classifier_bytes(copied)
    text = f"{copied} already holds a run; go on with --resume, start over with --force, or choose"
    with pytest.raises(UsageError, match=f"^{re.escape(text)}"):
        run(copied)
    assert classifier_bytes(copied) == before


def test_force_starts_over_and_keeps_other_files(copied):
    (copied / "notes.txt").write_text("mine")
    figures = run(copied, "train.epochs=1", "model.tau=3.0", force=True)
    assert figures["epochs"] == 1
    assert (copied / "notes.txt").read_text() == "mine"
    assert load_newest(copied / "checkpoints")[0].step == 8


def test_run_rejects_resume_without_a_run(tmp_path):
    text = f"{tmp_path} holds no run: ...recipe.resolved.json"
    with pytest.raises(UsageError, match=telling(text)):
        run(tmp_path, resume=True)
    with pytest.raises(UsageError, match=r"^--resume goes on and --force starts over; give one of"):
        run(tmp_path, resume=True, force=True)


def test_export_run_is_the_file_of_the_run(done):
    assert export_run(done[0]).digest == Classifier.load(done[0] / "trial.lgn").digest


def test_export_run_takes_a_run_that_was_stopped(tmp_path):
    with pytest.raises(Killed):
        run(tmp_path, on_epoch=kill_after(2))
    assert export_run(tmp_path).provenance["epochs"] == 2


def test_export_run_measures_a_checkpoint_within_an_epoch(tmp_path, monkeypatch):
    run_step = Trainer.run_step

    def killed(trainer):
        if trainer.step == 11:
            raise Killed
        return run_step(trainer)

    monkeypatch.setattr(Trainer, "run_step", killed)
    with pytest.raises(Killed):
        run(tmp_path, "train.checkpoint_minutes=1e-9")
    classifier = export_run(tmp_path)
    x, y = RunDir(tmp_path).test_samples()
    assert (classifier.provenance["epochs"], classifier.provenance["steps"]) == (1, 11)
    assert classifier.provenance["accuracy"] == (classifier.predict(x) == y).mean()


def test_run_measures_only_when_asked_and_at_the_end(done, tmp_path):
    run(tmp_path, "train.eval_every=3")
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").open()]
    assert ["discrete_accuracy" in line for line in lines] == [False, False, True, True]
    run(tmp_path, "train.eval_every=9", "train.epochs=5", resume=True)
    assert json.loads((tmp_path / "train.json").read_text())["epochs"] == 5


def test_a_full_disk_loses_nothing_older(done, copied, monkeypatch):
    before = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("lgn_hw.files.atomic.os.fsync", full)
    text = (
        f"{copied}/recipe.resolved.json ... (No space left on device); make room on the disk,"
        " ...--resume"
    )
    with pytest.raises(UsageError, match=telling(text)):
        run(copied, "train.epochs=5", resume=True)
    assert {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()} == before
    monkeypatch.undo()
    run(copied, resume=True)
    assert classifier_bytes(copied) == classifier_bytes(done[0])


def test_export_run_rejects_folders_without_a_checkpoint(copied, tmp_path):
    shutil.rmtree(copied / "checkpoints")
    text = f"{copied} holds no checkpoint ...; train for an epoch ..."
    with pytest.raises(UsageError, match=telling(text)):
        export_run(copied)
    with pytest.raises(UsageError, match=r"holds no run: it has no recipe\.resolved\.json$"):
        export_run(tmp_path / "none")


def test_export_run_rejects_test_samples_that_were_changed(copied):
    with np.load(copied / "test.npz") as test:
        x, y = test["x"], test["y"]
    np.savez(copied / "test.npz", x=x, y=(y + 1) % 10)
    message = r"^The exported classifier has accuracy .* and training measured "
    with pytest.raises(CheckFailed, match=message):
        export_run(copied)


def test_run_trains_on_a_table_and_keeps_its_folder_out_of_the_file(csv, tmp_path):
    figures = run(tmp_path / "r", "encoder.levels=7", data_path=csv)
    classifier = Classifier.load(figures["classifier"])
    assert classifier.features.names == ("size", "time")
    assert classifier.classes == ("large", "small")
    assert classifier.provenance["recipe"]["data"]["path"] == "table.csv"
    assert str(tmp_path) not in json.dumps(dict(classifier.provenance))


KINDS = [
    ("model.wiring=structured", "model.radius=2"),
    ("model.conv=[{kernels=6, pool=2}, {kernels=8, tree_depth=2}]",),
]


@pytest.mark.parametrize("kind", KINDS)
def test_runs_of_every_kind_are_resumed_and_exported(tmp_path, kind):
    changes = ("train.epochs=2", *kind)
    run(tmp_path / "whole", *changes)
    with pytest.raises(Killed):
        run(tmp_path / "killed", *changes, on_epoch=kill_after(1))
    run(tmp_path / "killed", *changes, resume=True)
    assert classifier_bytes(tmp_path / "killed") == classifier_bytes(tmp_path / "whole")


def test_run_rejects_a_label_without_a_file(tmp_path):
    message = r"^--label is for a data file; give the file with --data$"
    with pytest.raises(UsageError, match=message):
        run(tmp_path, label="kind")


def test_run_rejects_data_that_cannot_be_encoded(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.ones((20, 1), int), y=np.arange(20) % 2)
    with pytest.raises(
        UsageError, match=r"^encoder: No threshold tells the training samples apart"
    ):
        run(tmp_path / "r", data_path=tmp_path / "d.npz")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_digits_recipe_reaches_its_accuracy(tmp_path, seed):
    from pathlib import Path

    path = Path(__file__).parent.parent / "train" / "recipes" / "digits.toml"
    figures = train(Recipe.load(path, [f"seed={seed}"]), tmp_path, quiet=True)
    assert figures["accuracy"] >= 0.965
    assert abs(figures["gap"]) <= 0.03
