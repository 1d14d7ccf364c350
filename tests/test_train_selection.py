"""The validation part chooses the epoch: kept, resumed, exported, and tested once."""

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lgn_hw import Classifier
from lgn_hw.errors import UsageError
from lgn_train import Recipe, export_run, train
from lgn_train.checkpoint import load_newest
from lgn_train.encoding import fit_thermometer
from lgn_train.loop import Trainer
from lgn_train.metrics import accuracy
from lgn_train.model import build_model
from lgn_train.selection import Selection
from lgn_train.sources import load_dataset

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores


def recipe(*changes):
    data = {
        "name": "trial",
        "data": {"source": "digits", "validation": 0.2},
        "model": {"layers": [80, 40], "tau": 2.0},
        # So high a rate that the accuracy goes up and down: the best epoch is not the last.
        "train": {"epochs": 8, "batch_size": 200, "learning_rate": 0.8, "schedule": "constant"},
    }
    return Recipe.of(data, "trial", changes)


def run(folder, *changes, **options):
    return train(recipe(*changes), folder, quiet=True, **options)


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").open()]


def without_times(line):
    return {key: value for key, value in line.items() if not key.endswith("seconds")}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("done")
    return folder, run(folder)


def offered(accuracies, patience=0):
    selection, model = Selection(patience), nn.Linear(1, 1)
    for epoch, value in enumerate(accuracies, start=1):
        with torch.no_grad():
            model.weight.fill_(epoch)
        selection.offer(epoch, 10 * epoch, {"discrete_accuracy": value}, model)
        if selection.over:
            break
    return selection, epoch


@pytest.mark.parametrize(
    ("accuracies", "best"), [([0.1, 0.3, 0.2], 2), ([0.3, 0.3, 0.3], 1), ([0.0, 0.0], 1)]
)
def test_selection_keeps_the_first_of_the_best(accuracies, best):
    selection, _ = offered(accuracies)
    assert (selection.best.epoch, selection.best.step) == (best, 10 * best)
    assert selection.best.tensors["weight"].item() == best


@pytest.mark.parametrize(("patience", "stops"), [(0, 6), (1, 2), (2, 5), (3, 6)])
def test_selection_is_over_when_patience_ends(patience, stops):
    assert offered([0.3, 0.1, 0.4, 0.2, 0.3, 0.1], patience)[1] == stops


def test_selection_goes_through_its_state():
    selection, _ = offered([0.3, 0.1, 0.4, 0.2], 2)
    again = Selection(2)
    again.restore(json.loads(json.dumps(selection.state())), selection.tensors())
    assert again.state() == selection.state()
    assert again.best.tensors["weight"].item() == 3
    again.restore(None, {})
    assert again.best is None


def test_run_measures_the_validation_part_and_tests_the_best_epoch(done):
    folder, figures = done
    found = lines(folder)
    assert [line["part"] for line in found] == ["validation"] * 8
    discrete = [line["discrete_accuracy"] for line in found]
    best = discrete.index(max(discrete))
    assert best < 7, "a run whose last epoch is best shows nothing"
    assert [number for number, line in enumerate(found) if line["best"]][-1] == best
    chosen = {name: figures[name] for name in ("kept_epoch", "chosen_on", "validation_accuracy",
                                               "validation_samples", "stopped_early")}  # fmt: skip
    assert chosen == {
        "kept_epoch": best + 1,
        "chosen_on": "validation",
        "validation_accuracy": max(discrete),
        "validation_samples": 287,
        "stopped_early": False,
    }
    assert (figures["train_samples"], figures["test_samples"], figures["epochs"]) == (1150, 360, 8)


def test_classifier_is_the_best_network_and_says_so(done):
    folder, figures = done
    classifier = Classifier.load(folder / "trial.lgn")
    data = load_dataset(recipe().data)
    right = classifier.predict(data.x_validation) == data.y_validation
    assert right.mean() == figures["validation_accuracy"]
    with np.load(folder / "test.npz") as test:
        assert figures["accuracy"] == (classifier.predict(test["x"]) == test["y"]).mean()
    assert classifier.provenance["epochs"] == figures["kept_epoch"]
    assert classifier.provenance["chosen"] == {
        "part": "validation",
        "samples": 287,
        "accuracy": figures["validation_accuracy"],
        "of_epochs": 8,
    }
    assert export_run(folder).digest == classifier.digest


