"""Nets of others: gates and connections, netlists; what comes in is what was given, or nothing."""

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import netlists, random_netlist

from lgn_hw import CheckFailed, Classifier, FileFormatError, UsageError
from lgn_hw.formats import aiger_ascii, blif
from lgn_hw.imports import assemble
from lgn_hw.imports.gate_layers import (
    GateLayer,
    check_layers,
    layers_netlist,
    read_connections,
    read_layers,
)
from lgn_hw.imports.netlist_files import read_design
from lgn_hw.netlist.aig import to_aig, to_netlist
from lgn_hw.netlist.evaluate import evaluate

VERILOG = """
module half(input a, input b, output s, output c);
  assign s = a ^ b;
  assign c = a & b;
endmodule
module net(input [3:0] x, output logic [3:0] out, output unused);
  half low(.a(x[0]), .b(x[1]), .s(out[0]), .c(out[1]));
  half high(.a(x[2]), .b(x[3]), .s(out[2]), .c(out[3]));
  assign unused = x[0];
endmodule
"""


def every(inputs):
    return (np.arange(1 << inputs)[:, None] >> np.arange(inputs)) & 1 == 1


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
    bits = every(2)
    assert np.array_equal(evaluate(netlist, bits)[:, 0], function(bits[:, 0], bits[:, 1]))


@pytest.mark.parametrize("inputs", [1, 2, 3, 6])
def test_gates_of_more_inputs_read_the_first_one_as_the_highest_bit(inputs):
    rng = np.random.default_rng(inputs)
    values = rng.random((9, 1 << inputs)) < 0.5
    pins = np.tile(np.arange(inputs)[:, None], 9)
    layer = GateLayer.of_tables("it", values, pins)
    bits = every(inputs)
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
    with pytest.raises(FileFormatError, match="Layer 1 reads 30, and there are 30 values"):
        layers_netlist([layers()[0], GateLayer.of("it", [1], [0], [30])])
    few = {"gates.0": [1], "gates.1": [1], "connections.0": [[0], [0]]}
    np.savez(tmp_path / "few.npz", **few)
    with pytest.raises(FileFormatError, match="gates of 2 layers and connections of 1"):
        read_layers(tmp_path / "few.npz")
    np.savez(tmp_path / "none.npz", x=[1])
    with pytest.raises(FileFormatError, match=r"must hold connections\.0"):
        read_connections(tmp_path / "none.npz")


def ascii_aiger(graph):
    """Write ASCII AIGER, the ANDs in reverse order, which the format allows."""
    lines = [f"aag {graph.num_inputs + len(graph.ands)} {graph.num_inputs} 0"
             f" {len(graph.outputs)} {len(graph.ands)}"]  # fmt: skip
    lines += [str(2 * (1 + i)) for i in range(graph.num_inputs)]
    lines += [str(x) for x in graph.outputs.tolist()]
    rows = [f"{2 * (graph.first_and + i)} {a} {b}" for i, (a, b) in enumerate(graph.ands.tolist())]
    symbols = [f"i{i} x[{i}]" for i in range(graph.num_inputs)]
    symbols += [f"o{i} votes[{i}]" for i in range(len(graph.outputs))]
    return "\n".join([*lines, *reversed(rows), *symbols, "c", "made by a test", ""])


@settings(max_examples=50)
@given(netlists())
def test_ascii_aiger_is_read_in_any_order(netlist):
    read = aiger_ascii.loads(ascii_aiger(to_aig(netlist)))
    bits = every(netlist.num_inputs)
    assert np.array_equal(evaluate(to_netlist(read), bits), evaluate(netlist, bits))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aag 3 1 0 1 2\n2\n4\n4 6 2\n6 4 2\n", "in a loop"),
        ("aag 2 1 1 0 0\n2\n4 2\n", "has 1 latch,"),
        ("aag 3 1 0 1 2\n2\n4\n4 6 2\n", "truncated"),
        ("aag 2 1 0 1 1\n2\n4\n4 2 2\n4 3 3\n", "truncated or corrupted"),
        ("aag 3 1 0 1 1\n2\n6\n6 2 4\n", "AND 6 reads the literal 4, which nothing drives"),
        ("aag 2 2 0 1 1\n2\n4\n4\n4 2 2\n", "drives the literal 4 twice"),
        ("aag 3 2 0 1 1\n2\n4\n6\n7 2 4\n", "even literal from 2, not 7"),
        ("aag 2 2 0 1 0\n0\n4\n4\n", "even literal from 2, not 0"),
        ("aag 1 1 0 1 0\n2\n9\n", "literal 9, and 1 variable only 0 to 3"),
        ("aag 1 1 0 1 0\n2\n-2\n", "literal -2"),
        ("aag 1 1 0 1 0 1\n2\n2\n", "not an ASCII AIGER file"),
    ],
)
def test_ascii_aiger_rejects_what_is_no_combinational_graph(text, message):
    with pytest.raises(FileFormatError, match=message):
        aiger_ascii.loads(text)


def test_ascii_aiger_may_be_a_long_chain_from_its_end():
    """Each AND reads the two before it: the longest way that the numbering can go."""
    count = 300
    ands = [f"{2 * i} {2 * i - 4} {2 * i - 2}" for i in range(3, count + 3)]
    text = "\n".join([f"aag {count + 2} 2 0 1 {count}", "2", "4", str(2 * count + 4), *ands[::-1]])
    assert len(aiger_ascii.loads(text).ands) == count


