"""What outputs of a netlist are taken for: votes, their sums, the number of a class."""

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import classifiers, random_classifier

from lgn_hw import CheckFailed, Classifier, Netlist, UsageError
from lgn_hw.export.combinational import combinational_file
from lgn_hw.imports.meanings import votes_of
from lgn_hw.imports.netlist_files import read_design
from lgn_hw.netlist.aig import Aig, to_aig, to_netlist
from lgn_hw.netlist.evaluate import evaluate
from lgn_hw.samples import vectors_for

INPUTS = 20
SUFFIXES = {"blif": ".blif", "aiger": ".aig", "verilog-comb": ".v"}


def every(inputs):
    return (np.arange(1 << inputs)[:, None] >> np.arange(inputs)) & 1 == 1


def verilog_sums(inputs, votes, width):
    """Return Verilog whose ports are the sums of votes, expressions, by class."""
    ports = ", ".join(f"output [{width - 1}:0] class{c}" for c in range(len(votes)))
    lines = []
    for c, of in enumerate(votes):
        lines.append(f"wire [{len(of) - 1}:0] v{c};")  # expressions of one bit stay so
        lines += [f"assign v{c}[{i}] = {vote};" for i, vote in enumerate(of)]
        lines.append(f"assign class{c} = {' + '.join(f'v{c}[{i}]' for i in range(len(of)))};")
    return f"module it(input [{inputs - 1}:0] x, {ports});\n" + "\n".join(lines) + "\nendmodule\n"


def random_votes(seed, inputs, classes, count):
    rng = np.random.default_rng(seed)
    forms = ("{} & {} ^ ({} | {})", "~({} & ({} | ~{}) & {})", "({} ^ {}) & {} | {}")

    def vote():
        return rng.choice(forms).format(*(f"x[{i}]" for i in rng.permutation(inputs)[:4]))

    return [[vote() for _ in range(count)] for _ in range(classes)]


class Adders:
    """ANDs of votes of random gates, and of full and half adders that add them up."""

    def __init__(self, draw, inputs):
        self.draw, self.inputs, self.ands = draw, inputs, []

    def both(self, x, y):
        self.ands.append((x, y))
        return 2 * (self.inputs + len(self.ands))

    def exclusive(self, x, y):
        return self.both(self.both(x, y) ^ 1, self.both(x ^ 1, y ^ 1) ^ 1)

    def gate(self):
        x, y = (self.draw(st.integers(2, 2 * self.inputs + 1)) for _ in range(2))
        made = self.exclusive(x, y) if self.draw(st.booleans()) else self.both(x, y)
        return made ^ self.draw(st.integers(0, 1))

    def sum(self, votes, width):
        columns = [list(votes), *([] for _ in range(width))]
        for column, above in itertools.pairwise(columns):
            while len(column) > 1:
                x, y = column.pop(0), column.pop(0)
                z = column.pop(0) if column and self.draw(st.booleans()) else 0
                half = self.exclusive(x, y)
                column.append(self.exclusive(half, z))
                above.append(self.both(self.both(x, y) ^ 1, self.both(half, z) ^ 1) ^ 1)
        return [column[0] if column else 0 for column in columns[:width]]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_sums_of_any_adders_have_the_same_scores(data):
    adders, counts = (
        Adders(data.draw, 6),
        data.draw(st.lists(st.integers(2, 7), min_size=2, max_size=3)),
    )
    votes = [[adders.gate() for _ in range(count)] for count in counts]
    width = max(counts).bit_length()
    bits = [adders.sum(of, width) for of in votes]
    ands = np.array(adders.ands, np.int64).reshape(-1, 2)
    graph = Aig(6, ands, np.concatenate(bits).astype(np.int64))
    found = votes_of(graph, [width] * len(counts), len(counts), "sums", timeout_s=60)
    given_bits = evaluate(to_netlist(graph), every(6)).reshape(64, len(counts), width)
    expected = given_bits @ (1 << np.arange(width))
    votes = evaluate(to_netlist(found.graph), every(6))
    scores = [votes[:, found.group == c].sum(axis=1) for c in range(len(counts))]
    assert np.array_equal(np.stack(scores, axis=1), expected)