def test_test_part_is_measured_once(tmp_path, monkeypatch):
    from lgn_train import loop, run_export

    seen = []
    for module in (loop, run_export):
        measured = module.figures_of

        def spy(model, x, y, measured=measured):
            seen.append(len(x))
            return measured(model, x, y)

        monkeypatch.setattr(module, "figures_of", spy)
    run(tmp_path, "train.epochs=3")
    assert seen == [287, 287, 287, 360]


def test_encoder_and_training_do_not_see_the_validation_part(done):
    data = load_dataset(recipe().data)
    trainer = Trainer(model_of(data), recipe(), data)
    assert trainer.steps_per_epoch == 6  # of 1150 samples


def model_of(data, chosen=None):
    encoder = fit_thermometer(data.features, data.x_train, 3)
    return build_model(chosen or recipe(), encoder, len(data.classes), data.image_shape)


def test_trainer_alone_keeps_and_takes_the_best(done):
    data = load_dataset(recipe().data)
    trainer = Trainer(model_of(data), recipe(), data)
    while not trainer.finished:
        trainer.run_epoch()
    trainer.take_best()
    kept = trainer.best
    assert kept.epoch == done[1]["kept_epoch"]
    found = accuracy(trainer.model, data.x_validation, data.y_validation, "discrete")
    assert found == kept.accuracy == done[1]["validation_accuracy"]


def test_run_stops_when_patience_ends(done, tmp_path):
    best = done[1]["kept_epoch"]
    discrete = [line["discrete_accuracy"] for line in lines(done[0])]
    high = list(itertools.accumulate(discrete, max))
    stop = next(epoch for epoch in range(3, 9) if high[epoch - 1] == high[epoch - 3])
    assert stop < 8, "a run that is not stopped shows nothing"
    figures = run(tmp_path, "train.patience=2")
    assert (figures["epochs"], figures["stopped_early"]) == (stop, True)
    assert figures["kept_epoch"] == stop - 2 <= best
    again = run(tmp_path, "train.patience=2", resume=True)
    assert (again["epochs"], again["accuracy"]) == (stop, figures["accuracy"])


def test_more_patience_goes_on_where_a_run_was_stopped(done, tmp_path):
    assert run(tmp_path, "train.patience=1")["epochs"] < 8
    figures = run(tmp_path, "train.patience=0", resume=True)
    assert {**figures, "classifier": 0, "seconds": 0} == {
        **done[1], "classifier": 0, "seconds": 0,
    }  # fmt: skip
    assert [*map(without_times, lines(tmp_path))] == [*map(without_times, lines(done[0]))]


def test_patience_counts_epochs_where_some_are_not_measured(tmp_path):
    figures = run(tmp_path, "train.patience=1", "train.eval_every=3", "train.epochs=30")
    measured = [line["epoch"] for line in lines(tmp_path) if "discrete_accuracy" in line]
    assert figures["epochs"] == measured[-1] == figures["kept_epoch"] + 3


KILLED = """
import json, os, signal, sys
from pathlib import Path
from lgn_train import Recipe, train
from lgn_train.loop import Trainer

run_step = Trainer.run_step

def killed(trainer):
    if trainer.step == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return run_step(trainer)

Trainer.run_step = killed
train(Recipe.of(json.loads(sys.argv[1]), "trial"), Path(sys.argv[2]), quiet=True)
"""


