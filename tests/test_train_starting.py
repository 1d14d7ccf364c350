"""Training that starts from a classifier: nothing is lost, a damaged net recovers, misfits."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lgn_hw import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.passes.optimize import optimize_classifier
from lgn_train import Recipe, export_model, export_run, train
from lgn_train.sources import load_dataset
from lgn_train.starting import check_start, model_from, start_of, with_start

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores


def recipe(*changes):
    data = {
        "name": "trial",
        "data": {"source": "digits", "validation": 0.2},
        "model": {
            "layers": [200, 100],
            "fan_in": 4,
            "parametrization": "walsh",
            "estimator": "hard_st",
            "tau": 2.0,
        },
        "train": {"epochs": 6, "batch_size": 100, "learning_rate": 0.02, "eval_every": 3},
    }
    return Recipe.of(data, "trial", changes)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train(recipe(), folder, quiet=True)
    return folder / "trial.lgn"


@pytest.fixture
def damaged(trained, tmp_path):
    """The trained classifier with a fifth of its nodes' tables inverted."""
    whole = Classifier.load(trained)
    hit = np.random.default_rng(0).random(whole.netlist.num_nodes) < 0.2
    table = np.where(hit, whole.netlist.table ^ np.uint64(0xFFFF), whole.netlist.table)
    path = tmp_path / "damaged.lgn"
    replace(whole, netlist=replace(whole.netlist, table=table)).save(path)
    return path


def test_a_start_without_a_step_is_the_same_classifier(trained):
    whole, chosen = Classifier.load(trained), with_start(recipe(), trained)
    model = model_from(start_of(chosen), chosen)
    found, data = export_model(model.eval(), whole.classes), load_dataset(chosen.data)
    assert (found.scores(data.x_test) == whole.scores(data.x_test)).all()
    assert found.group_sizes == whole.group_sizes
    assert found.tau == whole.tau
    small = optimize_classifier(whole)[0]
    assert np.array_equal(found.encoder.threshold, small.encoder.threshold)
    assert np.array_equal(found.netlist.table, small.netlist.table)


def test_a_damaged_net_recovers(trained, damaged, tmp_path):
    data = load_dataset(recipe().data)
    before = (Classifier.load(damaged).predict(data.x_test) == data.y_test).mean()
    figures = train(recipe("train.epochs=12"), tmp_path / "run", start=damaged, quiet=True)
    whole = Classifier.load(trained).provenance["accuracy"]
    assert before < whole - 0.2
    assert figures["accuracy"] > whole - 0.03


def test_a_run_from_a_classifier_says_so_and_can_be_exported_again(damaged, tmp_path):
    folder = tmp_path / "run"
    train(recipe(), folder, start=damaged, quiet=True)
    made = Classifier.load(folder / "trial-tuned.lgn")
    assert made.provenance["trained_from"] == start_of(with_start(recipe(), damaged)).digest
    assert made.provenance["recipe"]["model"]["start"] == "damaged.lgn"
    damaged.unlink()  # the run keeps what it started from
    assert export_run(folder).digest == made.digest


def test_a_run_from_a_classifier_goes_on_where_it_was_stopped(damaged, tmp_path):
    straight = train(recipe(), tmp_path / "straight", start=damaged, quiet=True)

    def stop(line):
        if line["epoch"] == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe(), tmp_path / "halves", start=damaged, quiet=True, on_epoch=stop)
    train(recipe(), tmp_path / "halves", start=damaged, quiet=True, resume=True)
    ours, theirs = (tmp_path / name / "trial-tuned.lgn" for name in ("halves", "straight"))
    assert ours.read_bytes() == theirs.read_bytes()
    assert straight["nodes"] == Classifier.load(ours).netlist.num_nodes


def test_a_run_is_not_resumed_from_another_classifier(trained, damaged, tmp_path):
    train(recipe(), tmp_path / "run", start=damaged, quiet=True)
    with pytest.raises(UsageError, match=r"started from another classifier.*--force"):
        train(recipe(), tmp_path / "run", start=trained, quiet=True, resume=True)


