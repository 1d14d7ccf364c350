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
    for layer, gates, (a, b) in zip(layers, GATES, WIRES, strict=True):
        assert np.array_equal(layer.gates, gates)
        assert np.array_equal(layer.a, a)
        assert np.array_equal(layer.b, b)


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


def test_other_files_are_rejected(tmp_path):
    torch.save({"0.weight": torch.rand(5, 4)}, tmp_path / "walsh.pth")
    with pytest.raises(FileFormatError, match=r"weights of 16 gates.*not \[5, 4\].*in an .npz"):
        read_state_dict(tmp_path / "walsh.pth", [])
    torch.save({"bias": torch.rand(5)}, tmp_path / "other.pth")
    with pytest.raises(FileFormatError, match="has no layers"):
        read_state_dict(tmp_path / "other.pth")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "pickled.pth")
    with pytest.raises(FileFormatError, match=r"cannot|no state dict that can be read safely"):
        read_state_dict(tmp_path / "pickled.pth")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(FileFormatError, match="no state dict that can be read safely"):
        read_state_dict(tmp_path / "text.pth")


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
