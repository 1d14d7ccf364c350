"""`lgn shrink`: a smaller file, and the figures that it prints."""

import json
import re
import sys

import numpy as np
import pytest
from test_shrink_sampled_net import random_net

from lgn_hw import Classifier
from lgn_hw.errors import ToolNotFound


@pytest.fixture
def trained(tmp_path):
    classifier, codes, _ = random_net(3, nodes=40, outputs=24)
    classifier.save(tmp_path / "net.lgn")
    noise = np.random.default_rng(0).random(len(codes)) < 0.1
    labels = np.where(noise, 0, classifier.predict(codes))
    np.savez(tmp_path / "data.npz", x=codes, y=labels)
    return tmp_path / "net.lgn", tmp_path / "data.npz"


def test_shrink_writes_a_classifier_and_prints_its_figures(lgn, trained, tmp_path):
    path, data = trained
    small = tmp_path / "small.lgn"
    code, out, err = lgn(
        "shrink", path, "-o", small, "--data", data, "--max-loss", "20", "--lut", "4",
        "--rounds", "0", "--json",
    )  # fmt: skip
    assert code == 0, err
    figures = json.loads(out)
    assert figures["after"]["luts"] < figures["before"]["luts"]
    assert figures["samples"] == {"fit": 90, "choose": 30, "held_out": 30}
    made = Classifier.load(small)
    assert made.digest == figures["digest"]
    assert made.provenance["accuracy"] == figures["held_out_accuracy"][1]
    assert figures["shrunk_from"] == Classifier.load(path).digest
    assert "too good" in err  # of samples that it may have been trained on
    assert f"{figures['rounds'][0]['luts']} LUTs" in err


def test_shrink_for_gates_counts_gates_and_does_not_train(lgn, trained, tmp_path):
    path, data = trained
    options = ("--data", data, "--max-loss", 20, "--lut", "gates")
    code, out, err = lgn("shrink", path, "-o", tmp_path / "s.lgn", *options)
    assert code == 0, err
    assert "gates of the whole circuit" in out
    assert "% fewer gates" in out
    assert "trained again" not in err
    assert re.search(r"\d gates, .* 0 nets replaced", err)


def test_shrink_trains_again_and_shows_every_round(lgn, trained, tmp_path):
    path, data = trained
    options = ("--data", data, "--max-loss", 20, "--lut", "4", "--rounds", "2")
    code, out, err = lgn("shrink", path, "-o", tmp_path / "s.lgn", *options)
    assert code == 0, err
    assert "round 1" in out
    assert "samples held out" in out
    assert "% fewer LUTs" in out
    assert err.count("after training again") == 2
    made = Classifier.load(tmp_path / "s.lgn")
    rounds = made.provenance["shrunk"]["rounds"]
    assert [entry["kept"] for entry in rounds] == [True, True]
    assert (
        rounds[1]["accuracy"] >= rounds[1]["shrunk_accuracy"]
    )  # no worse on the samples to choose


def test_shrink_without_training_installed_says_so_and_goes_on(lgn, trained, tmp_path, monkeypatch):
    def missing():
        raise ToolNotFound("Training needs the package torch")

    monkeypatch.setattr(sys.modules["lgn_cli.shrink"], "require_lgn_train", missing)
    path, data = trained
    options = ("--data", data, "--max-loss", 20)
    code, _, err = lgn("shrink", path, "-o", tmp_path / "s.lgn", *options)
    assert code == 0
    assert "it is not trained again" in " ".join(err.split())
    code, _, err = lgn("shrink", path, "-o", tmp_path / "t.lgn", *options, "--rounds", "1")
    assert code == 3
    assert "package torch" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--luts.*--max-loss"),
        (["--luts", "1", "--max-loss", "0"], "LUTs were reached, not 1.*--max-loss"),
        (["--luts", "1", "--max-loss", "0", "--lut", "gates"], "gates were reached, not 1;"),
        (["--max-loss", "nan"], "max-loss"),
        (["--max-loss", "1", "--lut", "gates", "--rounds", "2"], "leave out --rounds 2"),
        (["--max-loss", "1", "--lut", "7"], "--lut must be one of 4, 6.*'7'"),
    ],
)
def test_shrink_rejects_what_it_cannot_do(lgn, trained, tmp_path, options, message):
    path, data = trained
    options = ("--data", data, "--rounds", "0", *options)
    code, _, err = lgn("shrink", path, "-o", tmp_path / "s.lgn", *options)
    assert code == 2
    assert re.search(message, " ".join(err.split()))
    assert not (tmp_path / "s.lgn").exists()


def test_shrink_keeps_the_classifier_that_it_reads(lgn, trained, tmp_path):
    path = tmp_path / "own.lgn"
    path.write_bytes(trained[0].read_bytes())
    (tmp_path / "link.lgn").symlink_to(path)
    for output in (path, tmp_path / "link.lgn"):
        code, _, err = lgn("shrink", path, "-o", output, "--data", trained[1], "--luts", 50)
        assert code == 2
        assert "--output" in err
    assert path.read_bytes() == trained[0].read_bytes()


def test_shrink_asks_for_data_where_no_recipe_names_any(lgn, trained, tmp_path):
    code, _, err = lgn("shrink", trained[0], "-o", tmp_path / "s.lgn", "--max-loss", "1")
    assert (code, "give them with --data" in err) == (2, True)