@pytest.mark.parametrize("step", [3, 44], ids=["before a best", "after the best"])
def test_killed_run_ends_in_the_same_bytes(done, tmp_path, step):
    chosen = recipe("train.checkpoint_minutes=1e-9")
    arguments = [sys.executable, "-c", KILLED, json.dumps(chosen.to_dict()), tmp_path, str(step)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    killed = subprocess.run(arguments, capture_output=True, check=False, env=environment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert load_newest(tmp_path / "checkpoints")[0].step == step
    figures = run(tmp_path, "train.checkpoint_minutes=1", resume=True)
    assert {**figures, "classifier": 0, "seconds": 0} == {
        **done[1], "classifier": 0, "seconds": 0,
    }  # fmt: skip
    tables = [Classifier.load(f / "trial.lgn").netlist.table for f in (tmp_path, done[0])]
    assert np.array_equal(*tables)
    states = [load_newest(f / "checkpoints")[0] for f in (tmp_path, done[0])]
    assert states[0].state["best"] == states[1].state["best"]
    assert all(torch.equal(t, states[1].tensors[n]) for n, t in states[0].tensors.items())


def test_stopped_run_exports_its_best_so_far(tmp_path):
    class Killed(Exception):
        pass

    def kill(line):
        if line["epoch"] == 5:
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path, on_epoch=kill)
    best = max(lines(tmp_path), key=lambda line: line["discrete_accuracy"])
    provenance = export_run(tmp_path).provenance
    assert provenance["epochs"] == best["epoch"]
    assert provenance["chosen"]["of_epochs"] == 5


def test_resume_rejects_another_validation_part(done, tmp_path):
    run(tmp_path, "train.epochs=1")
    with pytest.raises(UsageError, match=r"data\.validation = 0\.2, and cannot be resumed with 0"):
        run(tmp_path, "train.epochs=2", "data.validation=0.1", resume=True)


def test_validation_part_goes_with_a_file_in_place_of_the_data(tmp_path):
    rows = [f"{i % 13},{i / 7},{'small' if i % 13 < 6 else 'large'}" for i in range(120)]
    (tmp_path / "t.csv").write_text("\n".join(["size,time,kind", *rows]) + "\n")
    figures = run(tmp_path / "run", "train.epochs=2", data_path=tmp_path / "t.csv")
    assert (figures["train_samples"], figures["validation_samples"]) == (77, 19)


def test_class_with_more_weight_is_found_more_often(tmp_path):
    changes = ("data.validation=0", "train.epochs=4", "train.learning_rate=0.1", "model.tau=4.0")
    plain, weighted = tmp_path / "plain", tmp_path / "weighted"
    run(plain, *changes)
    run(weighted, *changes, "train.class_weight.8=30")
    with np.load(plain / "test.npz") as test:
        x = test["x"]
    guessed = [(Classifier.load(f / "trial.lgn").predict(x) == 8).sum() for f in (plain, weighted)]
    assert guessed[1] > guessed[0]


def test_label_smoothing_raises_the_loss_that_is_left(tmp_path):
    changes = ("data.validation=0", "train.epochs=3", "train.learning_rate=0.1")
    for smoothing in (0, 0.2):
        run(tmp_path / str(smoothing), *changes, f"train.label_smoothing={smoothing}")
    plain, smooth = (lines(tmp_path / str(s))[-1]["loss"] for s in (0, 0.2))
    assert smooth > plain


def test_command_shows_what_was_chosen(lgn, tmp_path):
    path = tmp_path / "trial.toml"
    path.write_text(
        'name = "trial"\n[data]\nsource = "digits"\nvalidation = 0.1\n'
        "[model]\nlayers = [40]\ntau = 2.0\n[train]\nepochs = 20\nlearning_rate = 0.5\n"
        "patience = 2\n"
    )
    code, out, err = lgn("train", path, "--output", tmp_path / "run")
    assert code == 0, err
    assert "validation: train-mode" in err
    assert "is kept, the best on the validation part, discrete 0." in err.replace("\n", " ")
    assert "of 144 samples" in out
    code, out, err = lgn("train", path, "--output", tmp_path / "run", "--resume", "--json")
    figures = json.loads(out)
    assert figures["chosen_on"] == "validation"
    assert Path(figures["classifier"]).exists()
