"""The training loop: it learns, from a state that is complete."""

import numpy as np
import pytest
import torch
from messages import telling
from torch import nn

from lgn_hw.errors import CheckFailed, UsageError
from lgn_hw.features import Features
from lgn_train import Geometry, LogicDense, Recipe, fit_thermometer, structured_wiring
from lgn_train.data import Dataset
from lgn_train.loop import Trainer, learning_rate
from lgn_train.model import build_model
from lgn_train.parts import logic_layers, parts_of

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores


def dataset(samples=240):
    """Two features; the class says which is greater."""
    x = np.random.default_rng(0).integers(0, 16, (samples, 2))
    y = (x[:, 0] > x[:, 1]).astype(np.int64)
    features = Features.integers([0, 0], [15, 15])
    half = samples // 2
    return Dataset(features, x[:half], y[:half], x[half:], y[half:], ("below", "above"))


def recipe(*changes):
    data = {
        "name": "trial",
        "data": {"source": "digits"},
        "encoder": {"levels": 7},
        "model": {"layers": [60, 40], "parametrization": "light", "fan_in": 3, "tau": 3.0},
        "train": {"epochs": 6, "batch_size": 50, "learning_rate": 0.05},
    }
    return Recipe.of(data, "trial", changes)


def trainer(*changes):
    data = dataset()
    spec = fit_thermometer(data.features, data.x_train, 7)
    chosen = recipe(*changes)
    return Trainer(build_model(chosen, spec, 2), chosen, data)


class Broken(nn.Module):
    def forward(self, x):
        return x * torch.nan


@pytest.mark.parametrize("estimator", ["gumbel_st", "hard_st", "cage", "soft", "soft_gumbel"])
def test_trainer_learns(estimator):
    changes = ("train.epochs=15", "train.batch_size=10", "model.layers=[100]")
    training = trainer(f"model.estimator={estimator}", *changes)
    lines = [training.run_epoch() for _ in range(15)]
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert lines[-1]["discrete_accuracy"] > 0.8


def test_run_epoch_reports_every_figure():
    training = trainer()
    line = training.run_epoch()
    assert list(line) == [
        "epoch",
        "step",
        "loss",
        "learning_rate",
        "seconds",
        "part",
        "train_mode_accuracy",
        "soft_accuracy",
        "discrete_accuracy",
        "gap_train",
        "gap_soft",
        "unused_gates",
        "measure_seconds",
    ]
    assert (line["epoch"], line["step"]) == (1, 3)
    assert line["gap_train"] == line["train_mode_accuracy"] - line["discrete_accuracy"]


def test_restored_trainer_goes_on_bit_for_bit():
    first, second = trainer(), trainer()
    for _ in range(2):
        first.run_epoch()
    saved = {name: tensor.clone() for name, tensor in first.tensors().items()}
    second.restore(first.step, saved)
    lines = [[t.run_epoch() for _ in range(2)] for t in (first, second)]
    for line in (*lines[0], *lines[1]):
        del line["seconds"], line["measure_seconds"]
    assert lines[0] == lines[1]
    for name, tensor in first.tensors().items():
        assert torch.equal(tensor, second.tensors()[name]), name


def test_trainer_goes_on_in_mid_epoch_bit_for_bit():
    first, second = trainer(), trainer()
    for _ in range(4):  # of three steps an epoch
        first.run_step()
    saved = {name: tensor.clone() for name, tensor in first.tensors().items()}
    second.restore(first.step, saved, first.loss_sum, first.seconds)
    assert second.epoch == 1
    for step in (5, 6):
        assert first.run_step() == second.run_step(), step
    assert first.loss_sum == second.loss_sum
    assert torch.equal(first.tensors()["model.1.logits"], second.tensors()["model.1.logits"])


def test_run_epoch_calls_after_every_step_but_the_last():
    training, steps = trainer(), []
    training.run_epoch(lambda: steps.append(training.step))
    training.run_step()
    training.run_epoch(lambda: steps.append(training.step))
    assert steps == [1, 2, 5]


def test_run_epoch_measures_every_so_often_and_at_the_end():
    training = trainer("train.eval_every=2", "train.epochs=5")
    lines = [training.run_epoch() for _ in range(5)]
    assert ["discrete_accuracy" in line for line in lines] == [False, True, False, True, True]


def test_seeds_give_every_layer_numbers_of_its_own():
    seeds = [
        [int(layer.seed) for layer in logic_layers(trainer(f"seed={s}").model)] for s in (0, 1)
    ]
    assert len({*seeds[0], *seeds[1]}) == 4


def test_learning_rate_is_a_function_of_the_step():
    constant = recipe("train.schedule=constant")
    assert learning_rate(constant, 70, 100) == 0.05
    assert learning_rate(recipe(), 0, 100) == 0.05
    assert learning_rate(recipe(), 50, 100) == pytest.approx(0.025)
    assert learning_rate(recipe(), 100, 100) == pytest.approx(0, abs=1e-12)


def test_trainer_rejects_a_loss_that_is_no_number():
    training = trainer()
    training.model.append(Broken())
    message = r"^The loss is nan at step 0; lower train\.learning_rate, or raise model\.tau$"
    with pytest.raises(CheckFailed, match=message):
        training.run_epoch()


