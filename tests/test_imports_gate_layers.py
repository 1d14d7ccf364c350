"""Layers of gates of others: as they are saved they are read, or a sentence says why not."""

import json
from functools import cache

import numpy as np
import pytest
from netlist_bench import every_sample

from lgn_hw import CheckFailed, Classifier, FileFormatError
from lgn_hw.imports import assemble
from lgn_hw.imports.gate_layers import (
    GateLayer,
    check_layers,
    layers_netlist,
    read_connections,
    read_layers,
)
from lgn_hw.netlist.evaluate import evaluate


@cache
def numbers():
    """Return for each layer the gates' numbers, and what they read."""
    rng = np.random.default_rng(0)
    below, found = 12, []
    for width in (30, 20):
        pins = rng.integers(0, below, (2, width))
        found.append((rng.integers(0, 16, width), *pins))
        below = width
    return found


@cache
def layers():
    return [GateLayer.of("it", *rows) for rows in numbers()]


def saved(path, **changed):
    arrays = {}
    for i, (gates, a, b) in enumerate(numbers()):
        arrays |= {f"gates.{i}": gates, f"connections.{i}": np.stack([a, b])}
    np.savez(path, **(arrays | changed))
    return path


@pytest.mark.parametrize(
    ("gate", "function"),
    [(0, lambda a, b: a & ~a), (1, lambda a, b: a & b), (2, lambda a, b: a & ~b),
     (3, lambda a, b: a), (6, lambda a, b: a ^ b), (7, lambda a, b: a | b),
     (8, lambda a, b: ~(a | b)), (13, lambda a, b: ~a | b), (14, lambda a, b: ~(a & b))],
)  # fmt: skip
def test_gates_have_the_numbers_of_difflogic(gate, function):
    """Table 1 of 2210.08277."""
    netlist = layers_netlist([GateLayer.of("it", [gate], [0], [1])], 2)
    bits = every_sample(2)
    assert np.array_equal(evaluate(netlist, bits)[:, 0], function(bits[:, 0], bits[:, 1]))


@pytest.mark.parametrize("inputs", [1, 2, 3, 6])
def test_gates_of_more_inputs_read_the_first_one_as_the_highest_bit(inputs):
    rng = np.random.default_rng(inputs)
    values = rng.random((9, 1 << inputs)) < 0.5
    pins = np.tile(np.arange(inputs)[:, None], 9)
    layer = GateLayer.of_tables("it", values, pins)
    bits = every_sample(inputs)
    entry = bits @ (1 << np.arange(inputs)[::-1])
    assert np.array_equal(evaluate(layers_netlist([layer], inputs), bits), values[:, entry].T)
    assert check_layers([layer], layers_netlist([layer], inputs)) == 4096


def test_gates_of_more_inputs_reject_tables_of_another_size():
    with pytest.raises(FileFormatError, match=r"must have 8 values for each of 2 gates of 3"):
        GateLayer.of_tables("it", np.zeros((2, 4), bool), [[0, 0], [1, 1], [2, 2]])
    with pytest.raises(FileFormatError, match=r"1 to 6 inputs, not \[7, 1\]"):
        GateLayer.of_tables("it", np.zeros((1, 128), bool), [[0]] * 7)


def test_layers_come_back_from_npz_and_json(tmp_path):
    text = [
        dict(zip(("gates", "a", "b"), map(np.ndarray.tolist, x), strict=True)) for x in numbers()
    ]
    (tmp_path / "it.json").write_text(json.dumps({"layers": text}))
    for path in (saved(tmp_path / "it.npz"), tmp_path / "it.json"):
        for ours, theirs in zip(layers(), read_layers(path), strict=True):
            assert np.array_equal(ours.values, theirs.values)
            assert np.array_equal(ours.pins, theirs.pins)


def test_check_finds_a_flipped_bit_of_a_table():
    netlist = layers_netlist(layers(), 12)
    assert check_layers(layers(), netlist) == 4096
    with pytest.raises(CheckFailed):
        check_layers(layers(), netlist.with_flipped_bit(45, 1))


