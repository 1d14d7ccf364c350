"""BLIF is read back as the same function, and refused where a netlist cannot hold it."""

import pytest
from hypothesis import given, settings
from messages import telling
from netlist_bench import equal, nodes_of
from strategies import netlists

from lgn_hw.errors import FileFormatError
from lgn_hw.formats import blif


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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "x is not BLIF: it starts with 'hello'"),
        (".model m\n.latch a b\n", "x: .latch is not supported; only .names are"),
        (".names a b c d e f g y\n", "x: 'y' has 7 inputs, and a node at most 6"),
        (".names a y\n11 1\n", "x: '11 1' is no line of a cover of 1 inputs"),
        (".names y y\n1 1\n", "x: 'y' ...loop, ...nothing drives"),
        (".outputs y\n", "x: nothing drives the output 'y'"),
    ],
)
def test_blif_rejects_what_it_cannot_read(text, message):
    with pytest.raises(FileFormatError, match=telling(message)):
        blif.loads(text, "x")