def test_build_model_has_the_parts_of_the_recipe():
    encoder, layers, head = parts_of(trainer().model)
    assert [layer.out_features for layer in layers] == [60, 40]
    assert (layers[0].in_features, layers[0].fan_in) == (encoder.num_bits, 3)
    assert (head.k, head.tau) == (2, 3.0)


def test_build_model_rejects_a_last_layer_that_does_not_divide():
    message = r"^model\.layers must end in a multiple of the 2 classes, not 41$"
    with pytest.raises(UsageError, match=message):
        trainer("model.layers=[60, 41]")


def image_model(*changes, shape=(1, 1, 2)):
    data = dataset()
    spec = fit_thermometer(data.features, data.x_train, 7)
    return build_model(recipe("model.wiring=structured", *changes), spec, 2, shape)


def test_structured_layers_read_farther_the_deeper_they_are():
    layers = logic_layers(image_model("model.layers=[200, 200, 40]", "model.radius=0.5"))
    means = []
    for layer, before in zip(layers[1:], layers, strict=False):
        columns = before.output_geometry.column[layer.wiring]
        means.append(float((columns.amax(1) - columns.amin(1)).mean()))
    assert 0.3 < means[0] < means[1] / 1.1


def test_build_model_places_convolutions_between_encoder_and_dense_layers():
    changes = ("model.wiring=random", "model.conv=[{kernels=5, pool=2, padding=2, kernel_size=4}]")
    model = image_model(*changes, shape=(2, 1, 1))
    kinds = [type(layer).__name__ for layer in model]
    assert kinds == [
        "ThermometerLayer", "BitPlanes", "LogicConv2d", "OrPool2d", "Flatten", "LogicDense",
        "LogicDense", "GroupSum",
    ]  # fmt: skip
    assert (model[2].in_channels, model[5].in_features) == (14, 5)
    assert torch.equal(
        model[5].wiring, LogicDense(5, 60, 3, "light", seed=int(model[5].seed)).wiring
    )
    assert model(torch.zeros(3, 2, dtype=torch.uint8)).shape == (3, 2)


def test_build_model_lets_a_convolution_vote():
    changes = ("model.layers=[]", "model.conv=[{kernels=6, kernel_size=1, padding=0}]")
    model = image_model(*changes)
    kinds = [type(layer).__name__ for layer in model]
    assert kinds == ["ThermometerLayer", "BitPlanes", "LogicConv2d", "Flatten", "GroupSum"]
    assert model(torch.zeros(3, 2, dtype=torch.uint8)).shape == (3, 2)
    message = r"^model\.conv\.0\.kernels, which vote, must be a multiple of the 2 classes, not 5$"
    with pytest.raises(UsageError, match=message):
        image_model("model.layers=[]", "model.conv=[{kernels=5}]")


def test_redraws_exchange_the_leaves_of_convolutions():
    changes = ("model.layers=[]", "model.conv=[{kernels=4, candidates=3, padding=2}]")
    own = recipe(*changes, "train.redraw_every=1", "train.epochs=2")
    data = dataset()
    object.__setattr__(data, "image_shape", (1, 1, len(data.features)))
    spec = fit_thermometer(data.features, data.x_train, 7)
    trainer = Trainer(build_model(own, spec, 2, data.image_shape), own, data)
    before = trainer.model[2].learned.candidates.clone()
    trainer.run_step()
    assert not torch.equal(trainer.model[2].learned.candidates, before)


def test_structured_layers_follow_the_image_of_the_last_convolution():
    model = image_model("model.conv=[{kernels=5}]", shape=(1, 1, 2))
    assert len(model[4].wiring) == 60
    assert torch.equal(
        model[4].wiring,
        structured_wiring(Geometry.of_image(5, 1, 2), 60, 3, 3.0, int(model[4].seed)),
    )


CONV_MISFITS = [
    (
        "model.conv=[{kernels=5, padding=0}]",
        "model.conv.0: ... 3 x 3 ... 1 x 2 pixels with padding 0",
    ),
    (
        "model.conv=[{kernels=5}, {kernels=5, pool=2}]",
        "model.conv.1: ...multiples of 2, not 1 x 2; change the padding ..., or kernel_size",
    ),
    (
        "model.conv=[{kernels=5, channels_per_kernel=9}]",
        "model.conv.0: channels_per_kernel ... 1 to 7, not 9",
    ),
]


@pytest.mark.parametrize(("change", "message"), CONV_MISFITS)
def test_build_model_rejects_convolutions_that_do_not_fit(change, message):
    with pytest.raises(UsageError, match=telling(message)):
        image_model(change)


def test_build_model_rejects_convolutions_without_images():
    message = r"^model\.conv needs images; the data set has none: leave it out$"
    with pytest.raises(UsageError, match=message):
        image_model("model.conv=[{kernels=5}]", shape=None)


def test_build_model_rejects_structured_wiring_without_images():
    message = "^model.wiring 'structured' needs images; the data set has none: set it to 'random'$"
    with pytest.raises(UsageError, match=message):
        image_model(shape=None)
