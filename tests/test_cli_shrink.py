"""`lgn shrink`: a smaller file, and the figures that it prints."""

import json
import re

import numpy as np
import pytest
from test_shrink_sampled_net import random_net

from lgn_hw import Classifier


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
        "shrink", path, "-o", small, "--data", data, "--max-loss", "20", "--lut", "4", "--json"
    )
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


def test_shrink_shows_before_and_after(lgn, trained, tmp_path):
    path, data = trained
    code, out, _ = lgn("shrink", path, "-o", tmp_path / "s.lgn", "--data", data, "--max-loss", 20)
    assert code == 0
    assert "samples held out" in out
    assert "% fewer LUTs" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--luts.*--max-loss"),
        (["--luts", "1", "--max-loss", "0"], "LUTs were reached, not 1.*--max-loss"),
        (["--max-loss", "nan"], "max-loss"),
        (["--max-loss", "1", "--lut", "gates"], "give LUTs: 4, 6"),
        (["--max-loss", "1", "--lut", "7"], "--lut must be one of 4, 6.*'7'"),
    ],
)
def test_shrink_rejects_what_it_cannot_do(lgn, trained, tmp_path, options, message):
    path, data = trained
    code, _, err = lgn("shrink", path, "-o", tmp_path / "s.lgn", "--data", data, *options)
    assert code == 2
    assert re.search(message, " ".join(err.split()))
    assert not (tmp_path / "s.lgn").exists()


def test_shrink_asks_for_data_where_no_recipe_names_any(lgn, trained, tmp_path):
    code, _, err = lgn("shrink", trained[0], "-o", tmp_path / "s.lgn", "--max-loss", "1")
    assert (code, "give them with --data" in err) == (2, True)
