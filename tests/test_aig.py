"""And-inverter graphs and AIGER files compute what their netlist does."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from netlist_bench import equal, netlist
from strategies import netlists, random_netlist

from lgn_hw.aig import Aig, to_aig, to_netlist
from lgn_hw.errors import FileFormatError
from lgn_hw.formats import aiger


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


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"aag 1 1 0 0 0\n",
            "x.aig is not a binary AIGER file: it starts with b'aag 1 1 0 0 ', not 'aig' and five"
            " numbers",
        ),
        (
            b"aig 3 1 0 1 1\n4\n\x02\x02",
            "x.aig counts 3 variables, not its 1 inputs, 0 latches and 1 ANDs together",
        ),
        (b"aig 2 1 0 1 1\n4\n\x02", "x.aig is truncated or corrupted; write it again"),
        (b"aig 1 1 0 1 0\n", "x.aig is truncated or corrupted; write it again"),
    ],
)
def test_aiger_rejects_what_it_cannot_read(data, message):
    with pytest.raises(FileFormatError, match=f"^{re.escape(message)}$"):
        aiger.loads(data, "x.aig")
