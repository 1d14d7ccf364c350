"""Netlists of others: what comes in is what was given, or nothing."""

import numpy as np
import pytest
from netlist_bench import ascii_aiger, every_sample
from strategies import random_netlist

from lgn_hw import Classifier, UsageError
from lgn_hw.formats import blif
from lgn_hw.imports import assemble
from lgn_hw.imports.netlist_files import read_design
from lgn_hw.netlist.aig import to_aig
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
    votes = evaluate(netlist, every_sample(8))
    scores = np.stack([votes[:, :10].sum(axis=1), votes[:, 10:].sum(axis=1)], axis=1)
    assert np.array_equal(classifier.scores(every_sample(8).astype(np.uint8)), scores)


def test_lgn_import_reads_hierarchical_systemverilog(lgn, tmp_path):
    (tmp_path / "net.sv").write_text(VERILOG)
    code, _, err = lgn("import", tmp_path / "net.sv", "--votes", "out", "--classes", "2")
    assert (code, err) == (0, "")
    classifier = Classifier.load(tmp_path / "net.lgn")
    assert classifier.features.names == ("x[0]", "x[1]", "x[2]", "x[3]")
    x = every_sample(4)
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
    x = every_sample(4)
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
