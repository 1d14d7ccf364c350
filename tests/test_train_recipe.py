"""Recipes: strict, from TOML, with messages that name file, key and remedy."""

import re
from pathlib import Path

import pytest

from lgn_hw.errors import UsageError
from lgn_train import Recipe

RECIPES = sorted((Path(__file__).parent.parent / "train" / "recipes").glob("*.toml"))
GOOD = """
name = "trial"
[data]
source = "digits"
[model]
layers = [40, 20]
[train]
epochs = 2
"""


@pytest.fixture
def load(tmp_path):
    def load(text=GOOD, *changes):
        path = tmp_path / "trial.toml"
        path.write_text(text)
        return Recipe.load(path, changes)

    return load


def test_recipe_has_defaults(load):
    recipe = load()
    assert recipe.model.layers == (40, 20)
    assert (recipe.seed, recipe.model.estimator, recipe.train.schedule) == (
        0,
        "gumbel_st",
        "cosine",
    )


def test_recipe_goes_through_its_dictionary(load):
    assert Recipe.of(load().to_dict(), "again") == load()


def test_recipe_takes_changes(load):
    changes = ("train.epochs=9", "seed = 4", "model.layers=[60, 10]", "encoder.kind=quantile")
    recipe = load(GOOD, *changes)
    assert (recipe.train.epochs, recipe.seed, recipe.model.layers) == (9, 4, (60, 10))
    assert recipe.encoder.kind == "quantile"


@pytest.mark.parametrize(
    ("change", "weights"),
    [
        ("train.class_weight=balanced", "balanced"),
        ("train.class_weight=[1, 2.5]", (1, 2.5)),
        ("train.class_weight={cat = 2, dog = 0.5}", {"cat": 2, "dog": 0.5}),
        ("train.class_weight.cat=2", {"cat": 2}),
    ],
)
def test_recipe_takes_class_weights_in_every_form(load, change, weights):
    recipe = load(GOOD, change)
    assert recipe.train.class_weight == weights
    assert Recipe.of(recipe.to_dict(), "again") == recipe


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_of_the_project_are_valid(path):
    assert Recipe.load(path).name == path.stem


FORMS = "it must be 'balanced', a list of a weight per class, or a table of weights by class name"

