"""BLIF is read back as the same function, and refused where a netlist cannot hold it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import telling
from netlist_bench import equal, nodes_of
from strategies import netlists

from lgn_hw.errors import FileFormatError
from lgn_hw.formats import blif
from lgn_hw.netlist.evaluate import evaluate


@settings(deadline=None)
@given(netlists(min_inputs=0, max_nodes=15))
def test_blif_is_read_back_as_the_same_function(nets):
    assert equal(blif.loads(blif.dumps(nets)), nets)


def test_blif_is_text_in_the_order_of_nodes():
    from netlist_bench import netlist

    text = blif.dumps(netlist(2, [(2, 3)], [0b0110], [4]), "half")
    assert text.splitlines() == [
        ".model half", ".inputs i0 i1", ".outputs o0", ".names n0", ".names n1", "1",
        ".names i0 i1 n4", "10 1", "01 1", ".names n4 o0", "1 1", ".end",
    ]  # fmt: skip


def test_blif_takes_any_order_comments_off_sets_and_folded_lines():
    nets = blif.loads(
        "# made by hand\n.model m\n.inputs a \\\n b\n.outputs y z\n.names c b y\n0- 0\n-0 0\n"
        ".names a c # inverter\n0 1\n.names z\n1\n.end\n"
    )
    assert nodes_of(nets) == [((2,), 0b01), ((4, 3), 0b1000)]
    assert nets.outputs.tolist() == [5, 1]


def covers(inputs):
    """Return lines of a cover of ones or of zeros, and the function that they mean."""
    line = st.text("01-", min_size=inputs, max_size=inputs)

    def function(lines, value, x):
        found = any(all(k in ("-", str(b)) for k, b in zip(c, x, strict=True)) for c in lines)
        return found == (value == "1")

    return st.tuples(st.lists(line, max_size=15), st.sampled_from("01")).map(
        lambda drawn: (drawn, lambda x: function(*drawn, x) if drawn[0] else False)
    )


@settings(deadline=None)
@given(st.integers(1, 9), st.data())
def test_blif_covers_of_any_width_are_what_they_say(inputs, data):
    (lines, value), function = data.draw(covers(inputs))
    names = " ".join(f"i{i}" for i in range(inputs))
    cover = "".join(f"{line} {value}\n" for line in lines)
    text = f".inputs {names}\n.outputs y\n.names {names} y\n{cover}"
    bits = (np.arange(1 << inputs)[:, None] >> np.arange(inputs)) & 1
    found = evaluate(blif.loads(text), bits == 1)[:, 0]
    assert found.tolist() == [function(x) for x in bits.tolist()]


def test_blif_wide_tables_of_many_lines_become_trees():
    names = [f"i{i}" for i in range(50)]
    lines = [f"{'-' * i}1{'-' * (49 - i)} 0" for i in range(50)] + ["0" * 49 + "- 0"]
    text = f".inputs {' '.join(names)}\n.outputs y\n.names {' '.join(names)} y\n"
    nets = blif.loads(text + "\n".join(lines))
    assert nets.arity.max() == 6
    bits = np.eye(51, 50, dtype=bool)
    assert not evaluate(nets, bits).any()


@pytest.mark.parametrize(
    "text",
    [
        ".model m\r\n.inputs a \\\r\n b\r\n.outputs y\r\n.names a b y\r\n11 1\r\n.end\r\n",
        "\ufeff  .model m\n\t.inputs a b\n .outputs y\n\t.names\ta b\ty\n  11\t1",
        ".area 3\n.inputs a b\n.outputs y\n.attr k 3\n.names a b c\n11 1\n.cname z\n.conn c y\n",
        ".inputs a b\n.default_input_arrival 0 0\n.outputs y\n.names a b y\n11 1\n11 1\n",
    ],
)
def test_blif_takes_line_ends_indents_and_what_says_nothing(text):
    bits = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], bool)
    assert evaluate(blif.loads(text), bits)[:, 0].tolist() == [False, False, False, True]


FLAT = "...only .names in one model are; ...read_blif..."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "x is not BLIF: it starts with 'hello'"),
        (".model m\n.latch a b\n", "x: .latch is a register, ...must be combinational; ..."),
        (".model m\n.subckt f a=b\n", f"x: .subckt is not supported, {FLAT}"),
        (".model m\n.end\n.model n\n.end\n", f"x: a file of 2 models is not supported, {FLAT}"),
        (".names a y\n11 1\n", "x: '11 1' is no line of a cover of 1 input, ..."),
        (".names a b y\n1x 1\n", "x: '1x 1' is no line of a cover of 2 inputs, ...0, 1 or -..."),
        (".names a y\n1 01\n", "x: '1 01' is no line..."),
        (".names a b y\n11 1\n00 0\n", "x: the lines of 'y' must all give 1, or all 0, not both"),
        (".names y\n0\n1\n", "x: the lines of 'y' must all give 1..."),
        (".names\n", "x: .names must name a signal..."),
        (".inputs a b\n11 1\n", "x: '11 1' stands behind .inputs, not .names"),
        (".names y y\n1 1\n", "x: 'y' is in a loop..."),
        (".names q y\n1 1\n.names y z\n1 1\n", "x: 'y' reads 'q', which nothing drives"),
        (".outputs y\n", "x: nothing drives the output 'y'"),
        (".names y\n.names y\n1\n", "x: 'y' is driven twice"),
        (".inputs a\n.names a\n1\n", "x: the input 'a' is driven twice"),
        (".inputs a a\n", "x: the input 'a' is driven twice"),
        (".inputs a\n.outputs a a\n", "x: the output 'a' is named twice"),
    ],
)
def test_blif_rejects_what_it_cannot_read(text, message):
    with pytest.raises(FileFormatError, match=telling(message)):
        blif.loads(text, "x")