def test_a_start_is_kept_where_training_makes_it_worse(trained, tmp_path):
    wild = recipe("train.learning_rate=5.0", "train.epochs=2", "train.eval_every=1")
    figures = train(wild, tmp_path / "run", start=trained, quiet=True)
    assert figures["kept_epoch"] == 0
    assert figures["accuracy"] == Classifier.load(trained).provenance["accuracy"]


def test_with_start_leaves_raw_where_nodes_are_wider(trained):
    raw = recipe("model.parametrization=raw", "model.fan_in=2", "train.redraw_every=0")
    chosen = with_start(raw, trained)
    assert chosen.name == "trial-tuned"
    assert (chosen.model.parametrization, chosen.model.layers) == ("walsh", ())
    assert with_start(chosen, trained).name == "trial-tuned"


def features_like(classifier, **changes):
    return replace(classifier, encoder=replace(classifier.encoder, **changes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ("a",) * 64}, "Feature 0 of x.lgn is 'a', and 'pixel.*same columns"),
        ({"high": np.full(64, 20)}, "0 to 20, and 0 to 16 in the data.*--range pixel.*=0:20"),
    ],
)
def test_check_start_rejects_other_features(trained, change, message):
    start, data = Classifier.load(trained), load_dataset(recipe().data)
    if "names" in change:
        change = {"names": tuple(f"a{i}" if i else "a" for i in range(64))}
    start = features_like(start, features=replace(start.features, **change))
    with pytest.raises(UsageError, match=message):
        check_start(start, data, "x.lgn")


def test_check_start_rejects_other_data(trained):
    start, data = Classifier.load(trained), load_dataset(recipe().data)
    with pytest.raises(UsageError, match=r"classes a, 1, 2, 3, 4 and 5 more.*0, 1, 2"):
        check_start(replace(start, classes=("a", *start.classes[1:])), data, "x.lgn")
    few = replace(
        data,
        features=replace(
            data.features,
            **{
                f: getattr(data.features, f)[:2]
                for f in ("names", "low", "high", "offset", "scale")
            },
        ),
        x_train=data.x_train[:, :2],
        x_test=data.x_test[:, :2],
        x_validation=data.x_validation[:, :2],
        image_shape=None,
    )
    with pytest.raises(UsageError, match=r"x.lgn reads 64 features, and the data have 2; give"):
        check_start(start, few, "x.lgn")


def test_train_from_takes_the_recipe_of_the_classifier(lgn, damaged, tmp_path):
    options = ("--epochs", "2", "-o", tmp_path / "run", "--json")
    code, out, err = lgn("train", "--from", damaged, *options)
    assert code == 0, err
    assert json.loads(out)["classifier"].endswith("trial-tuned.lgn")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "bare.lgn"], "does not say where its samples.*--data"),
        (["--from", "none.lgn"], "none.lgn"),
        (["digits", "--from", "bare.lgn", "--set", "model.start=bare.lgn"], "--from"),
    ],
)
def test_train_from_rejects(lgn, trained, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    replace(Classifier.load(trained), provenance={}).save("bare.lgn")
    code, _, err = lgn("train", *arguments)
    assert code == 2
    assert re.search(message, " ".join(err.split()))


def test_a_recipe_cannot_ask_for_both_layers_and_a_start():
    with pytest.raises(UsageError, match=r"start brings layers.*--from"):
        recipe("model.start=x.lgn")


def test_a_start_without_nodes_is_rejected(trained):
    whole = Classifier.load(trained)
    bare = replace(
        whole.netlist,
        fanin=np.zeros((0, 6), np.int32),
        table=np.zeros(0, np.uint64),
        outputs=np.full(whole.netlist.num_outputs, 2),
    )
    chosen = with_start(recipe(), trained)
    with pytest.raises(UsageError, match=r"cannot be trained further.*must have a node"):
        model_from(replace(whole, netlist=bare), chosen)
    assert isinstance(model_from(whole, chosen), nn.Sequential)