@pytest.mark.parametrize(("classes", "count"), [(2, 3), (3, 12), (2, 30)])
def test_lgn_import_finds_the_votes_of_class_sums(lgn, tmp_path, classes, count):
    votes = random_votes(count, INPUTS, classes, count)
    width = count.bit_length()
    (tmp_path / "it.v").write_text(verilog_sums(INPUTS, votes, width))
    code, out, err = lgn("import", tmp_path / "it.v", "--classes", classes)
    assert (code, err) == (0, "")
    assert f"proven to be those of {classes * count} votes" in " ".join(out.split())
    found = Classifier.load(tmp_path / "it.lgn")
    assert found.group_sizes == (count,) * classes
    (tmp_path / "flat.v").write_text(verilog_sums(INPUTS, votes, width))
    code, *_ = lgn("import", tmp_path / "flat.v", "--classes", classes, "--as", "votes")
    assert code == 0
    bits = Classifier.load(tmp_path / "flat.lgn")
    x = np.random.default_rng(0).integers(0, 2, (500, INPUTS), np.uint8)
    given_bits = evaluate(bits.netlist, x == 1).reshape(500, classes, width)
    assert np.array_equal(found.scores(x), given_bits @ (1 << np.arange(width)))


TREE = """
module csa(input a, b, c, output s, y);
  assign s = a ^ b ^ c;
  assign y = (a & b) | (b & c) | (c & a);
endmodule
module count15(input [14:0] v, output [3:0] n);
  wire [4:0] s, y, t; wire [3:0] u; wire [1:0] w, z; wire q, r;
  genvar i;
  generate
    for (i = 0; i < 5; i = i + 1) begin : first
      csa c(.a(v[3*i]), .b(v[3*i+1]), .c(v[3*i+2]), .s(s[i]), .y(y[i]));
    end
  endgenerate
  csa c0(s[0], s[1], s[2], w[0], u[0]);
  csa c1(w[0], s[3], s[4], n[0], u[1]);
  csa c2(y[0], y[1], y[2], w[1], z[0]);
  csa c3(y[3], y[4], u[0], t[0], z[1]);
  csa c4(w[1], t[0], u[1], n[1], q);
  csa c5(z[0], z[1], q, n[2], n[3]);
endmodule
module it(input [19:0] x, output [3:0] class0, output [3:0] class1);
  wire [14:0] a = {&x[13:0], ~|x[12:0], x[0], x[0], x[1] & x[2], x[1] & x[2], 1'b1, 1'b1, 1'b1,
                   1'b0, x[9:7] ^ x[12:10], x[5] | x[19], &x[18:4]};
  wire [14:0] b = {x[14:1] & x[18:5], &x};
  count15 count_a(.v(a), .n(class0));
  count15 count_b(.v(b), .n(class1));
endmodule
"""


def test_votes_that_are_rare_constant_or_twice_there_are_found(lgn, tmp_path):
    """As in trained nets: on random samples some votes never come, and others are alike."""
    (tmp_path / "it.v").write_text(TREE)
    code, out, _ = lgn("import", tmp_path / "it.v", "--classes", "2", "--top", "it")
    assert code == 0
    assert "proven to be those of" in " ".join(out.split())
    found = Classifier.load(tmp_path / "it.lgn")
    assert max(found.group_sizes) <= 15
    x = (np.random.default_rng(1).random((3000, 20)) < 0.5).astype(int)
    x[:2] = [[0] * 20, [1] * 20]
    rare = x[:, :14].all(1) + 0 + ~x[:, :13].any(1) + x[:, 4:19].all(1)
    alike = 2 * x[:, 0] + 2 * (x[:, 1] & x[:, 2]) + 3
    others = (x[:, 7:10] ^ x[:, 10:13]).sum(1) + (x[:, 5] | x[:, 19])
    a = rare + alike + others
    b = (x[:, 1:15] & x[:, 5:19]).sum(1) + x.all(1)
    assert np.array_equal(found.scores(x), np.stack([a, b], axis=1))


