"""The folder of a run: what it refuses, what it keeps, and what --force removes."""

import json
import os
import re

import numpy as np
import pytest
import torch

from lgn_hw.errors import UsageError
from lgn_train.checkpoint import Checkpoint, save_checkpoint
from lgn_train.run_dir import RunDir

RECIPE = {"name": "trial"}


def train(folder, epochs=2, *, resume=False, force=False):
    """Write what a run of so many epochs writes; return the folder."""
    run = RunDir(folder)
    with run.held(resume=resume, force=force):
        run.write_json("recipe.resolved.json", RECIPE)
        run.write_test_samples(np.zeros((2, 3), int), np.zeros(2, int))
        done = len(run.metrics()) if resume else 0
        run.keep_metrics(done)
        for epoch in range(done + 1, epochs + 1):
            run.append_metrics({"epoch": epoch, "loss": 0.5})
            state = {"recipe": RECIPE, "epoch": epoch}
            save_checkpoint(run.checkpoints, Checkpoint(epoch, {"a": torch.zeros(1)}, state))
        run.write("trial.lgn", b"the classifier")
        run.write_json("train.json", {"epochs": epochs})
        return run.kept


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lgn.lock"}


def test_folder_of_data_is_refused_and_left_as_it_was(tmp_path):
    for name in ("train.npz", "test.npz", "metrics.jsonl", "checkpoints/step-00000001/model.bin"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine", encoding="utf-8")
    before = contents(tmp_path)
    for force in (False, True):
        with pytest.raises(
            UsageError, match=r"holds files that lgn did not write \(checkpoints, m"
        ):
            train(tmp_path, force=force)
    assert contents(tmp_path) == before


def test_force_removes_what_the_run_wrote_and_keeps_the_rest(tmp_path):
    train(tmp_path / "run")
    mine = {"notes.txt": "n", "trial.v": "v", "other.lgn": "o", "checkpoints/best/w.bin": "w"}
    for name, text in mine.items():
        (tmp_path / "run" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "run" / name).write_text(text, encoding="utf-8")
    assert train(tmp_path / "run", 1, force=True) == []
    for name, text in mine.items():
        assert (tmp_path / "run" / name).read_text(encoding="utf-8") == text
    assert len(RunDir(tmp_path / "run").metrics()) == 1
    assert len(list((tmp_path / "run" / "checkpoints").glob("step-*"))) == 1


@pytest.mark.parametrize("name", ["test.npz", "metrics.jsonl", "trial.lgn", "train.json"])
def test_edited_files_of_a_run_are_kept_and_told(tmp_path, name):
    train(tmp_path)
    (tmp_path / name).write_bytes(b"edited")
    (said,) = train(tmp_path, force=True)
    assert said.endswith(f"{name} was not as lgn wrote it; it is kept as {tmp_path / name}.orig")
    assert (tmp_path / f"{name}.orig").read_bytes() == b"edited"


@pytest.mark.parametrize("end", ["", '{"epoch": 3, "lo'])
def test_metrics_of_a_killed_run_are_its_own(tmp_path, end):
    pid = os.fork()
    if not pid:
        run = RunDir(tmp_path)
        with run.held():
            run.write_json("recipe.resolved.json", RECIPE)
            run.write("metrics.jsonl", b"")
            for epoch in (1, 2):
                run.append_metrics({"epoch": epoch, "loss": 0.5})
            with (tmp_path / "metrics.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(end)
            os._exit(9)
    os.waitpid(pid, 0)
    assert train(tmp_path, force=True) == []
    assert [line["epoch"] for line in RunDir(tmp_path).metrics()] == [1, 2]


def test_lines_of_others_in_the_metrics_are_kept_aside(tmp_path):
    train(tmp_path)
    with (tmp_path / "metrics.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('my note\n{"step": 7}\n[1]\n')
    (said,) = train(tmp_path, 3, resume=True)
    assert "metrics.jsonl.orig" in said
    assert [line["epoch"] for line in RunDir(tmp_path).metrics()] == [1, 2, 3]
    assert "my note" in (tmp_path / "metrics.jsonl.orig").read_text(encoding="utf-8")


def test_run_without_a_mark_is_resumed_where_its_checkpoint_shows_what_it_is(tmp_path):
    train(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(UsageError, match="holds files that lgn did not write"):
        train(tmp_path, force=True)
    assert train(tmp_path, 3, resume=True) == []
    assert [line["epoch"] for line in RunDir(tmp_path).metrics()] == [1, 2, 3]
    (tmp_path / "manifest.json").unlink()
    recipe = json.dumps(RECIPE | {"name": "another"})
    (tmp_path / "recipe.resolved.json").write_text(recipe, encoding="utf-8")
    with pytest.raises(UsageError, match="holds files that lgn did not write"):
        train(tmp_path, 4, resume=True)


def test_folder_in_use_is_refused_with_who_trains_there(tmp_path):
    train(tmp_path)
    with RunDir(tmp_path).held(resume=True):
        for options in ({}, {"resume": True}, {"force": True}):
            message = rf"^{re.escape(str(tmp_path))} is in use by `.*` \(process {os.getpid()} on "
            with pytest.raises(UsageError, match=message):
                train(tmp_path, **options)
    assert len(RunDir(tmp_path).metrics()) == 2