WRONG = [
    ("train.lr=1", "train.lr is not a key; did you mean train.learning_rate?"),
    ("train.epoch=1", "train.epoch is not a key; did you mean train.epochs?"),
    ("epochs=1", "epochs is not a key; did you mean train.epochs?"),
    ("model.levels=3", "model.levels is not a key; did you mean encoder.levels?"),
    (
        "train.qqq=1",
        "train.qqq is not a key; the keys there are epochs, batch_size, learning_rate,"
        " weight_decay, schedule, class_weight, label_smoothing, area_weight, patience, shift,"
        " flip, teacher, teacher_weight, teacher_temperature, redraw_every, eval_every,"
        " checkpoint_minutes",
    ),
    (
        "model.estimator=gumbel",
        "model.estimator must be one of 'gumbel_st', 'hard_st', 'cage', 'soft', 'soft_gumbel',"
        " not 'gumbel'",
    ),
    ("model.wiring=local", "model.wiring must be one of 'random', 'structured', not 'local'"),
    ("model.radius=0", "model.radius must be above 0, not 0"),
    ("train.epochs=0", "train.epochs must be 1 or more, not 0"),
    ("train.epochs=1.5", "train.epochs must be a valid integer, not 1.5"),
    ("train.learning_rate=0", "train.learning_rate must be above 0, not 0"),
    ("train.learning_rate=nan", "train.learning_rate must be a finite number, not nan"),
    ("model.fan_in=9", "model.fan_in must be 6 or less, not 9"),
    (
        "model.layers=[]",
        "model: layers must name one layer or more where there is no convolution",
    ),
    ("model.layers=[10, 0]", "model.layers.1 must be 1 or more, not 0"),
    (
        "model.fan_in=4",
        "model: parametrization 'raw' needs fan_in 2, not 4; use 'light' or 'walsh'",
    ),
    (
        "model.conv=[{kernels=10, candidates=1}]",
        "model: candidates must be 2 to 16, or 0 for none, not 1",
    ),
    (
        "model.conv=[{kernels=10, candidates=17}]",
        "model.conv.0.candidates must be 16 or less, not 17",
    ),
    ("train.teacher_weight=0", "train.teacher_weight must be above 0, not 0"),
    ("train.teacher_temperature=0", "train.teacher_temperature must be above 0, not 0"),
    ("data.path=a.csv", "data: path must be given for source 'file', and only then"),
    ("data.label=y", "data: label is for source 'file' only"),
    ("data.source=monk", "data: problem must be given for source 'monk', and only then"),
    ("data.problem=1", "data: problem must be given for source 'monk', and only then"),
    ("data.problem=4", "data.problem must be 3 or less, not 4"),
    ("name=a/b", "name must be letters, digits and . _ -, not 'a/b'"),
    (
        "train.redraw_every=50",
        "train.redraw_every exchanges candidates; set model.candidates, or leave it out",
    ),
    ("encoder=3", "encoder must be a section, like [encoder], not 3"),
    ("data.validation=1", "data.validation must be below 1, not 1"),
    ("data.validation=-0.1", "data.validation must be 0 or more, not -0.1"),
    (
        "train.patience=3",
        "train.patience waits for a better epoch on the validation part; set data.validation, like"
        " 0.1, or leave it out",
    ),
    ("train.class_weight=equal", f"train.class_weight: {FORMS}, not 'equal'"),
    ("train.class_weight=2", f"train.class_weight: {FORMS}, not 2"),
    ("train.class_weight=[]", f"train.class_weight: {FORMS}, not []"),
    (
        "train.class_weight=[1, 0]",
        "train.class_weight: weights must be finite numbers above 0, not 0",
    ),
    (
        "train.class_weight.dog=inf",
        "train.class_weight: weights must be finite numbers above 0, not inf",
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_recipe_rejects_values(load, tmp_path, change, message):
    with pytest.raises(UsageError, match=f"^{re.escape(f'{tmp_path}/trial.toml: {message}')}$"):
        load(GOOD, change)


CONV = GOOD.replace(
    "[train]",
    """[[model.conv]]
kernels = 8
pool = 2
[[model.conv]]
kernels = 16
kernel_size = 5
padding = 2
[train]""",
)


def test_recipe_takes_a_list_of_convolutions(load):
    recipe = load(CONV)
    assert [(c.kernels, c.kernel_size, c.padding, c.pool) for c in recipe.model.conv] == [
        (8, 3, 1, 2),
        (16, 5, 2, 1),
    ]
    assert Recipe.of(recipe.to_dict(), "again") == recipe
    assert load(CONV, "model.conv=[{kernels=3}]").model.conv[0].kernels == 3


WRONG_CONV = [
    ("kernels = 8", "kernel = 8", "conv.0.kernel is not a key; did you mean model.conv.0.kernels?"),
    ("kernels = 8\n", "", "conv.0.kernels is missing"),
    ("pool = 2", "pool = 0", "conv.0.pool must be 1 or more, not 0"),
    ("padding = 2", "levels = 2", "conv.1.levels is not a key; did you mean encoder.levels?"),
    ("pool = 2", "fan_in = 7", "conv.0.fan_in must be 6 or less, not 7"),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG_CONV)
def test_recipe_rejects_convolutions(load, tmp_path, old, new, message):
    with pytest.raises(UsageError) as caught:
        load(CONV.replace(old, new, 1))
    assert f"{tmp_path}/trial.toml: model.{message}" in str(caught.value).splitlines()


def test_recipe_rejects_raw_convolutions_of_four_inputs(load):
    message = "model: parametrization 'raw' needs fan_in 2, not 4; use 'light' or 'walsh'$"
    with pytest.raises(UsageError, match=message):
        load(CONV.replace("pool = 2", "fan_in = 4"))


def test_recipe_rejects_hard_gradients_of_soft_estimators(load):
    message = "model: input_gradient 'hard' needs estimator gumbel_st, hard_st or cage, not 'soft'$"
    with pytest.raises(UsageError, match=message):
        load(GOOD, "model.estimator=soft", "model.input_gradient=hard")


def test_recipe_rejects_missing_keys(load):
    with pytest.raises(UsageError, match=r"trial.toml: train.epochs is missing$"):
        load(GOOD.replace("epochs = 2", ""))


def test_recipe_names_every_problem_at_once(load):
    with pytest.raises(UsageError) as caught:
        load(GOOD, "train.lr=1", "model.fan_in=1")
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("change", ["train.epochs", "=3"])
def test_recipe_rejects_changes_without_a_value(load, change):
    message = f"^--set must be KEY=VALUE, like train.epochs=3, not '{change}'$"
    with pytest.raises(UsageError, match=message):
        load(GOOD, change)


def test_recipe_rejects_changes_below_a_value(load):
    with pytest.raises(UsageError, match=r"^--set name.x: name is a value, not a section$"):
        load(GOOD, "name.x=1")


def test_recipe_rejects_what_is_not_toml(load, tmp_path):
    with pytest.raises(UsageError, match=r"trial.toml is not TOML: "):
        load("[data")
    with pytest.raises(UsageError, match=r"^There is no recipe .*none.toml$"):
        Recipe.load(tmp_path / "none.toml")
