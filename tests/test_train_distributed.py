"""Data-parallel training: two gloo processes are one process with the joint batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lgn_hw import Classifier
from lgn_train import Recipe, train
from lgn_train.checkpoint import load_newest
from lgn_train.distributed import World

# 1437 samples in batches of 359: the last one has a single sample, and leaves a rank idle.
RECIPE = """
name = "trial"
[data]
source = "digits"
[model]
layers = [80, 40]
estimator = "gumbel_st"
tau = 2.0
[train]
epochs = 3
batch_size = 359
learning_rate = 0.05
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distributed")
    (folder / "trial.toml").write_text(RECIPE)
    return folder


@pytest.fixture(scope="module")
def one(folder):
    train(Recipe.load(folder / "trial.toml"), folder / "one", quiet=True)
    return folder / "one"


def launched(recipe, output, *changes):
    """Train on two ranks; return the finished process."""
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    lgn = [str(Path(sys.executable).parent / "lgn"), "train", str(recipe)]
    lgn += [word for change in changes for word in ("--set", change)]
    return subprocess.run(
        [sys.executable, "-m", *launch, *lgn, "--output", str(output), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def two(folder):
    """The folder of a run on two ranks, and what they printed."""
    result = launched(folder / "trial.toml", folder / "two")
    assert result.returncode == 0, result.stderr
    return folder / "two", result


VALIDATED = ("data.validation=0.2", "train.patience=1", "train.learning_rate=0.8", "name=chosen")


def test_two_ranks_keep_the_same_epoch_and_stop_at_the_same_one(folder):
    """Both must leave the loop together: one that went on alone would wait for ever."""
    changes = (*VALIDATED, "train.epochs=12")
    one = train(Recipe.load(folder / "trial.toml", changes), folder / "chosen-one", quiet=True)
    result = launched(folder / "trial.toml", folder / "chosen-two", *changes)
    assert result.returncode == 0, result.stderr
    two = json.loads(result.stdout)
    assert two["stopped_early"]
    assert two["epochs"] == two["kept_epoch"] + 1
    own = (folder / "chosen-two" / "metrics.jsonl").read_text().splitlines()
    best = max(map(json.loads, own), key=lambda line: line["discrete_accuracy"])
    assert (two["kept_epoch"], two["validation_accuracy"]) == (
        best["epoch"],
        best["discrete_accuracy"],
    )
    assert one["validation_samples"] == two["validation_samples"] == 287


def assert_same_network(first, second):
    tensors = [load_newest(folder / "checkpoints")[0].tensors for folder in (first, second)]
    assert tensors[0].keys() == tensors[1].keys()
    for name, tensor in tensors[0].items():
        torch.testing.assert_close(tensor, tensors[1][name], rtol=1e-4, atol=1e-5, msg=name)
    circuits = [Classifier.load(folder / "trial.lgn").netlist for folder in (first, second)]
    assert np.array_equal(circuits[0].table, circuits[1].table)
    assert np.array_equal(circuits[0].fanin, circuits[1].fanin)


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").open()]


def test_two_ranks_train_the_network_of_one(one, two):
    assert_same_network(one, two[0])
    for ours, theirs in zip(lines(one), lines(two[0]), strict=True):
        assert theirs["loss"] == pytest.approx(ours["loss"], rel=1e-5)
        assert theirs["discrete_accuracy"] == ours["discrete_accuracy"]


def test_the_first_rank_speaks_for_all(two):
    folder, result = two
    assert json.loads(result.stdout) == json.loads((folder / "train.json").read_text())
    assert result.stderr.count("epoch 3/3") == 1


def test_a_run_on_two_ranks_goes_on_with_one(one, two):
    changes = ["train.epochs=5"]
    for folder in (one, two[0]):
        train(Recipe.load(one.parent / "trial.toml", changes), folder, resume=True, quiet=True)
    assert_same_network(one, two[0])


PARTED = """
import os
import pathlib
import torch
from lgn_train.distributed import World

parameter = torch.nn.Parameter(torch.ones(2))
world = World.joined(torch.device("cpu"))
torch.optim.Adam([parameter])  # imports most of PyTorch
world.leave()
names = [(task / "comm").read_text().strip() for task in pathlib.Path("/proc/self/task").iterdir()]
assert not any("gloo" in name for name in names), names
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no list of threads here")
def test_a_rank_that_left_has_no_thread_of_the_others(tmp_path):
    """A thread that is left can hold a tensor while the process ends, which aborts it."""
    (tmp_path / "parted.py").write_text(PARTED)
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, "-m", *launch, str(tmp_path / "parted.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("samples", [1, 2, 3, 7])
def test_shares_hold_every_sample_once_and_weigh_a_mean(samples):
    batch = torch.arange(100, 100 + samples)
    shares = [World(rank, 3).share(batch) for rank in range(3)]
    assert sum(len(mine) * weight for mine, weight in shares) == pytest.approx(1)
    held = torch.cat([mine for mine, weight in shares if weight])
    assert torch.equal(held.sort().values, batch)
    assert all(len(mine) for mine, _ in shares)


def test_a_process_alone_has_the_whole_batch(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    alone = World.joined(torch.device("cpu"))
    assert (alone, alone.first) == (World(0, 1), True)
    batch, weight = alone.share(torch.arange(4))
    assert (batch.tolist(), weight) == ([0, 1, 2, 3], 0.25)
    parameter = torch.nn.Parameter(torch.ones(2))
    assert alone.add_up(torch.tensor(2.5), [parameter]) == 2.5
    assert alone.from_first("value") == "value"
