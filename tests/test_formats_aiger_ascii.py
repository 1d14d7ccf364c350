"""ASCII AIGER is read in any order of its ANDs, and refused where it is no graph."""

import numpy as np
import pytest
from hypothesis import given, settings
from netlist_bench import ascii_aiger, every_sample
from strategies import netlists

from lgn_hw import FileFormatError
from lgn_hw.formats import aiger_ascii
from lgn_hw.netlist.aig import to_aig, to_netlist
from lgn_hw.netlist.evaluate import evaluate


@settings(max_examples=50)
@given(netlists())
def test_ascii_aiger_is_read_in_any_order(netlist):
    read = aiger_ascii.loads(ascii_aiger(to_aig(netlist)))
    bits = every_sample(netlist.num_inputs)
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
