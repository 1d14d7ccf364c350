"""State dicts of difflogic and torchlogix: their gates, their connections, or the remedy."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from lgn_hw import Classifier, FileFormatError
from lgn_train.state_dicts import read_state_dict

RNG = np.random.default_rng(0)
GATES = [RNG.integers(0, 16, 12), RNG.integers(0, 16, 6)]
WIRES = [RNG.integers(0, 8, (2, 12)), RNG.integers(0, 12, (2, 6))]


def weights(gates):
    return torch.nn.functional.one_hot(torch.from_numpy(gates), 16) * 3.0 + torch.rand(16)


def check(layers):
    for layer, gates, wires in zip(layers, GATES, WIRES, strict=True):
        assert np.array_equal(layer.values @ [8, 4, 2, 1], gates)
        assert np.array_equal(layer.pins, wires)


def test_difflogic_takes_connections_from_beside(tmp_path):
    torch.save({f"{i}.weights": weights(g) for i, g in enumerate(GATES)}, tmp_path / "net.pth")
    check(read_state_dict(tmp_path / "net.pth", WIRES))
    with pytest.raises(
        FileFormatError, match=r"not their connections.*--connections connections.npz"
    ):
        read_state_dict(tmp_path / "net.pth")


def test_torchlogix_has_them_where_they_are_saved(tmp_path):
    state = {f"{2 * i}.weight": weights(g) for i, g in enumerate(GATES)}
    state |= {f"{2 * i}.connections.indices": torch.from_numpy(w) for i, w in enumerate(WIRES)}
    torch.save({"state_dict": state}, tmp_path / "net.pth")
    check(read_state_dict(tmp_path / "net.pth"))


def test_transposed_weights_and_one_list_of_connections(tmp_path):
    state = {f"layers.{i}.w": weights(g).t() for i, g in enumerate(GATES)}
    state["connections"] = [[torch.from_numpy(w[k]) for w in WIRES] for k in (0, 1)]
    torch.save(state, tmp_path / "net.pth")
    check(read_state_dict(tmp_path / "net.pth"))


def evaluated_walsh(weights, x):
    """Return what torchlogix gives after training: the sum of products of 1 - 2x, below 0."""
    sums = np.zeros(len(x))
    for k, weight in enumerate(weights):
        product = np.ones(len(x))
        for pin in range(x.shape[1]):
            if k >> (x.shape[1] - 1 - pin) & 1:  # the last input is the lowest bit
                product *= 1 - 2 * x[:, pin]
        sums += weight * product
    return sums < 0


def evaluated_light(weights, x):
    """Return the entry whose indicator is 1, thresholded; the last input is its lowest bit."""
    entry = sum(x[:, pin].astype(int) << (x.shape[1] - 1 - pin) for pin in range(x.shape[1]))
    return weights[entry] > 0


@pytest.mark.parametrize("inputs", [2, 4, 6])
@pytest.mark.parametrize(
    ("kind", "definition"),
    [("walsh", evaluated_walsh), ("warp", evaluated_walsh), ("light", evaluated_light)],
)
def test_torchlogix_weights_of_other_kinds(tmp_path, inputs, kind, definition):
    given = torch.randn(7, 1 << inputs)
    wires = torch.from_numpy(RNG.integers(0, 9, (inputs, 7)))
    torch.save({"0.weight": given, "0.connections.indices": wires}, tmp_path / "net.pth")
    [layer] = read_state_dict(tmp_path / "net.pth", parametrization=kind)
    below = RNG.random((500, 9)) < 0.5
    for gate in range(7):
        expected = definition(given[gate].numpy(), below[:, wires[:, gate].numpy()])
        assert np.array_equal(layer.evaluated(below)[:, gate], expected)


def test_learned_connections_are_the_heaviest_candidates(tmp_path):
    candidates = torch.from_numpy(RNG.integers(0, 8, (3, 2, 12)))
    heavy = torch.zeros(3, 2, 12)
    heavy[1] = 1
    heavy[2, 0, 5] = 2
    state = {"0.weight": weights(GATES[0]), "0.connections.indices": candidates}
    torch.save(state | {"0.connections.weights": heavy}, tmp_path / "net.pth")
    [layer] = read_state_dict(tmp_path / "net.pth")
    expected = candidates[1].numpy().copy()
    expected[0, 5] = candidates[2, 0, 5]
    assert np.array_equal(layer.pins, expected)


def test_learned_connections_may_be_given_with_their_weights_in_the_file(tmp_path):
    candidates = RNG.integers(0, 8, (3, 2, 12))
    heavy = torch.from_numpy(RNG.random((3, 2, 12)))
    state = {"0.weight": weights(GATES[0]), "0.connections.weights": heavy}
    torch.save(state, tmp_path / "net.pth")
    [layer] = read_state_dict(tmp_path / "net.pth", [candidates])
    best = heavy.numpy().argmax(axis=0)
    assert np.array_equal(layer.pins, np.take_along_axis(candidates, best[None], axis=0)[0])


def whole(**changed):
    state = {f"{i}.weight": weights(g) for i, g in enumerate(GATES)}
    state |= {f"{i}.connections.indices": torch.from_numpy(w) for i, w in enumerate(WIRES)}
    return state | changed


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_checkpoints_have_the_state_dict_below_a_key(tmp_path, key):
    torch.save({"epoch": 3, key: whole(), "optimizer": {"lr": 0.1}}, tmp_path / "net.pth")
    check(read_state_dict(tmp_path / "net.pth"))


def test_thresholds_and_other_entries_say_nothing_of_the_gates(tmp_path):
    others = {
        "9.thresholds": torch.rand(4, 3),
        "9.raw_diffs": torch.rand(4, 3),
        "tau": torch.ones(1),
    }
    torch.save(whole(**others) | {3: "a note"}, tmp_path / "net.pth")
    check(read_state_dict(tmp_path / "net.pth"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"5.tree_weights.0": torch.rand(4, 8, 16)},
            r"more than dense layers .*5\.tree_weights\.0;",
        ),
        ({"5.bias": torch.rand(3)}, r"more than dense layers of gates: 5\.bias;"),
        ({"head.0.weight": torch.rand(3, 16)}, "several parts, like '0' and 'head.0'"),
        ({"2.weight": torch.rand(3, 16)}, "connections of some layers, and none of 2"),
        ({"0.weight": torch.full((12, 16), torch.nan)}, "has NaN"),
        ({"0.weight": torch.rand(12, 16).to_sparse()}, "dense tensor of numbers, not .*sparse"),
        ({"0.weight": torch.rand(12, 16).to("meta")}, "dense tensor of numbers, not .*on meta"),
        ({"0.weight": torch.rand(12, 16) * 1j}, "has complex ones"),
        ({"0.weight": None}, "dense tensor of numbers, not a NoneType"),
        ({"0.weight": torch.rand(11, 16)}, "has 11 gates, and its connections are of 12"),
        ({"0.connections.indices": torch.rand(2, 12)}, "integers, not .* of float32"),
        ({"0.connections.indices": torch.tensor(3)}, r"\[inputs, gates\], integers, not \[\]"),
        ({"0.connections.indices": None}, "connections that are tensors, not a NoneType"),
        ({"connections": [[WIRES[0][0].tolist()], []]}, "must be two lists"),
    ],
)
def test_state_dicts_that_are_not_the_whole_net_are_rejected(tmp_path, changed, message):
    torch.save(whole(**changed), tmp_path / "net.pth")
    with pytest.raises(FileFormatError, match=message):
        read_state_dict(tmp_path / "net.pth")


def test_other_files_are_rejected(tmp_path):
    torch.save({"0.weight": torch.rand(5, 4)}, tmp_path / "walsh.pth")
    wires = [np.zeros((2, 5), int)]
    with pytest.raises(
        FileFormatError,
        match=r"weights of 16 gates.*not \[5, 4\].*--parametrization walsh or light",
    ):
        read_state_dict(tmp_path / "walsh.pth", wires)
    with pytest.raises(FileFormatError, match=r"gates of 3 inputs, \[gates, 8\], not \[5, 4\]"):
        read_state_dict(tmp_path / "walsh.pth", [np.zeros((3, 5), int)], "light")
    torch.save({"bias": torch.rand(5)}, tmp_path / "other.pth")
    with pytest.raises(FileFormatError, match="has no layers"):
        read_state_dict(tmp_path / "other.pth")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "pickled.pth")
    with pytest.raises(FileFormatError, match=r"cannot|no state dict that can be read safely"):
        read_state_dict(tmp_path / "pickled.pth")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(FileFormatError, match=r"be read safely; .* torch\.save\(model"):
        read_state_dict(tmp_path / "text.pth")
    with pytest.raises(FileNotFoundError):
        read_state_dict(tmp_path / "missing.pth")


@pytest.mark.data
def test_published_nets_are_imported_or_refused(lgn, tmp_path):
    nets = Path(os.environ["LGN_DATA"]) / "nets"
    code, out, _ = lgn("import", nets / "tt10-8x1024.pth", "-o", tmp_path / "a.lgn")
    assert code == 0
    assert "8,188 nodes" in out
    options = ("--inputs", "256", "--outputs", "1020", "-o", tmp_path / "b.lgn")
    assert lgn("import", nets / "tt10-8x1024.npz", *options)[0] == 0
    a, b = (Classifier.load(tmp_path / f"{name}.lgn") for name in "ab")
    x = RNG.integers(0, 2, (5000, 256))
    assert np.array_equal(a.scores(x), b.scores(x))
    for name in ("adult", "breast-cancer"):
        code, _, err = lgn("import", nets / f"difflogic-{name}.pth", "-o", tmp_path / "c.lgn")
        assert code == 2
        assert "not their connections" in err
    assert not (tmp_path / "c.lgn").exists()