@settings(max_examples=15, deadline=None)
@given(classifiers(), st.sampled_from(["blif", "aiger"]))
def test_a_classifier_comes_back_from_its_file(classifier, kind):
    check_that_it_comes_back(classifier, kind)


def test_a_classifier_comes_back_from_its_verilog():
    check_that_it_comes_back(random_classifier(1, classes=5, layers=(30, 25)), "verilog-comb")


def check_that_it_comes_back(classifier, kind):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"it{SUFFIXES[kind]}"
        path.write_bytes(combinational_file(classifier, kind))
        design = read_design(path)
    classes = classifier.num_classes
    found = votes_of(design.between(None), design.widths(None), classes, timeout_s=60)
    codes = vectors_for(classifier.features, 100, 0)
    bits = [
        [sample >> i & 1 for i in range(classifier.features.sample_width)]
        for sample in classifier.features.pack(codes)
    ]
    votes = evaluate(to_netlist(found.graph), np.array(bits, bool))
    assert np.array_equal(votes.sum(axis=1), np.ones(len(codes)))
    assert np.array_equal(votes.argmax(axis=1), classifier.predict(codes))


def test_numbers_beyond_the_classes_are_rejected():
    wires = Aig(2, np.zeros((0, 2), np.int64), np.array([2, 4]))
    assert votes_of(wires, [2], 4, timeout_s=60).meaning.startswith("the outputs are the number")
    with pytest.raises(CheckFailed, match=r"not proven to be below 3, .*: different"):
        votes_of(wires, [2], 3, timeout_s=60)
    with pytest.raises(UsageError, match=r"one of 9 classes has 4 bits, not 2"):
        votes_of(wires, [2], 9, "number", timeout_s=60)


def test_sums_that_are_not_found_are_taken_by_weight_where_they_are_named():
    inputs = to_aig(Netlist(4, np.zeros((0, 6), int), np.zeros(0, np.uint64), [2, 3, 4, 5]))
    assert "say --as sums" in votes_of(inputs, [2, 2], 2, timeout_s=60).meaning
    found = votes_of(inputs, [2, 2], 2, "sums", timeout_s=60)
    assert found.graph.outputs.tolist() == [2, 4, 4, 6, 8, 8]
    assert found.group.tolist() == [0, 0, 0, 1, 1, 1]
    with pytest.raises(UsageError, match=r"a port for each of 3 classes.*not ports of \[2, 2\]"):
        votes_of(inputs, [2, 2], 3, "sums", timeout_s=60)
    with pytest.raises(UsageError, match=r"4 outputs cannot be divided into 3 .* with --as"):
        votes_of(inputs, [2, 2], 3, "votes", timeout_s=60)
    with pytest.raises(UsageError, match="--as must be one of votes, sums, number, not bits"):
        votes_of(inputs, [2, 2], 2, "bits", timeout_s=60)


def test_a_sum_with_a_wrong_carry_is_not_taken_for_one():
    """Ripple adders of three votes, the last carry an AND in place of a majority."""
    text = verilog_sums(3, [["x[0]", "x[1]", "x[2]"]] * 2, 2).replace(
        "assign class1 = v1[0] + v1[1] + v1[2];",
        "assign class1 = {v1[0] & v1[1], v1[0] ^ v1[1] ^ v1[2]};",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "it.v"
        path.write_text(text)
        design = read_design(path)
    found = votes_of(design.between(None), design.widths(None), 2, timeout_s=60)
    assert found.meaning.startswith("each of 4 outputs is a vote")
