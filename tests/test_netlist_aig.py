"""And-inverter graphs and AIGER files compute what their netlist does."""

import numpy as np
import pytest
from hypothesis import given, settings
from messages import telling
from netlist_bench import equal, netlist
from strategies import netlists, random_netlist

from lgn_hw.errors import FileFormatError
from lgn_hw.formats import aiger
from lgn_hw.netlist.aig import Aig, to_aig, to_netlist


@settings(deadline=None)
@given(netlists(min_inputs=0, max_nodes=15))
def test_aig_and_aiger_keep_the_function(nets):
    aig = to_aig(nets)
    again, latches = aiger.loads(aiger.dumps(aig))
    assert np.array_equal(np.sort(again.ands), np.sort(aig.ands))
    assert np.array_equal(again.outputs, aig.outputs)
    assert equal(to_netlist(again), nets)
    assert len(latches) == 0


def test_aig_reads_earlier_variables_only():
    aig = to_aig(random_netlist(1, 20, [50, 50], arity=6))
    assert (aig.ands >> 1 < (aig.first_and + np.arange(len(aig.ands)))[:, None]).all()


def test_aig_of_an_xor_is_three_ands():
    assert len(to_aig(netlist(2, [(2, 3)], [0b0110], [4])).ands) == 3


def test_aiger_bytes_are_those_of_the_format():
    # The half adder of the format's description: sum and carry.
    aig = Aig(2, np.array([[2, 4], [3, 5], [7, 9]]), np.array([10, 6]))
    assert aiger.dumps(aig) == b"aig 5 2 0 2 3\n10\n6\n\x02\x02\x03\x02\x01\x02"


def test_aiger_counts_latches_as_inputs():
    # One input, a latch that takes input AND latch, which is also the output.
    aig, latches = aiger.loads(b"aig 3 1 1 1 1\n6\n4\n\x02\x02")
    assert (aig.num_inputs, aig.ands.tolist(), aig.outputs.tolist()) == (2, [[4, 2]], [4])
    assert latches.tolist() == [6]


def test_aiger_takes_numbers_of_many_bytes():
    chain = netlist(1, [(2, 2 + i) for i in range(40_000)], [8] * 40_000, [40_002])
    aig = to_aig(chain)
    assert np.array_equal(aiger.loads(aiger.dumps(aig))[0].outputs, aig.outputs)


def test_aig_between_cuts_is_a_function_of_their_nets():
    # Literals: inputs 2, 4, 6; 8 is 2 & 4; 10 is 8 & ~6; 12 is 10 & 2.
    aig = Aig(3, np.array([[2, 4], [8, 7], [10, 2]]), np.array([12]))
    middle = aig.between(np.array([8, 7]), np.array([10, 11]))
    assert (middle.num_inputs, middle.ands.tolist(), middle.outputs.tolist()) == (
        2, [[2, 4]], [6, 7],
    )  # fmt: skip
    assert aig.between(np.array([8, 6]), aig.outputs) is None  # it reads input 2 as well


def test_aig_between_reads_the_first_of_equal_sources():
    aig = Aig(2, np.array([[2, 4]]), np.array([6]))
    cut = aig.between(np.array([0, 3, 2, 4]), aig.outputs)  # a constant, an inverse and its net
    assert (cut.ands.tolist(), cut.outputs.tolist()) == ([[5, 8]], [10])


def test_aig_with_inputs_puts_literals_in():
    aig = Aig(3, np.array([[2, 5], [8, 6]]), np.array([10, 3, 7]))
    tied = aig.with_inputs(np.array([2, 3, 1]))
    assert (tied.ands.tolist(), tied.outputs.tolist()) == ([[2, 2], [8, 1]], [10, 3, 0])


SYMBOLS = b"aig 3 3 0 3 0\n2\n5\n1\ni0 data[0]\ni1 data[1]\ni2 clk\no0 q\no1 z[0]\no2 z[1]\nc\no9 q"


def test_aiger_finds_the_bits_of_ports():
    assert aiger.ports(SYMBOLS) == ({"data": [0, 1], "clk": [2]}, {"q": [0], "z": [1, 2]})


def test_aiger_comments_are_no_symbols_and_version_1_9_may_count_nothing():
    data = b"aig 2 2 0 1 0 0 0\n2\n"
    assert aiger.symbols(data + b"i1 a b[3]\nc\ni0 no\n") == (["", "a b[3]"], [""])
    assert aiger.symbols(data + b"c\ni0 no\n") == (["", ""], [""])
    with pytest.raises(FileFormatError, match="a symbol for i2, and only 2 of its kind"):
        aiger.symbols(data + b"i2 c\n")


def test_aiger_rejects_a_port_without_all_its_bits():
    with pytest.raises(FileFormatError, match=r"^x.aig must have a symbol for every bit of data$"):
        aiger.ports(SYMBOLS.replace(b"data[0]", b"data[2]"), "x.aig")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"aag 1 1 0 0 0\n",
            "x.aig ...b'aag 1 1 0 0 0\\n', not 'aig' ...",
        ),
        (
            b"aig 3 1 0 1 1\n4\n\x02\x02",
            "x.aig ... 3 variables, not its 1 inputs, 0 latches and 1 ANDs...",
        ),
        (b"aig 2 1 0 1 1\n4\n\x02", "x.aig is truncated or corrupted; write it again"),
        (b"aig 1 1 0 1 0\n", "x.aig is truncated or corrupted; write it again"),
        (b"aig 3 2 0 1 1\n6\n\xff\xff\xff\xff\xff\x01\x02", "x.aig is truncated or corrupted; ..."),
        (b"aig 3 2 0 1 1\n6\n\x00\x02", "x.aig: AND 6 must read literals below its own; ..."),
        (b"aig 3 2 0 1 1\n6\n\x7f\x02", "x.aig: AND 6 must read literals below its own; ..."),
        (b"aig 1 1 0 1 0\n4\n", "x.aig has the literal 4, and 1 variable only 0 to 3; ..."),
        (b"aig 1 1 0 1 0\n-2\n", "x.aig has the literal -2, ..."),
        (b"aig 99999999 99999999 0 0 0\n", "x.aig has 99,999,999 inputs ...at most 16,777,216..."),
        (b"aig 1 1 0 99999999999999999999 0\n4\n", "x.aig is not a binary AIGER file: ..."),
        (b"aig 1 1 0 0 0 1\n2\n", "x.aig is not a binary AIGER file: ..."),
    ],
)
def test_aiger_rejects_what_it_cannot_read(data, message):
    with pytest.raises(FileFormatError, match=telling(message)):
        aiger.loads(data, "x.aig")