def written(folder, kind):
    netlist = random_netlist(1, 8, (30, 20))
    if kind == "blif":
        (folder / "it.blif").write_text(blif.dumps(netlist))
    elif kind == "aag":
        (folder / "it.aag").write_text(ascii_aiger(to_aig(netlist)))
    return folder / f"it.{kind}", netlist


@pytest.mark.parametrize("kind", ["blif", "aag"])
def test_lgn_import_makes_a_classifier_of_a_netlist(lgn, tmp_path, kind):
    path, netlist = written(tmp_path, kind)
    code, out, err = lgn("import", path, "--classes", "cat,dog", "-o", tmp_path / "it.lgn")
    assert (code, err) == (0, "")
    assert "2 classes; proven equal to what was read, by SAT" in out
    classifier = Classifier.load(tmp_path / "it.lgn")
    assert classifier.classes == ("cat", "dog")
    votes = evaluate(netlist, every(8))
    scores = np.stack([votes[:, :10].sum(axis=1), votes[:, 10:].sum(axis=1)], axis=1)
    assert np.array_equal(classifier.scores(every(8).astype(np.uint8)), scores)


def test_lgn_import_reads_hierarchical_systemverilog(lgn, tmp_path):
    (tmp_path / "net.sv").write_text(VERILOG)
    code, _, err = lgn("import", tmp_path / "net.sv", "--votes", "out", "--classes", "2")
    assert (code, err) == (0, "")
    classifier = Classifier.load(tmp_path / "net.lgn")
    assert classifier.features.names == ("x[0]", "x[1]", "x[2]", "x[3]")
    x = every(4)
    expected = [(x[:, i] ^ x[:, i + 1]) + 0 + (x[:, i] & x[:, i + 1]) for i in (0, 2)]
    assert np.array_equal(classifier.scores(x.astype(np.uint8)), np.stack(expected, axis=1))
    with pytest.raises(
        UsageError, match=r"no output or wire 'votes'; the outputs are \['out', 'unused'\]"
    ):
        read_design(tmp_path / "net.sv").between("votes")


SUMS = """
module gates(input [3:0] x, output [1:0] sum0, output [1:0] sum1);
  wire [3:0] votes = {x[0] ^ x[3], x[1] | x[2], ~x[2], x[0] & x[1]};
  assign sum0 = votes[0] + votes[1];
  assign sum1 = votes[2] + votes[3];
endmodule
module chip(input [3:0] x, output [1:0] class0, output [1:0] class1);
  gates net(.x(x), .sum0(class0), .sum1(class1));
endmodule
"""


def test_votes_may_be_a_wire_inside_in_front_of_class_sums(lgn, tmp_path):
    (tmp_path / "chip.v").write_text(SUMS)
    options = ("--votes", "net.votes", "--classes", "2")
    code, _, err = lgn("import", tmp_path / "chip.v", *options)
    assert (code, err) == (0, "")
    x = every(4)
    a, b, c, d = x.T
    expected = np.stack([(a & b) + 0 + ~c, (b | c) + 0 + (a ^ d)], axis=1)
    found = Classifier.load(tmp_path / "chip.lgn").scores(x.astype(np.uint8))
    assert np.array_equal(found, expected)
    code, _, err = lgn("import", tmp_path / "chip.v", "--votes", "net.other", "--classes", "2")
    assert code == 2
    assert "no output or wire 'net.other'; the outputs are ['class0', 'class1']" in " ".join(
        err.split()
    )
    with pytest.raises(UsageError, match=r"named like votes or net\.votes, not 'a; b'"):
        read_design(tmp_path / "chip.v", wire="a; b")


@pytest.mark.parametrize("classes", ["0", "1", "99999999999999999999"])
def test_a_number_of_classes_beyond_reason_is_told(tmp_path, lgn, classes):
    (tmp_path / "net.blif").write_text(".model m\n.end\n")
    code, _, err = lgn("import", tmp_path / "net.blif", "--classes", classes)
    assert code == 2
    assert "--classes must be 2 to 65,536, or names" in err
    assert classes in err


def test_nothing_is_written_where_the_proof_fails(lgn, tmp_path, monkeypatch):
    path, netlist = written(tmp_path, "blif")
    whole = assemble.assemble
    wrong = netlist.with_flipped_bit(40, 0)
    monkeypatch.setattr(assemble, "assemble", lambda _given, *rest: whole(wrong, *rest))
    code, _, err = lgn("import", path, "--classes", "2")
    assert code == 1
    assert "not proven equal" in err
    assert not (tmp_path / "it.lgn").exists()


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


def test_lgn_import_says_what_cannot_be_divided(lgn, tmp_path):
    saved(tmp_path / "it.npz")
    code, _, err = lgn("import", tmp_path / "it.npz", "--classes", "3", "--inputs", "12")
    assert code == 2
    assert "20 outputs cannot be divided into 3 equal classes" in err
    assert not (tmp_path / "it.lgn").exists()
    options = ("--classes", "3", "--inputs", "12", "--outputs", "18")
    assert lgn("import", tmp_path / "it.npz", *options)[0] == 0
