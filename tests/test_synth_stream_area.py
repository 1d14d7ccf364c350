"""The area of streaming cores, by stage; and the commands that take them."""

import json

import pytest
from conv_bench import random_conv
from strategies import random_classifier
from typer.testing import CliRunner

from lgn_cli import app
from lgn_hw import Classifier

CLASSIFIER = random_conv(7, (1, 6, 6), 2, ({"kernels": 4, "padding": 1, "pool": 2},))


@pytest.fixture
def path(tmp_path):
    CLASSIFIER.save(tmp_path / "conv.lgn")
    return tmp_path / "conv.lgn"


def test_synth_counts_every_stage(path):
    ran = CliRunner().invoke(app, ["synth", str(path), "--conv", "stream", "--json"])
    assert ran.exit_code == 0, ran.output
    parts = json.loads(ran.stdout)["parts"]
    assert set(parts) <= {
        "framer", "window0", "kernels0", "pool0", "tally", "argmax", "control", "total",
    }  # fmt: skip
    assert parts["window0"]["ff"] > 4
    for name in ("lut4", "ff", "block_rams"):
        assert parts["total"][name] == sum(p[name] for n, p in parts.items() if n != "total")


def test_verilog_is_written_and_proven(path):
    runner = CliRunner()
    target = path.with_suffix(".v")
    made = runner.invoke(app, ["verilog", str(path), "--conv", "auto", "-o", str(target), "--json"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["interval"] == 7 * 7
    proven = runner.invoke(app, ["prove", str(path), str(target), "--json"])
    assert proven.exit_code == 0, proven.output
    assert json.loads(proven.stdout)["status"] == "equal"


def test_what_streams_cannot_do_is_refused(path, tmp_path):
    def ends(*arguments):
        ran = CliRunner().invoke(app, [*map(str, arguments)])
        return ran.exit_code, str(ran.exception or "") + ran.output

    code, said = ends("verilog", path, "--conv", "folded")
    assert code
    assert "--conv must be stream, unrolled or auto, not 'folded'" in said
    code, said = ends("verilog", path, "--conv", "stream", "--lut", "6")
    assert code
    assert "--conv stream takes no --lut 6; leave out" in said
    code, said = ends("synth", path, "--conv", "stream", "--scores")
    assert code
    assert "--conv stream takes no --scores; leave out" in said
    random_classifier(0).save(tmp_path / "dense.lgn")
    code, said = ends("verilog", tmp_path / "dense.lgn", "--conv", "stream", "-o", "-")
    assert code
    assert "has no convolutional form" in said
    assert Classifier.load(path).convolution is not None
