"""Area in the loss: what a table counts, and that training heeds it."""

import pytest
import torch

from lgn_hw.errors import UsageError
from lgn_train import Recipe
from lgn_train.area import area_of, total_influence
from lgn_train.encoding import fitted_encoder
from lgn_train.layers import LogicDense
from lgn_train.loop import Trainer
from lgn_train.model import build_model
from lgn_train.sources import load_dataset

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores


@pytest.mark.parametrize(
    ("table", "influence"),
    [
        ([0, 0, 0, 0], 0),
        ([0, 1, 0, 1], 1),  # input 0
        ([0, 0, 0, 1], 1),  # AND: each input matters half of the time
        ([0, 1, 1, 0], 2),  # XOR
        ([0, 1, 1, 0, 1, 0, 0, 1], 3),
        ([0.5, 0.5, 0.5, 1.0], 0.5),
    ],
)
def test_total_influence_of_tables(table, influence):
    assert total_influence(torch.tensor([table], dtype=torch.float)).tolist() == [influence]


@pytest.mark.parametrize("parametrization", ["raw", "light", "walsh"])
def test_area_falls_along_its_gradient(parametrization):
    layer = LogicDense(8, 20, parametrization=parametrization, init="gaussian", seed=0)
    before = area_of(layer)
    before.backward()
    with torch.no_grad():
        layer.logits -= 0.1 * layer.logits.grad
    after = area_of(layer)
    assert 0 < after.item() < before.item() <= 2


def trained(weight):
    data = {
        "name": "trial",
        "data": {"source": "digits"},
        "model": {"layers": [100, 50], "tau": 2.0},
        "train": {"epochs": 4, "batch_size": 200, "learning_rate": 0.3, "area_weight": weight},
    }
    recipe = Recipe.of(data, "trial")
    found = load_dataset(recipe.data)
    model = build_model(recipe, fitted_encoder(recipe, found), 10)
    trainer = Trainer(model, recipe, found)
    while not trainer.finished:
        trainer.run_epoch(measured=False)
    return float(area_of(model).detach())


def test_training_heeds_the_weight_of_the_area():
    assert trained(1.0) < 0.9 * trained(0.0)


def test_a_recipe_rejects_a_weight_below_zero():
    with pytest.raises(UsageError, match=r"train.area_weight must be 0 or more, not -1"):
        trained(-1.0)
