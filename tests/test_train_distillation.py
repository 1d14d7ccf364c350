"""Distillation: a teacher's logits beside the labels, and files that belong to their data."""

import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lgn_hw.errors import UsageError
from lgn_train import Recipe, train
from lgn_train.data import load_digits
from lgn_train.data.split import hold_out
from lgn_train.distillation import Teacher, read_teacher, write_teacher
from lgn_train.encoding import fitted_encoder
from lgn_train.loop import Trainer
from lgn_train.model import build_model
from lgn_train.teacher import main, train_teacher

RECIPE = {
    "name": "taught",
    "data": {"source": "digits"},
    "model": {"layers": [60], "tau": 2.0},
    "train": {"epochs": 2, "learning_rate": 0.1},
}


def recipe(**changed):
    return Recipe.of(RECIPE | {"train": RECIPE["train"] | changed}, "test")


def logits_of(data, seed=0):
    return np.random.default_rng(seed).normal(size=(len(data.y_train), 10)).astype(np.float32)


def trainer_of(chosen, data):
    return Trainer(build_model(chosen, fitted_encoder(chosen, data), 10), chosen, data)


def test_teacher_loss_is_the_divergence_at_its_temperature():
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    samples, t = torch.tensor([4, 1]), 3.0
    teacher = Teacher(logits, 0.5, t)
    ours = torch.randn(2, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    p, q = torch.softmax(logits[samples] / t, 1), torch.softmax(ours / t, 1)
    loss = teacher.losses(ours, samples).sum()
    torch.testing.assert_close(loss, t**2 * (p * (p / q).log()).sum())
    loss.backward()
    torch.testing.assert_close(ours.grad, t * (q - p))
    assert float(teacher.losses(logits[samples], samples).sum()) == pytest.approx(0, abs=1e-6)


def test_objective_weighs_labels_and_teacher(tmp_path):
    data = load_digits()
    write_teacher(path := tmp_path / "teacher.npz", logits_of(data), data)
    chosen = recipe(teacher=str(path), teacher_weight=0.25, teacher_temperature=2.0)
    trainer = trainer_of(chosen, data)
    samples, logits = torch.tensor([3, 900, 17]), torch.randn(3, 10)
    teacher = Teacher(torch.from_numpy(logits_of(data)), 0.25, 2.0)
    labels = F.cross_entropy(
        logits, torch.from_numpy(data.y_train)[samples].long(), reduction="sum"
    )
    expected = 0.75 * labels + 0.25 * teacher.losses(logits, samples).sum()
    torch.testing.assert_close(trainer.objective(logits, samples), expected)
    assert trainer.objective.teacher_digest == teacher.digest
    assert trainer_of(recipe(), data).objective.teacher_digest is None


def test_teacher_files_hold_what_was_written(tmp_path):
    data = load_digits()
    write_teacher(path := tmp_path / "teacher.npz", logits_of(data), data)
    assert np.array_equal(read_teacher(path, data).numpy(), logits_of(data))


def test_teacher_rejects_files_of_other_data(tmp_path):
    data = load_digits()
    write_teacher(path := tmp_path / "teacher.npz", logits_of(data), data)
    held = hold_out(data, 0.1, 0)
    with pytest.raises(
        UsageError, match=r"is of other data: .* shape \(1437, 10\).*needs \(1293, 10"
    ):
        read_teacher(path, held)
    other = hold_out(data, 0.1, 1)
    write_teacher(path, logits_of(other), other)
    with pytest.raises(
        UsageError, match=r"same samples, split and labels; make it anew with python"
    ):
        read_teacher(path, held)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "^There is no teacher "),
        (lambda path: path.write_bytes(b"PK\x03\x04 no"), " is no teacher's file: "),
        (lambda path: path.write_bytes(path.read_bytes()[:900]), " is no teacher's file: "),
        (lambda path: path.write_bytes(b""), " is no teacher's file: "),
        (lambda path: np.savez(path, x=np.zeros(3)), " is no teacher's file: "),
        (lambda path: np.savez(path, logits=np.array([{}]), data_sha256="x"), "no teacher's file"),
        (lambda path: path.write_text("not numbers"), " is no teacher's file: "),
        (lambda path: np.save(path.open("wb"), np.zeros(3)), " is no teacher's file: "),
        (lambda path: np.savez(path, logits=np.zeros(3)), "it has no data_sha256"),
        (lambda path: np.savez(path, logits=["a"], data_sha256="x"), "its logits are no floats"),
    ],
)
def test_teacher_rejects_damaged_files(damage, message, tmp_path):
    data = load_digits()
    write_teacher(path := tmp_path / "teacher.npz", logits_of(data), data)
    damage(path)
    with pytest.raises(UsageError, match=message) as caught:
        read_teacher(path, data)
    assert "python -m lgn_train.teacher" in str(caught.value)


def test_teacher_rejects_what_is_no_number(tmp_path):
    data, logits = load_digits(), logits_of(load_digits())
    logits[7, 3] = np.nan
    write_teacher(path := tmp_path / "teacher.npz", logits, data)
    with pytest.raises(UsageError, match="holds logits that are not finite numbers; make it anew"):
        read_teacher(path, data)


def test_a_taught_run_goes_on_with_the_same_teacher_only(tmp_path):
    data = load_digits()
    write_teacher(path := tmp_path / "teacher.npz", logits_of(data), data)
    train(recipe(teacher=str(path), epochs=1), tmp_path / "run", quiet=True)
    write_teacher(path, logits_of(data, seed=1), data)
    message = f"was trained with another teacher than {str(path)!r}; put the file back"
    with pytest.raises(UsageError, match=re.escape(message)):
        train(recipe(teacher=str(path)), tmp_path / "run", resume=True, quiet=True)
    write_teacher(path, logits_of(data), data)
    train(recipe(teacher=str(path)), tmp_path / "run", resume=True, quiet=True)


def test_teacher_command_writes_logits_that_know_the_digits(tmp_path, capsys):
    source = tmp_path / "recipe.toml"
    source.write_text(
        'name = "t"\n[data]\nsource = "digits"\n[model]\nlayers = [20]\n'
        "[train]\nepochs = 1\nshift = 1\n"
    )
    path = tmp_path / "teacher.npz"
    assert main([str(source), "-o", str(path), "--epochs", "6", "--width", "8"]) == 0
    data = load_digits()
    logits = read_teacher(path, data).numpy()
    assert (logits.argmax(axis=1) == data.y_train).mean() > 0.9
    out = capsys.readouterr().out
    assert "epoch 6/6" in out
    assert "of 360 samples of the test part" in out


def test_teacher_command_says_what_is_wrong(tmp_path, capsys):
    assert main([str(tmp_path / "none.toml"), "-o", str(tmp_path / "x.npz")]) == 1
    assert "error: There is no recipe" in capsys.readouterr().err


def test_teacher_needs_images():
    chosen = Recipe.of(RECIPE | {"data": {"source": "monk", "problem": 1}}, "test")
    flat = load_digits()
    object.__setattr__(flat, "image_shape", None)
    with pytest.raises(UsageError, match=r"^A teacher needs images; the data set has none$"):
        train_teacher(chosen, flat, 1, 8)


@pytest.mark.parametrize("option", ["--epochs", "--width"])
def test_teacher_command_needs_positive_numbers(option, tmp_path, capsys):
    assert main(["recipe.toml", "-o", str(tmp_path / "x.npz"), option, "0"]) == 1
    assert f"error: {option} must be 1 or more, not 0" in capsys.readouterr().err