def test_layers_reject_what_does_not_fit(tmp_path):
    with pytest.raises(FileFormatError, match="gate numbers 0 to 15, not 0 to 16"):
        GateLayer.of("it", [0, 16], [0, 0], [0, 0])
    with pytest.raises(
        FileFormatError, match="Layer 1 reads 30, of 30 values below it, counted from 0"
    ):
        layers_netlist([layers()[0], GateLayer.of("it", [1], [0], [30])])
    few = {"gates.0": [1], "gates.1": [1], "connections.0": [[0], [0]]}
    np.savez(tmp_path / "few.npz", **few)
    with pytest.raises(FileFormatError, match="gates of 2 layers and connections of 1"):
        read_layers(tmp_path / "few.npz")
    np.savez(tmp_path / "none.npz", x=[1])
    with pytest.raises(FileFormatError, match=r"must hold connections\.0"):
        read_connections(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"gates.3": [1]}, r"holds gates\.3, and gates\.2 is missing"),
        ({"connections.7": [[0], [1]]}, r"holds connections\.7, and connections\.2 is missing"),
        ({"connections.0": np.full((2, 30), 0.5)}, "Layer 0 of .* must hold integers, not float64"),
        ({"connections.0": [0, 1]}, r"must be \[2, gates\], not \(2,\)"),
        ({"connections.0": np.full((2, 30), 10**12)}, "numbers below 2,097,152, not 1000000000000"),
        ({"gate_types": 3}, "has gates of 1 layer and connections of 2"),
        (
            {"connections.A": [[0]], "connections.B": [[0, 1]]},
            r"of one shape.*\[1, 1\] and \[1, 2\]",
        ),
    ],
)
def test_arrays_that_are_no_layers_are_rejected(tmp_path, changed, message):
    with pytest.raises(FileFormatError, match=message):
        layers_netlist(read_layers(saved(tmp_path / "it.npz", **changed)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"layers": []}', "must be JSON with a list 'layers'"),
        ("[" * 100_000, "must be JSON with a list 'layers'"),
        (
            '{"layers": [{"gates": [[1], [1, 2]], "a": [0], "b": [1]}]}',
            "lists of numbers, each of one",
        ),
        ('{"layers": [{"gates": [1], "a": [0.5], "b": [1]}]}', "must hold integers, not float64"),
    ],
)
def test_json_that_is_no_layers_is_rejected(tmp_path, text, message):
    (tmp_path / "it.json").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_layers(tmp_path / "it.json")


def test_inputs_and_outputs_that_cannot_be_are_rejected(lgn, tmp_path):
    saved(tmp_path / "it.npz")
    code, _, err = lgn("import", tmp_path / "it.npz", "--inputs", "99999999999")
    assert code == 2
    assert "2,097,152 bits at most, not 99,999,999,999" in err
    code, _, err = lgn("import", tmp_path / "it.npz", "--outputs", "40", "--classes", "2")
    assert code == 2
    assert "--outputs must be at most 20, as many as the net has, not 40" in err


def test_lgn_import_takes_an_encoder_of_thresholds(lgn, tmp_path):
    saved(tmp_path / "it.npz")
    bits = {"feature": np.arange(12) // 3, "threshold": np.tile([10, 20, 30], 4)}
    np.savez(tmp_path / "encoder.npz", low=[0] * 4, high=[63] * 4, **bits)
    options = ("--classes", "4", "--encoder", tmp_path / "encoder.npz")
    code, out, err = lgn("import", tmp_path / "it.npz", *options)
    assert (code, err) == (0, "")
    assert "equal to the layers' own definition on 4,096 random samples" in out.replace("\n", " ")
    x = np.random.default_rng(1).integers(0, 64, (50, 4))
    votes = evaluate(layers_netlist(layers(), 12), x[:, bits["feature"]] > bits["threshold"])
    scores = votes.reshape(50, 4, 5).sum(axis=2)
    assert np.array_equal(Classifier.load(tmp_path / "it.lgn").scores(x), scores)
    np.savez(tmp_path / "encoder.npz", low=[0] * 4, **bits)
    assert "high is missing" in lgn("import", tmp_path / "it.npz", *options)[2].replace("\n", " ")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"low": ["a"] * 4}, "low must hold integers, not <U1; .*scale both"),
        (
            {"threshold": np.linspace(0, 1, 12)},
            "threshold must hold integers, not float64; .*scale",
        ),
        ({"low": [0] * 3}, r"encoder\.npz: "),
        ({"high": [20] * 4}, r"encoder\.npz: Bit 1 would be constant"),
        (
            {"feature": np.arange(12)},
            r"encoder\.npz: Bit 4 must look at one of the features 0 to 3",
        ),
    ],
)
def test_encoders_that_cannot_be_are_rejected_with_their_file(tmp_path, changed, message):
    bits = {"feature": np.arange(12) // 3, "threshold": np.tile([10, 20, 30], 4)}
    np.savez(tmp_path / "encoder.npz", **{"low": [0] * 4, "high": [63] * 4, **bits, **changed})
    with pytest.raises(FileFormatError, match=message):
        assemble.read_encoder(tmp_path / "encoder.npz")


def test_lgn_import_says_what_cannot_be_divided(lgn, tmp_path):
    saved(tmp_path / "it.npz")
    code, _, err = lgn("import", tmp_path / "it.npz", "--classes", "3", "--inputs", "12")
    assert code == 2
    assert "20 outputs cannot be divided into 3 equal classes" in err
    assert not (tmp_path / "it.lgn").exists()
    options = ("--classes", "3", "--inputs", "12", "--outputs", "18")
    assert lgn("import", tmp_path / "it.npz", *options)[0] == 0
